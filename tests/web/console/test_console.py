"""The console's pages: the queue, one application, its decision, the search, and who may not."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from domain.reference import Reference
from domain.stage import Applicant, Attention, Outcome, ReviewDecision, Stage, Verdict
from engine.enrolments import Answer
from records import audit, drafts, erasure, tickets
from records.audit import Fact
from records.database import Database
from records.operators import Role
from records.vault import Vault
from settings import Settings
from tests.web.conftest import RecordingDesk, Visitor
from tests.web.console.conftest import SignIn, actions
from tests.web.enrolling import REFERENCE, agents_application, application, personal, writer
from workflows.messages import DecideReview, GiveUp, ResendLink, Resume, Withdraw

CASE = f"/console/enrolments/{REFERENCE.text}"
OTHER = Reference(b"\xfe\xdc\xba\x98\x76\x54\x32\x10")
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}
PLACES = [
    "/console",
    "/console/reviews",
    "/console/attention",
    "/console/enrolments",
    "/console/certificates",
    CASE,
]

Write = Callable[..., Awaitable[None]]


@pytest.fixture
def write(database: Database, vault: Vault, settings: Settings) -> Write:
    """Write where the enrolment stands."""
    return writer(database, vault, settings)


async def in_review(write: Write, **changes: object) -> None:
    """An application that waits for its review."""
    await write(Stage.IN_REVIEW, **({"application": application(), "until": None} | changes))


async def decide(visitor: Visitor, decision: str, reason: str = "") -> tuple[int, str]:
    """Press one of the three buttons; the status, and where it leads."""
    data = {"decision": decision, "review_reason": reason, "form_id": "0" * 32}
    response = await visitor.client.post(f"{CASE}/review", data=data, headers=SAME_ORIGIN)
    return response.status_code, response.headers.get("location", "")


def told(place: str) -> dict[str, str]:
    """What the address of a case's page tells that page."""
    address = httpx.URL(place)
    assert address.path == CASE
    return dict(address.params)


@pytest.mark.parametrize("place", PLACES)
async def test_a_stranger_is_asked_to_sign_in_everywhere(visitor: Visitor, write: Write, place: str) -> None:
    await in_review(write)
    page = await visitor.get(place)
    assert page.status == 401
    assert page.value("next") == place
    assert personal(page) == []


async def test_the_queue_is_oldest_first_with_its_age(sign_in: SignIn, write: Write) -> None:
    await in_review(write, since=datetime.now(UTC) - timedelta(hours=3), reference=OTHER.text)
    await in_review(write, since=datetime.now(UTC) - timedelta(days=2, hours=5))
    page = await (await sign_in()).get("/console")
    assert page.path == "/console/reviews"
    assert page.html.index(REFERENCE.grouped) < page.html.index(OTHER.grouped)
    assert "2日間" in page.text
    assert "3時間" in page.text
    assert personal(page) == []


async def test_an_application_shows_what_differs_from_the_tickets_order_and_the_look_is_written_down(
    sign_in: SignIn, write: Write, database: Database
) -> None:
    await in_review(write, application=application(company_name="別会社株式会社"))
    page = await (await sign_in()).get(CASE)
    assert page.html.count(">相違<") == 1
    for word in ("別会社株式会社", "株式会社サンプル", "髙橋 太郎", "Taro Takahashi", "NTRJP-9999999999999"):
        assert word in page.text
    assert (await actions(database))[-1] == ("operator:tanaka", "looked_at")


async def test_what_is_for_the_tickets_organisation_differs_in_nothing(sign_in: SignIn, write: Write) -> None:
    await in_review(write)
    assert "相違" not in (await (await sign_in()).get(CASE)).text


@pytest.mark.parametrize(
    ("decision", "reason"),
    [("approve", ""), ("return", "英語表記を直してください"), ("reject", "確認できません")],
)
async def test_a_decision_is_handed_in_in_the_reviewers_name(
    sign_in: SignIn, write: Write, desk: RecordingDesk, decision: str, reason: str
) -> None:
    await in_review(write)
    reviewer = await sign_in(role=Role.REVIEWER)
    status, place = await decide(reviewer, decision, reason)
    assert (status, told(place)["said"], told(place)["did"]) == (303, "accepted", decision)
    [(reference, message)] = desk.messages
    assert reference == REFERENCE.text
    assert isinstance(message, DecideReview)
    assert (message.decision, message.reason, message.decided_by) == (
        ReviewDecision(decision),
        reason or None,
        "operator:tanaka",
    )


@pytest.mark.parametrize(
    ("decision", "words"),
    [("approve", "承認しました。"), ("return", "差し戻しました。"), ("reject", "却下しました。")],
)
async def test_after_a_decision_the_next_case_is_one_press_away_and_nothing_is_asked_twice(
    sign_in: SignIn, write: Write, decision: str, words: str
) -> None:
    await in_review(write)
    await in_review(write, since=datetime.now(UTC), reference=OTHER.text)
    reviewer = await sign_in(role=Role.REVIEWER)
    assert "審査待ち2件のうち1件目" in (await reviewer.get(CASE)).text
    _status, place = await decide(reviewer, decision, "確認できません")
    # The run has taken it and the record says so only a moment later.
    page = await reviewer.get(place)
    assert words in page.text
    assert page.button("approve") is None
    assert page.link("次の審査へ") == f"/console/enrolments/{OTHER.text}"
    # A case that comes back is another stay at the stage.
    await in_review(write, since=datetime.now(UTC))
    assert (await reviewer.get(place)).button("approve") is not None


async def test_after_the_last_case_the_page_says_that_nothing_waits(sign_in: SignIn, write: Write) -> None:
    await in_review(write)
    reviewer = await sign_in(role=Role.REVIEWER)
    _status, place = await decide(reviewer, "approve")
    await write(Stage.ISSUING, application=application())
    page = await reviewer.get(place)
    assert "承認しました。" in page.text
    assert "ほかにありません" in page.text
    assert "次の審査へ" not in page.text


async def test_the_queue_goes_on_past_cases_in_which_one_takes_part(sign_in: SignIn, write: Write) -> None:
    await in_review(write, email="tanaka@lra.example.jp", reference=OTHER.text)
    await in_review(write)
    page = await (await sign_in()).get(CASE)
    assert "審査待ち1件のうち1件目" in page.text
    assert OTHER.text not in page.html


@pytest.mark.parametrize("decision", ["return", "reject"])
async def test_without_a_reason_nothing_is_sent_back_or_rejected(
    sign_in: SignIn, write: Write, desk: RecordingDesk, decision: str
) -> None:
    await in_review(write)
    reviewer = await sign_in(role=Role.REVIEWER)
    assert (await decide(reviewer, decision, " ")) == (422, "")
    assert (await decide(reviewer, decision, "あ" * 1001)) == (422, "")
    assert desk.messages == []


async def test_how_the_principal_approved_is_shown_to_the_reviewer(
    sign_in: SignIn, write: Write, database: Database
) -> None:
    await in_review(write, applicant=Applicant.AGENT, application=agents_application())
    inside = await sign_in()
    assert "利用者本人の承認" not in (await inside.get(CASE)).text
    taken: dict[str, Fact] = {"verdict": Verdict.ACCEPTED, "decision": "approve", "via": "api"}
    taken |= {"obligations_accepted_at": "2026-11-24T03:04:05+00:00", "evidence": "consent-2026-000123"}
    late: dict[str, Fact] = {"verdict": Verdict.CONTRARY, "decision": "refuse", "via": "link"}
    await approved(database, taken, late)
    text = (await inside.get(CASE)).text
    for words in ("電子契約サービスのAPI", "2026年11月24日（火）12:04（日本時間）", "consent-2026-000123"):
        assert words in text
    await approved(database, {"verdict": Verdict.ACCEPTED, "decision": "return", "via": "link"})
    assert "consent-2026-000123" not in (await inside.get(CASE)).text.split("記録（")[0]


async def approved(database: Database, *decisions: dict[str, Fact]) -> None:
    """Write down what was decided on the approval."""
    async with database.begin() as session:
        for facts in decisions:
            entry = audit.entry_now("econtract", "decide_approval", REFERENCE.text, "leopalace", **facts)
            await audit.add(session, entry)


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "Tanaka@lra.example.jp"},
        {"application": application(email="tanaka@lra.example.jp")},
        {
            "applicant": Applicant.AGENT,
            "email": "tanaka@lra.example.jp",
            "application": agents_application(),
        },
    ],
)
async def test_nobody_reviews_an_application_in_which_they_take_part(
    sign_in: SignIn, write: Write, desk: RecordingDesk, changes: dict[str, object]
) -> None:
    await in_review(write, **changes)
    inside = await sign_in()
    page = await inside.get(CASE)
    assert "ほかの担当者が審査します" in page.text
    assert page.button("approve") is None
    data = {"decision": "approve"}
    refused = await inside.client.post(f"{CASE}/review", data=data, headers=SAME_ORIGIN)
    assert (refused.status_code, "ほかの担当者が審査します" in refused.text) == (403, True)
    assert desk.messages == []


@pytest.mark.parametrize("place", [CASE, f"{CASE}/review", f"{CASE}/act"])
async def test_a_reviewer_limited_to_another_tenant_does_not_find_the_case(
    sign_in: SignIn, write: Write, desk: RecordingDesk, place: str
) -> None:
    await in_review(write)
    limited = await sign_in(role=Role.REVIEWER, tenant="contracthub")
    response = (
        await limited.client.get(place)
        if place == CASE
        else await limited.client.post(place, data={"decision": "approve"}, headers=SAME_ORIGIN)
    )
    assert response.status_code == 404
    assert REFERENCE.grouped not in (await limited.get("/console/reviews")).html
    for query in (REFERENCE.text, "taro.takahashi@example.jp"):
        found = await limited.client.post("/console/enrolments", data={"query": query}, headers=SAME_ORIGIN)
        assert found.status_code == 200
        assert REFERENCE.grouped not in found.text
    assert desk.messages == []


async def test_a_reviewer_limited_to_the_cases_tenant_does(sign_in: SignIn, write: Write) -> None:
    await in_review(write)
    limited = await sign_in(role=Role.REVIEWER, tenant="leopalace")
    assert (await limited.get(CASE)).status == 200


async def test_a_withdrawal_at_the_same_moment_is_told(
    sign_in: SignIn, write: Write, desk: RecordingDesk
) -> None:
    await in_review(write)
    reviewer = await sign_in(role=Role.REVIEWER)
    for answer, said, words in (
        (Answer(verdict=Verdict.TOO_LATE), "too_late", "受け付けられませんでした"),
        (Answer(closed=True), "too_late", "受け付けられませんでした"),
        (Answer(verdict=Verdict.CONTRARY), "contrary", "別の決定が先に"),
        (Answer(verdict=Verdict.REPEATED), "repeated", "すでに受け付けられています"),
        (Answer(), "received", "処理はこのまま続きます"),
    ):
        desk.answer = answer
        _status, place = await decide(reviewer, "approve")
        assert told(place)["said"] == said
        assert words in (await reviewer.get(place)).text


async def test_while_the_engine_is_away_nothing_is_decided_and_the_page_says_so(
    sign_in: SignIn, write: Write, desk: RecordingDesk
) -> None:
    await in_review(write)
    desk.away = True
    assert (await decide(await sign_in(), "approve"))[0] == 503


async def test_a_decision_from_another_sites_page_does_nothing(
    sign_in: SignIn, write: Write, desk: RecordingDesk
) -> None:
    await in_review(write)
    inside = await sign_in()
    response = await inside.client.post(
        f"{CASE}/review", data={"decision": "approve"}, headers={"Origin": "https://evil.example"}
    )
    assert response.status_code == 403
    assert desk.messages == []


@pytest.mark.parametrize(
    ("act", "kind"),
    [("resend_link", ResendLink), ("withdraw", Withdraw), ("resume", Resume), ("give_up", GiveUp)],
)
async def test_an_administrator_can_do_all_of_it_and_a_reviewer_mails_links(
    sign_in: SignIn, write: Write, desk: RecordingDesk, database: Database, act: str, kind: type
) -> None:
    await write(Stage.APPLYING, attention=Attention.MAIL_REFUSED)
    inside = await sign_in()
    data = {"act": act}
    await inside.client.post(f"{CASE}/act", data=data, headers=SAME_ORIGIN)
    assert isinstance(desk.messages[0][1], kind)
    assert (await actions(database))[-1] == ("operator:tanaka", f"asked_to_{act}")
    reviewer = await sign_in("sato", Role.REVIEWER)
    answer = await reviewer.client.post(f"{CASE}/act", data=data, headers=SAME_ORIGIN)
    assert answer.status_code == (303 if act == "resend_link" else 403)


async def test_what_needs_attention_leads_to_its_run_for_an_administrator(
    sign_in: SignIn, write: Write
) -> None:
    await write(Stage.ISSUING, attention=Attention.CERTIFICATE_REFUSED, ordered=True)
    run = f"/temporal/namespaces/default/workflows/enrolment-{REFERENCE.text}"
    page = await (await sign_in()).get("/console/attention")
    assert page.link("実行を見る") == run
    assert run not in (await (await sign_in("sato", Role.REVIEWER)).get("/console/attention")).html


@pytest.mark.parametrize(
    "query",
    [
        REFERENCE.text,
        f" {REFERENCE.grouped.lower()} ",
        "taro.takahashi@example.jp",
        "ｔａｒｏ.takahashi@EXAMPLE.jp",
        "hanako.sato@example.jp",
        "ticket",
    ],
)
async def test_it_is_found_by_reference_address_and_ticket(
    sign_in: SignIn,
    write: Write,
    database: Database,
    new_ticket: Callable[..., Awaitable[str]],
    query: str,
) -> None:
    number = await new_ticket()
    async with database.begin() as session:
        await tickets.reserve(session, number, "leo-sign", REFERENCE.text)
    await in_review(write, applicant=Applicant.AGENT, application=agents_application())
    inside = await sign_in()
    data = {"query": number if query == "ticket" else query}
    found = await inside.client.post(
        "/console/enrolments", data=data, headers=SAME_ORIGIN, follow_redirects=True
    )
    assert REFERENCE.grouped in found.text
    entries = await actions(database)
    assert ("operator:tanaka", "searched") in entries


async def test_a_ticket_finds_everybody_who_came_with_it_until_they_are_erased(
    sign_in: SignIn, write: Write, database: Database, new_ticket: Callable[..., Awaitable[str]]
) -> None:
    number = await new_ticket()
    await write(Stage.WITHDRAWN, outcome=Outcome.WITHDRAWN_BY_APPLICANT, ticket_number=number)
    await write(Stage.APPLYING, reference=OTHER.text, ticket_number=number)
    inside = await sign_in()

    async def found() -> str:
        data = {"query": f" {number.upper()} "}
        return (await inside.client.post("/console/enrolments", data=data, headers=SAME_ORIGIN)).text

    assert REFERENCE.grouped in await found()
    assert OTHER.grouped in await found()
    async with database.begin() as session:
        assert await erasure.shred(session, REFERENCE.text, "operator:cli")
    assert REFERENCE.grouped not in await found()


@pytest.mark.parametrize("query", ["", "?", "nobody@example.jp", OTHER.text, "1" * 400, "a@"])
async def test_what_is_not_there_is_not_found(sign_in: SignIn, write: Write, query: str) -> None:
    await in_review(write)
    inside = await sign_in()
    found = await inside.client.post("/console/enrolments", data={"query": query}, headers=SAME_ORIGIN)
    assert "見つかりませんでした" in found.text


async def test_an_erased_person_is_said_to_be_erased(
    sign_in: SignIn, write: Write, database: Database, vault: Vault
) -> None:
    await write(
        Stage.REJECTED, application=application(), outcome=Outcome.REJECTED_BY_REVIEWER, attention=None
    )
    async with database.begin() as session:
        await drafts.save(session, vault, REFERENCE.text, {"family_name": "髙橋"})
        assert await erasure.shred(session, REFERENCE.text, "operator:cli")
    page = await (await sign_in()).get(CASE)
    assert page.status == 200
    assert "消去済み" in page.text
    assert "shredded" in page.text
    assert personal(page) == []


@pytest.mark.parametrize("place", PLACES[1:])
async def test_every_page_is_there_in_english(sign_in: SignIn, write: Write, place: str) -> None:
    await in_review(write, attention=Attention.REVIEW_OVERDUE)
    page = await (await sign_in()).get(f"{place}?lang=en")
    assert page.status == 200
    assert "Operators’ console" in page.text
    assert page.link("日本語")


async def test_an_unknown_case_is_not_found(sign_in: SignIn) -> None:
    inside = await sign_in()
    assert (await inside.get(f"/console/enrolments/{OTHER.text}")).status == 404
    assert (await inside.get("/console/nothing")).status == 404

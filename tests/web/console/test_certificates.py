"""Certificates at the console: revoking one, and what is said of it."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.revocation import CertificateStage, RevocationReason
from domain.stage import Language, Verdict
from engine.certificates import CertificateAnswer
from records.database import Database
from records.operators import Role
from tests.web.certifying import SERIAL, Certify
from tests.web.conftest import RecordingRegistry, Visitor
from tests.web.console.conftest import SignIn, actions
from tests.web.enrolling import REFERENCE
from tests.web.page import Page
from web.i18n import translate
from web.revocation_words import REASONS
from workflows.messages import Revoke

LIST = "/console/certificates"
REVOCATION = f"{LIST}/{SERIAL}/revocation"
SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


async def revoke(inside: Visitor, reason: str = "keyCompromise") -> Page:
    """Choose a reason in the form and press its button."""
    form = await inside.get(REVOCATION)
    data = form.posted_fields() | {"reason": reason}
    return Page(await inside.client.post(REVOCATION, data=data, headers=SAME_ORIGIN, follow_redirects=True))


async def test_a_cases_page_leads_an_administrator_to_the_revocation_while_the_certificate_counts(
    sign_in: SignIn, certify: Certify
) -> None:
    await certify()
    inside, reviewer = await sign_in(), await sign_in("sato", Role.REVIEWER)
    case = f"/console/enrolments/{REFERENCE.text}"
    assert (await inside.get(case)).link("この証明書を失効させる") == REVOCATION
    assert REVOCATION not in (await reviewer.get(case)).html
    await certify(revoked_at=datetime.now(UTC), revocation_reason="keyCompromise")
    page = await inside.get(case)
    assert REVOCATION not in page.html
    assert "秘密鍵や暗証番号が漏れた" in page.text


async def test_an_administrator_revokes_in_their_own_name(
    sign_in: SignIn, registry: RecordingRegistry, certify: Certify, database: Database
) -> None:
    await certify()
    inside = await sign_in()
    done = await revoke(inside, "privilegeWithdrawn")
    assert (done.path, "失効を受け付けました。" in done.text) == (LIST, True)
    ((serial, message),) = registry.messages
    assert serial == SERIAL
    assert isinstance(message, Revoke)
    assert (message.reason, message.by, message.generation) == (
        RevocationReason.PRIVILEGE_WITHDRAWN,
        "operator:tanaka",
        None,
    )
    assert ("operator:tanaka", "asked_to_revoke") in await actions(database)
    assert "asked_to_revoke" in (await inside.get(f"/console/enrolments/{REFERENCE.text}")).text


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (Verdict.REPEATED, "理由は最初のものが残ります"),
        (None, "処理はこのまま続きます"),
        (Verdict.TOO_LATE, "すでに失効したか、期限が切れています"),
    ],
)
async def test_what_became_of_it_is_told(
    sign_in: SignIn, registry: RecordingRegistry, certify: Certify, verdict: Verdict | None, words: str
) -> None:
    await certify()
    inside = await sign_in()
    registry.answer = CertificateAnswer(verdict=verdict, stage=CertificateStage.VALID)
    assert words in (await revoke(inside)).text


async def test_while_the_engine_is_away_nothing_is_revoked_and_the_page_says_so(
    sign_in: SignIn, registry: RecordingRegistry, certify: Certify
) -> None:
    await certify()
    registry.away = True
    assert (await revoke(await sign_in())).status == 503


@pytest.mark.parametrize(
    "columns",
    [{"revoked_at": datetime.now(UTC)}, {"not_after": datetime.now(UTC) - timedelta(seconds=1)}],
    ids=["revoked", "expired"],
)
async def test_what_has_ended_has_no_form(
    sign_in: SignIn, certify: Certify, columns: dict[str, object]
) -> None:
    await certify(**columns)
    inside = await sign_in()
    assert (await inside.get(REVOCATION)).status == 404
    assert REVOCATION not in (await inside.get(LIST)).html


async def test_strange_input_revokes_nothing(
    sign_in: SignIn, registry: RecordingRegistry, certify: Certify
) -> None:
    await certify()
    inside, form = await sign_in(), {"reason": "keyCompromise"}
    reviewer = await sign_in("sato", Role.REVIEWER)
    elsewhere = {"Sec-Fetch-Site": "cross-site"}
    for visitor, place, data, headers, status in (
        (inside, REVOCATION, {"reason": "boredom"}, SAME_ORIGIN, 400),
        (inside, REVOCATION, {}, SAME_ORIGIN, 400),
        (inside, f"{LIST}/00ff/revocation", form, SAME_ORIGIN, 404),
        (inside, REVOCATION, form, elsewhere, 403),
        (reviewer, REVOCATION, form, SAME_ORIGIN, 403),
    ):
        assert (await visitor.client.post(place, data=data, headers=headers)).status_code == status
    assert registry.messages == []


@pytest.mark.parametrize("language", list(Language))
async def test_every_reason_is_offered_in_plain_words_and_by_its_name(
    sign_in: SignIn, certify: Certify, language: Language
) -> None:
    await certify()
    form = await (await sign_in()).get(f"{REVOCATION}?lang={language}")
    for reason, (words, _note) in REASONS.items():
        assert translate(words, language) in form.text
        assert reason.value in form.text

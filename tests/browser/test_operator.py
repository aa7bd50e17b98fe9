"""The operator's story: signs in, reviews what waits, and looks at the run in the Temporal UI."""

from http import HTTPStatus

from playwright.async_api import expect

from domain.reference import Reference
from tests.browser.conftest import NewPerson
from tests.browser.person import Person
from tests.running.enrolling import ISSUED, Enrolling, People
from tests.running.stack import Stack

SLOW = 40_000  # milliseconds: the Temporal UI is some 250 files
IN_REVIEW = "審査を待っています"


async def waiting(people: People, **changes: str) -> Enrolling:
    """Somebody whose application waits for its review."""
    applicant = await people.new(tenant="contracthub", company_code="contracthub")
    await applicant.open()
    await applicant.submit(**changes)
    await applicant.shows(IN_REVIEW)
    return applicant


async def sign_in(who: Person, stack: Stack) -> None:
    """Fill in the sign-in page that stands there."""
    await who.write("ユーザー名", stack.ready["operator"]["username"])
    await who.write("パスワード", stack.ready["operator"]["password"])
    await who.press("サインイン")


def run_of(stack: Stack, applicant: Enrolling) -> str:
    """Where the Temporal UI shows somebody's run."""
    return f"{stack.ready['temporal_ui']}/namespaces/default/workflows/enrolment-{applicant.reference}"


async def test_an_operator_finds_what_differs_sends_it_back_and_then_approves(
    stack: Stack, person: NewPerson, people: People
) -> None:
    applicant = await waiting(people, company_name="別会社株式会社")
    operator = await person()
    await operator.open(f"/console/enrolments/{applicant.reference}")
    await sign_in(operator, stack)
    await operator.reads("相違")
    await operator.write("理由", "会社名をご確認ください")
    await operator.press("差し戻す")
    await operator.reads("差し戻しました。")

    mail = await applicant.mail("application_returned")
    assert "会社名をご確認ください" in mail.text
    await applicant.press(mail.link)
    await applicant.submit(company_name="株式会社サンプル")
    await applicant.shows(IN_REVIEW)

    await operator.open("/console")
    await operator.page.get_by_role("link", name=Reference.parse(applicant.reference).grouped).click()
    await operator.press("承認する")
    await operator.reads("承認しました。")
    await applicant.shows(ISSUED)
    said = await stack.jcan("audit", "show", applicant.reference)
    assert "operator:operator" in said
    assert "looked_at" in said


async def test_an_administrator_reads_the_run_and_signals_it_in_the_temporal_ui(
    stack: Stack, person: NewPerson, people: People
) -> None:
    applicant = await waiting(people)
    operator = await person()
    answer = await operator.page.goto(run_of(stack, applicant))
    assert answer is not None
    assert answer.status == HTTPStatus.UNAUTHORIZED
    await sign_in(operator, stack)

    page = operator.page
    await expect(page.get_by_text(applicant.email).first).to_be_visible(timeout=SLOW)
    await page.get_by_text("User Metadata").first.click()
    details = page.frame_locator("#user-metadata-current-details")
    await expect(details.get_by_text("LRAの審査を待っています")).to_be_visible(timeout=SLOW)
    await expect(details.get_by_text('{"decision": "approve"}')).to_be_visible()
    summary = page.frame_locator("#user-metadata-summary")
    await expect(summary.get_by_text("本人申請 / by the principal")).to_be_visible()

    await page.get_by_role("button", name="More Actions").first.click()
    await page.get_by_text("Send a Signal").first.click()
    await page.locator("dialog[open] form button").first.click(force=True)
    await page.locator("[role=option]", has_text="decide_review").first.click()
    await page.locator("dialog[open] .cm-content").first.focus()
    await page.keyboard.type('{"decision": "approve"}')
    await page.locator("dialog[open] button", has_text="Submit").click(force=True)
    await applicant.shows(ISSUED)
    said = await stack.jcan("audit", "show", applicant.reference)
    assert "via=temporal" in said
    assert "temporal_request" in said

"""Going through the registration as people do; shared by the tests about it."""

from tests.web.conftest import Visitor
from tests.web.page import Page

FORM = "/leopalace/regist/step1"
EMAIL = "taro.yamada@example.jp"


def typed(ticket: str, **changes: str) -> dict[str, str]:
    """A principal's form, all of it right."""
    return {
        "applicant": "principal",
        "company_code": "leo-sign",
        "ticket_number": ticket,
        "email": EMAIL,
        "email_confirmation": EMAIL,
        "picture": "abcd2",
    } | changes


async def fill_in(visitor: Visitor, ticket: str, **changes: str) -> Page:
    """Choose and press 次へ; gives the page that follows."""
    page = await visitor.get(FORM)
    applicant = changes.get("applicant", "principal")
    page = await visitor.press(page, "choose", applicant=applicant)
    return await visitor.press(page, "next", **typed(ticket, **changes))


async def register(visitor: Visitor, ticket: str, **changes: str) -> Page:
    """All the way through 申請登録; gives the page that follows."""
    confirmation = await fill_in(visitor, ticket, **changes)
    assert confirmation.path.endswith("/step2"), confirmation.summary
    return await visitor.press(confirmation, "register", consent="yes")

"""The whole way, from the top page to the certificate in the e-contract service, by all kinds of people."""

from tests.browser import story
from tests.browser.conftest import NewPerson
from tests.browser.person import AtTheKeyboard, OnASmallPhone, ReadingEnglish
from tests.running.enrolling import new_address
from tests.running.stack import Stack


async def test_a_principal_enrols_in_japanese(stack: Stack, person: NewPerson) -> None:
    taro, email = await person(), new_address()
    await story.enrol(taro, stack.ticket(), email)
    mails = await stack.mailbox.mails(email)
    assert [mail.subject for mail in reversed(mails)] == [
        "【Leo-sign】電子証明書申請登録のご案内",
        "【Leo-sign】電子証明書を発行しました",
    ]
    assert all(mail.sender.startswith("JCAN証明書オンライン発行システム") for mail in mails)


async def test_a_principal_enrols_in_english_without_scripts(stack: Stack, person: NewPerson) -> None:
    taro = await person(ReadingEnglish, scripts=False)
    await story.enrol(taro, stack.ticket(), new_address(), scripts=False, refreshing=True)


async def test_a_principal_enrols_with_the_keyboard_alone(stack: Stack, person: NewPerson) -> None:
    await story.enrol(await person(AtTheKeyboard), stack.ticket(), new_address())


async def test_a_principal_enrols_at_320_pixels_without_scrolling_sideways(
    stack: Stack, person: NewPerson
) -> None:
    await story.enrol(await person(OnASmallPhone), stack.ticket(), new_address(), refreshing=True)

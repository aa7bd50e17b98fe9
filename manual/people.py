"""People in front of a browser, as the manual's stories need them."""

import re
import time
from collections.abc import Sequence
from typing import Self
from urllib.parse import urlsplit

import httpx
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect
from pydantic import BaseModel, TypeAdapter

from manual.camera import SCALE, Camera
from manual.stack import CAPTCHA_ANSWER, ORIGIN, TENANT, RunningStack

VIEWPORT = ViewportSize(width=780, height=900)
"""Wide enough for the flow bar in one line, narrow enough for print."""

_PATIENCE = 30.0  # seconds
_LOOK_EVERY = 0.2

# The mailbox shows more of a mail than a mail program does.
_ONLY_THE_LETTER = """() => {
  const rest = ".facts div:has(a), .sheet h2, iframe ~ *";
  for (const part of document.querySelectorAll(rest)) part.hidden = true;
  Object.assign(document.querySelector("iframe").style, {border: "0", resize: "none"});
}"""


class _Mail(BaseModel):
    """A mail as the mailbox tells it; `message_id` names its kind: `<reference.kind.number.whose@host>`."""

    id: str
    message_id: str
    links: list[str]


_Mails = TypeAdapter(list[_Mail])


class Person:
    """Somebody with a browser of their own. Labels are given as they stand on the page."""

    def __init__(self, browser: Browser, stack: RunningStack, camera: Camera) -> None:
        """Open a browser that knows nobody yet."""
        self.context = browser.new_context(
            viewport=VIEWPORT,
            device_scale_factor=SCALE,
            locale="ja-JP",
            timezone_id="Asia/Tokyo",
            color_scheme="light",
            reduced_motion="reduce",
            ignore_https_errors=True,  # the door's certificate is its own
        )
        self.page: Page = self.context.new_page()
        self._stack = stack
        self._camera = camera

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    # --- what they do

    def open(self, address: str) -> None:
        """Go to a path of the web front, or to a whole address."""
        self.page.goto(address if "://" in address else ORIGIN + address)

    def write(self, **fields: str) -> None:
        """Fill in fields, by their names in the form."""
        for name, text in fields.items():
            self.named(name).fill(text)

    def choose(self, label: str) -> None:
        """Choose one of several."""
        self.radio(label).check()

    def press(self, label: str) -> None:
        """Press a button."""
        self.button(label).click()
        self.page.wait_for_load_state("load")

    def follow(self, label: str) -> None:
        """Follow a link."""
        self.link(label).click()
        self.page.wait_for_load_state("load")

    def is_at(self, heading: str) -> None:
        """Wait for the page with a heading."""
        expect(self.page.get_by_role("heading", name=heading).first).to_be_visible(timeout=_PATIENCE * 1000)

    def sees_status(self, heading: str) -> None:
        """Press 更新 on the status page until it says where the enrolment stands."""
        for _ in range(int(_PATIENCE / _LOOK_EVERY)):
            if self.heading(heading).is_visible():
                return
            self.page.wait_for_timeout(_LOOK_EVERY * 1000)
            self.follow("更新")
        raise TimeoutError(f"The status page does not say {heading}")

    def register(self, applicant: str, ticket: str, email: str) -> None:
        """The registration's form, from the top page, filled in but not sent."""
        self.open(f"/{TENANT.name}/")
        self.press("同意する")
        self.choose(applicant)
        expect(self.named("company_code")).to_be_enabled()
        # The flow bar comes with its own request.
        expect(self.page.locator("#way .way")).to_be_visible()
        self.write(
            company_code=TENANT.company_code,
            ticket_number=ticket,
            email=email,
            email_confirmation=email,
            picture=CAPTCHA_ANSWER,
        )

    def confirm_registration(self) -> None:
        """From the filled-in form to 完了."""
        self.press("次へ")
        self.page.get_by_role("checkbox").check()
        self.press("申請登録")
        self.is_at("申請登録の完了")

    def read_mail(self, to: str, kind: str, number: int = 1) -> str:
        """Wait for the `number`th mail of a kind, open it as its reader sees it, and give its link."""
        mail = self._mail(to, kind, number)
        self.page.goto(f"{self._stack.ready['mailbox']}/messages/{mail.id}")
        return next((link for link in mail.links if "onetimetoken=" in link), "")

    # --- what they find

    def named(self, name: str) -> Locator:
        """A field, by its name in the form."""
        return self.page.locator(f"#{name}")

    def label_of(self, name: str) -> Locator:
        """A field with its label and hint."""
        return self.page.locator(".field").filter(has=self.page.locator(f"#{name}"))

    def radio(self, label: str) -> Locator:
        """One of several to choose from."""
        return self.page.get_by_role("radio", name=re.compile(f"^{re.escape(label)}"))

    def option(self, label: str) -> Locator:
        """The frame around one of several to choose from."""
        return self.page.locator(".choice label").filter(has_text=re.compile(rf"^\s*{re.escape(label)}"))

    def button(self, label: str) -> Locator:
        """A button."""
        return self.page.get_by_role("button", name=label, exact=True)

    def link(self, label: str) -> Locator:
        """A link, also one that looks like a button."""
        return self.page.get_by_role("link", name=label, exact=True).first

    def part(self, selector: str) -> Locator:
        """A part of the page."""
        return self.page.locator(selector)

    def heading(self, text: str) -> Locator:
        """A heading."""
        return self.page.get_by_role("heading", name=text)

    # --- what they show

    def picture(self, name: str, show: Sequence[Locator] = (), marks: Sequence[Locator] = ()) -> None:
        """Picture a part of the page (by default the sheet with everything on it), with marks."""
        self._camera.take(self.page, name, show or [self.part(".sheet")], marks)

    def picture_window(self, name: str, window: Page) -> None:
        """Picture a window that a link has opened."""
        self._camera.take(window, name, [window.locator(".bar"), window.locator(".sheet")])

    def picture_mail(self, name: str, *, whole: bool = False) -> None:
        """Picture the mail that is open, its button marked: as far as its link, or to its end."""
        self.page.evaluate(_ONLY_THE_LETTER)
        letter = self.page.frame_locator("iframe")
        height = letter.locator("body").evaluate("body => document.documentElement.scrollHeight")
        self.page.locator("iframe").evaluate("(frame, height) => frame.style.height = `${height}px`", height)
        button = letter.locator(".button a")
        marks = [button] if button.count() else []
        last = self.part("iframe") if whole else letter.locator(".url").first
        self._camera.take(self.page, name, [self.part("h1"), last], marks)

    def _mail(self, to: str, kind: str, number: int) -> _Mail:
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            address = f"{self._stack.ready['mailbox']}/messages.json"
            answer = httpx.get(address, params={"to": to, "limit": 1000}, trust_env=False)
            mails = reversed(_Mails.validate_json(answer.content))
            found = [mail for mail in mails if mail.message_id.split(".")[1] == kind]
            if len(found) >= number:
                return found[number - 1]
            time.sleep(_LOOK_EVERY)
        raise TimeoutError(f"No mail {kind} number {number} after {_PATIENCE:.0f} s")


def reference_in(address: str) -> str:
    """The enrolment that an address of its pages names."""
    return urlsplit(address).path.split("/")[3]

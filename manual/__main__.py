"""`python -m manual`: walk through the running system, picture it, and print the manual."""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Playwright, sync_playwright

from devstack.browser import find_browser
from devstack.ports import LOOPBACK
from manual import agent, paper, principal, troubles
from manual.camera import Camera
from manual.door import tls_door
from manual.people import Person
from manual.stack import ORIGIN, ROOT, TENANT, RunningStack, run_directory, running
from tenants import load_tenants

FOLDER = ROOT / "web" / "static" / "manual"
"""Where the web front finds the pictures and the printed manuals."""


def main() -> int:
    """Make everything anew; what was there is replaced only once all pictures are taken."""
    began = time.monotonic()
    program = find_browser()
    if program is None:
        print("No browser: python -m devstack.browser installs one.", file=sys.stderr)
        return 1
    with sync_playwright() as playwright, tempfile.TemporaryDirectory() as fresh:
        camera = Camera(Path(fresh))
        with run_directory() as run_dir:
            with (
                running(run_dir, JCAN_ISSUANCE_DELAY="PT8S") as stack,
                _browser(playwright, program, stack) as browser,
            ):
                _tell(browser, stack, camera)
            with (
                running(run_dir, JCAN_LINK_TTL="PT1S") as stack,
                _browser(playwright, program, stack) as browser,
                Person(browser, stack, camera) as who,
            ):
                troubles.let_a_link_expire(
                    who, stack.ready["tickets"][TENANT.company_code][-1], _address("late")
                )
            camera.list_pictures()
            _replace(Path(fresh))
            # A front that has not read the old list of pictures.
            with running(run_dir) as stack, _browser(playwright, program, stack) as browser:
                for name, tenant in load_tenants().items():
                    file, publisher = FOLDER / f"{name}.pdf", tenant.operator_name.ja
                    paper.print_manual(browser, f"{ORIGIN}/{name}/manual", file, publisher)
                    _say(file.name)
    print(f"The manual is in {FOLDER.relative_to(ROOT)}, after {time.monotonic() - began:.0f} s.")
    return 0


def _tell(browser: Browser, stack: RunningStack, camera: Camera) -> None:
    """All stories that need no special settings."""
    tickets = iter(stack.ready["tickets"][TENANT.company_code])

    def new() -> Person:
        return Person(browser, stack, camera)

    with ExitStack() as people:
        subscriber = people.enter_context(new())
        subscribers_ticket = next(tickets)
        _say("本人")
        certified = principal.tell(subscriber, subscribers_ticket)
        _say("代理人")
        with new() as clerk, new() as approver:
            agent.tell(clerk, approver, next(tickets))
        _say("困ったとき")
        _get_into_trouble(new, tickets)
        _say("発行のあと")
        with new() as who:
            troubles.renew(who, certified, next(tickets), stack.secret("JCAN_LINK_KEYS"))
        with new() as who:
            troubles.revoke(who, subscribers_ticket)
        with new() as who:
            troubles.read_in_english(who)
        for tenant in load_tenants().values():
            if tenant != TENANT:
                with new() as who:
                    principal.picture_own_texts(who, tenant)


def _get_into_trouble(new: troubles.NewPerson, tickets: Iterator[str]) -> None:
    with new() as who:
        troubles.make_mistakes(who)
    with new() as who:
        troubles.correct_own_address(who, next(tickets))
    troubles.open_elsewhere_and_withdraw(new, next(tickets), _address("taro"))
    with new() as who:
        troubles.correct_principals_address(who, next(tickets))
    with new() as who:
        troubles.ask_for_status(who)


_numbers = count(1)


def _address(name: str) -> str:
    """An address that is in no picture but in its own story."""
    return f"{name}{next(_numbers)}@example.jp"


@contextmanager
def _browser(playwright: Playwright, program: Path, stack: RunningStack) -> Iterator[Browser]:
    """A browser that reaches the stack's front by the name that stands in its mails."""
    host = urlsplit(ORIGIN).hostname or ""
    with tls_door(host, stack.web_port) as port:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=[
                f"--host-resolver-rules=MAP {host} {LOOPBACK}:{port}",
                "--no-proxy-server",
                "--no-sandbox",  # root may not have one, and every page is our own
                "--disable-features=IsolateSandboxedIframes",  # else mails are blurred and cut in pictures
            ],
        )
        try:
            yield browser
        finally:
            browser.close()


def _replace(fresh: Path) -> None:
    """Put the new pictures in place of all that was there."""
    if FOLDER.exists():
        shutil.rmtree(FOLDER)
    FOLDER.mkdir()  # with the usual mode: a temporary folder is closed to others
    for file in fresh.iterdir():
        shutil.copyfile(file, FOLDER / file.name)


def _say(part: str) -> None:
    print(f"  {part}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

"""`python -m devstack.browser`: make sure that the browser tests have a Chromium and Japanese fonts.

What is installed is used. Otherwise the system's packages are tried (as root, where apt-get is), then
Playwright's own download; where nothing works, a sentence says what to do.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

# First Chromium without a screen, which does the same for less than half of the processor's time.
_NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_MAC = "/Applications/{0}.app/Contents/MacOS/{0}"
_BROWSERS = ("chromium-headless-shell", "chromium")
_FONTS = "fonts-noto-cjk"
_STARTS_WITHIN = 60  # seconds


def main() -> int:
    """Find or install both; return 0 and say where the browser is, or 1 and say what to do."""
    if not (find_browser() and japanese_fonts()):
        _install_packages()
    if not find_browser():
        _download()
    browser = find_browser()
    if browser is None:
        print(
            "No browser for the browser tests: install Chromium (Debian: apt-get install "
            "chromium-headless-shell), or name one in JCAN_BROWSER.",
            file=sys.stderr,
        )
        return 1
    if not japanese_fonts():
        print(
            "No Japanese font for the browser tests: install one (Debian: apt-get install fonts-noto-cjk).",
            file=sys.stderr,
        )
        return 1
    print(f"{browser}")
    return 0


def find_browser() -> Path | None:
    """Return the first Chromium that starts: JCAN_BROWSER's, an installed one, Playwright's own."""
    return next((path for path in _candidates() if _starts(path)), None)


def japanese_fonts() -> bool:
    """Tell whether the system has a font for Japanese."""
    if sys.platform == "darwin":
        return True
    if shutil.which("fc-list") is None:
        return any(Path("/usr/share/fonts").rglob("*CJK*"))
    listing = ["fc-list", ":lang=ja", "family"]
    return bool(subprocess.run(listing, capture_output=True, check=False).stdout.strip())


def _candidates() -> Iterator[Path]:
    if named := os.environ.get("JCAN_BROWSER"):
        yield Path(named)
        return
    for name in _NAMES:
        if found := shutil.which(name):
            yield Path(found)
    for application in ("Chromium", "Google Chrome"):
        yield Path(_MAC.format(application))
    if downloaded := _downloaded():
        yield downloaded


def _starts(path: Path) -> bool:
    """Tell whether the browser starts: a file can be there while its libraries, or all of it, are not."""
    if not path.exists():
        return False
    try:
        answer = subprocess.run([path, "--version"], capture_output=True, check=False, timeout=_STARTS_WITHIN)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return answer.returncode == 0


def _downloaded() -> Path | None:
    """Return where Playwright puts its own Chromium, once it has been asked to download it."""
    # Only then is Playwright imported: it is slow, and mostly not needed.
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() else None


def _install_packages() -> None:
    """Install the system's packages, where we may."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    if not _run(["apt-get", "update", "-q"]):
        return
    for browser in _BROWSERS:
        print(f"Installing {browser} and {_FONTS} …", flush=True)
        if _run(["apt-get", "install", "-y", "-q", "--no-install-recommends", browser, _FONTS]):
            return


def _download() -> None:
    """Have Playwright download its Chromium into the user's cache."""
    print("Downloading Playwright's Chromium …", flush=True)
    _run([sys.executable, "-m", "playwright", "install", "chromium"])


def _run(command: Sequence[str]) -> bool:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    return subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())

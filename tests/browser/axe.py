"""axe-core over a page: the rules of WCAG 2.2, levels A and AA, and the size of targets."""

from axe_playwright_python.base import AXE_SCRIPT as _SCRIPT
from playwright.async_api import Page

_OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}
_RUN = """async options => {
  const {violations} = await axe.run(options);
  return violations.flatMap(rule =>
    rule.nodes.map(node => `${rule.id} at ${node.target.join(" ")}: ${node.failureSummary}`));
}"""


async def violations(page: Page) -> list[str]:
    """Whatever breaks a rule: the rule, where, and what is wrong with it."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(_SCRIPT)
    found: list[str] = await page.evaluate(_RUN, _OPTIONS)
    return found

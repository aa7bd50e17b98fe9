"""Each public page's requests a second, in turns with a bare FastAPI page of the same bytes."""

import asyncio
import statistics
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx

from devstack.ports import LOOPBACK
from tests.bench.bare import Bare
from tests.bench.loading import Generator, Load, Order
from tests.running.enrolling import Enrolling, People, new_address
from tests.running.free_ports import free_ports
from tests.running.stack import Stack
from tests.running.waiting import until

_FIRST = 0.25
"""For this part of the time, the first requests of each do not count."""


@dataclass(frozen=True)
class PublicPage:
    """One page as somebody sees it: its address, and the cookies that it needs."""

    name: str
    path: str
    cookie: str
    content_type: str
    text: str


@dataclass(frozen=True)
class Compared:
    """A page and its bare twin: one load of each for every round."""

    page: PublicPage
    ours: list[Load] = field(default_factory=list)
    bare: list[Load] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """The median of what each round reached of the bare page's requests a second."""
        rounds = zip(self.ours, self.bare, strict=True)
        return statistics.median(mine.per_second / base.per_second for mine, base in rounds)


async def public_pages(stack: Stack) -> list[PublicPage]:
    """Let people come as far as each page, and look at it."""
    async with AsyncExitStack() as browsers:
        people = People(stack, browsers)
        visitor, checking, registered, invited, applying, principal = [await people.new() for _ in range(6)]
        agent = await people.new(applicant="agent")
        chosen = await visitor.choose()
        confirmation = await checking.confirmation()
        done = await registered.register()
        await invited.register()
        await applying.open()
        await applying.fill_in()
        approval = await _agents_application(agent, principal)
        seen: list[tuple[str, Enrolling, str]] = [
            ("サービスの一覧", visitor, "/"),
            ("トップページ", visitor, "/leopalace/"),
            ("利用者の義務", visitor, "/leopalace/obligations"),
            ("個人情報の取扱い", visitor, "/leopalace/privacy"),
            ("マニュアル", visitor, "/leopalace/manual"),
            ("申請者情報入力", visitor, "/leopalace/regist/step1"),
            ("申請者情報入力（本人）", visitor, _address(chosen.response)),
            ("申請登録の確認", checking, _address(confirmation.response)),
            ("申請登録の完了", registered, _address(done.response)),
            ("メールのURL", invited, (await invited.mail()).link.removeprefix(stack.web)),
            ("発行申請情報入力", applying, f"{applying.home}/application"),
            ("発行申請の確認", applying, f"{applying.home}/application/confirm"),
            ("申請の状況", applying, f"{applying.home}/status"),
            ("申請の状況（代理人）", agent, f"{agent.home}/status"),
            ("申請情報承認", principal, approval),
            ("失効申請", visitor, "/leopalace/revocation"),
            ("状況確認", visitor, "/leopalace/status"),
        ]
        return [await _look(name, person, path) for name, person, path in seen]


async def status_page(stack: Stack) -> PublicPage:
    """Let somebody come as far as the application, and look at its status."""
    async with AsyncExitStack() as browsers:
        applying = await People(stack, browsers).new()
        await applying.open()
        return await _look("申請の状況", applying, f"{applying.home}/status")


async def compare(
    pages: Iterable[PublicPage], port: int, bare: int, load: Generator, rounds: int, seconds: float
) -> AsyncIterator[Compared]:
    """Measure each page at `port` and its twin at the port `bare`, in turns of so many seconds."""
    for number, page in enumerate(pages):
        compared = Compared(page)
        mine = Order(port=port, path=page.path, cookie=page.cookie, seconds=seconds)
        twin = Order(port=bare, path=f"/{number}", seconds=seconds)
        for order in (mine, twin):
            await load.make(order.model_copy(update={"seconds": _FIRST * seconds}))
        for _ in range(rounds):
            compared.ours.append(await load.make(mine))
            compared.bare.append(await load.make(twin))
        yield compared


@asynccontextmanager
async def bare_twins(pages: Iterable[PublicPage]) -> AsyncIterator[int]:
    """Serve the same bytes without doing anything, for the length of the block; gives the port."""
    (port,) = free_ports(1)
    content = Bare(pages=[(page.content_type, page.text) for page in pages])
    command = [sys.executable, "-m", "tests.bench.bare", str(port)]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE)
    if process.stdin is None:
        raise RuntimeError("nobody to tell the pages to")
    process.stdin.write(content.model_dump_json().encode())
    process.stdin.close()

    async def answers() -> bool:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            return False
        writer.close()
        return True

    try:
        await until(answers, "the bare pages are served")
        yield port
    finally:
        process.kill()
        await process.wait()


async def _agents_application(agent: Enrolling, principal: Enrolling) -> str:
    """Have an agent apply for a principal, who opens the mailed link; gives the page's path."""
    await agent.open()
    address = new_address("principal.of.agent")
    await agent.submit(email=address, email_confirmation=address)
    return (await principal.press((await agent.mail("approval_request", to=address)).link)).path


async def _look(name: str, person: Enrolling, path: str) -> PublicPage:
    request = person.client.build_request("GET", path)
    answer = await person.client.send(request, follow_redirects=False)
    if answer.status_code != httpx.codes.OK:
        raise RuntimeError(f"{name} answered {answer.status_code}")
    cookie = request.headers.get("cookie", "")
    return PublicPage(name, path, cookie, answer.headers["content-type"], answer.text)


def _address(answer: httpx.Response) -> str:
    return answer.url.raw_path.decode("ascii")

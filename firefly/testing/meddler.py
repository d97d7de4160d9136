"""What lies between a server and S3 and spoils it: it cuts bodies off, damages bytes, says SlowDown, loses answers."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

import aiohttp
from aiohttp import web
from yarl import URL

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "proxy-connection"})


class Fault(Enum):
    CUT = "half of the answer comes, then the connection ends"
    DAMAGE = "a byte of the answer is another one"
    FIGURES = "sizes in the answer are no numbers"
    LENGTHEN = "more comes than there is"
    DAMAGE_REQUEST = "a byte of what is sent is another one"
    LOSE = "it is done, and the connection ends without an answer"
    REFUSE = "it is not done, and an error comes back"
    HOLD = "it is not done before `gate` is set"


@dataclass(slots=True)
class Plan:
    """For the next `times` requests of a `method` whose address has `having` in it."""

    fault: Fault
    method: str
    having: str
    times: int
    status: int
    code: str


@dataclass
class Meddler:
    """`asked` lists method and address of each request; `most` is how many were under way at one time."""

    target: str
    url: str = ""
    plans: list[Plan] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    most: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    held: asyncio.Event = field(default_factory=asyncio.Event)
    _now: int = 0

    def plan(
        self, fault: Fault, method: str, having: str = "", *, times: int = 1, status: int = 503, code: str = "SlowDown"
    ) -> None:
        self.plans.append(Plan(fault, method, having, times, status, code))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        async with aiohttp.ClientSession(auto_decompress=False) as self._session:
            runner = web.AppRunner(self._app(), handle_signals=False)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            try:
                yield self
            finally:
                await runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.rel_url}")
        self.hosts.add(request.host)
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            return await self._meddle(request, self._fault_of(request))
        finally:
            self._now -= 1

    def _fault_of(self, request: web.Request) -> Plan | None:
        for plan in self.plans:
            if plan.times and plan.method == request.method and plan.having in str(request.rel_url):
                plan.times -= 1
                return plan
        return None

    async def _meddle(self, request: web.Request, plan: Plan | None) -> web.StreamResponse:
        body = await request.read()
        fault = plan.fault if plan else None
        if plan is not None and fault is Fault.REFUSE:
            told = f"<Error><Code>{plan.code}</Code><Message>{plan.code}</Message></Error>"
            return web.Response(status=plan.status, text=told, content_type="application/xml")
        if fault is Fault.HOLD:
            self.held.set()
            await self.gate.wait()
        if fault is Fault.DAMAGE_REQUEST:
            body = _damaged(body)
        status, headers, answer = await self._pass_on(request, body)
        if fault is Fault.LOSE:
            return _cut(request, web.Response())
        if fault is Fault.DAMAGE:
            answer = _damaged(answer)
        if fault is Fault.FIGURES:
            answer = answer.replace(b"<Size>", b"<Size>x")
        if fault is Fault.LENGTHEN:
            answer += bytes(8 << 20)
        response = web.StreamResponse(status=status, headers=headers)
        if request.method != "HEAD":
            response.content_length = len(answer)
        await response.prepare(request)
        await response.write(answer[: len(answer) // 2] if fault is Fault.CUT else answer)
        return _cut(request, response) if fault is Fault.CUT else response

    async def _pass_on(self, request: web.Request, body: bytes) -> tuple[int, dict[str, str], bytes]:
        """By the name that the client used, which it has signed."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP}
        url = self.target + request.raw_path.removeprefix(f"http://{request.host}")
        sent = io.BytesIO(body)
        async with self._session.request(
            request.method, URL(url, encoded=True), data=sent, headers=headers, allow_redirects=False
        ) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() not in _HOP}
            return answer.status, kept, await answer.read()


def _damaged(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]


def _cut(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return response

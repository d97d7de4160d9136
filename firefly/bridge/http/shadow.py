"""/shadow: whether every edit is saved outside of the sandbox, and saving it now."""

from aiohttp import web

from firefly.bridge.http.problems import answer, params
from firefly.bridge.shadow.flusher import Flusher
from firefly.protocol.workspace import RestoreParams


class ShadowRoutes:
    def __init__(self, flusher: Flusher) -> None:
        self._flusher = flusher

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/shadow", self.status),
            web.post("/shadow/flush", self.flush),
            web.post("/shadow/restore", self.restore),
        ]

    async def status(self, _: web.Request) -> web.StreamResponse:
        return answer(self._flusher.status())

    async def flush(self, _: web.Request) -> web.StreamResponse:
        return answer(await self._flusher.flush())

    async def restore(self, request: web.Request) -> web.StreamResponse:
        return answer(await self._flusher.take_back(await params(request, RestoreParams)))

"""A bridge's twin: what stands at the other end of its socket."""

from aiohttp import web


class MemoryBridge:
    """What stands at the other end of the bridge's socket: keeps files, tells what it was asked."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"index.html": b"<h1>hello</h1>"}
        self.members: list[str] = []
        self.requests: list[str] = []
        self.answer: web.Response | None = None

    def application(self) -> web.Application:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/files/{path:.*}", self._files)
        app.router.add_post("/exec", self._exec)
        app.router.add_get("/logs", self._logs)
        app.router.add_get("/shadow", self._shadow)
        app.router.add_post("/shadow/flush", self._shadow)
        app.router.add_post("/shadow/restore", self._restore)
        return app

    def _note(self, request: web.Request) -> None:
        self.members.append(request.headers.get("X-Firefly-Member", ""))
        self.requests.append(f"{request.method} {request.rel_url.raw_path_qs}")

    async def _files(self, request: web.Request) -> web.StreamResponse:
        self._note(request)
        if self.answer is not None:
            return self.answer
        path = request.match_info["path"]
        if request.method == "PUT":
            self.files[path] = await request.read()
            return web.json_response({"version": "v2", "size": len(self.files[path])}, headers={"ETag": '"v2"'})
        if path not in self.files:
            body = {"type": "urn:firefly:not-found", "detail": f"{path} does not exist.", "status": 404}
            return web.json_response(body, status=404, content_type="application/problem+json")
        if request.method == "DELETE":
            del self.files[path]
            return web.json_response({"undo": "token"})
        return web.Response(body=self.files[path], headers={"ETag": '"v1"', "Content-Type": "text/html"})

    async def _restore(self, request: web.Request) -> web.StreamResponse:
        self._note(request)
        wanted = await request.json()
        done = {"files": len(wanted["paths"] or "all"), "checkpoint": wanted["checkpoint"], "before": "2" * 40}
        return web.json_response(done)

    async def _shadow(self, request: web.Request) -> web.StreamResponse:
        self._note(request)
        film = {"path": "film.mp4", "size": 200 << 20, "reason": "It is too large.", "remedy": "Keep it elsewhere."}
        return web.json_response({"flushed": True, "commit": "1" * 40, "refused": [film]})

    async def _exec(self, request: web.Request) -> web.StreamResponse:
        self._note(request)
        if self.answer is not None:
            return self.answer
        body = await request.json()
        if "event-stream" not in request.headers.get("Accept", ""):
            return web.json_response({"exit_code": 0, "stdout": str(body["command"]), "stderr": ""})
        return web.Response(text='event: stdout\ndata: {"text": "hi"}\n\n', content_type="text/event-stream")

    async def _logs(self, request: web.Request) -> web.StreamResponse:
        self._note(request)
        last = request.headers.get("Last-Event-ID", "")
        return web.Response(
            text=f'id: 8\nevent: output\ndata: {{"after": "{last}"}}\n\n', content_type="text/event-stream"
        )

"""A plain reverse proxy of aiohttp, as one would write it: bodies pass in pieces, both ways."""

import json
import sys
from collections.abc import AsyncIterator, Mapping

import aiohttp
from aiohttp import web
from multidict import CIMultiDict

HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "proxy-connection"})
SESSION = web.AppKey("session", aiohttp.ClientSession)


def application(upstream: int) -> web.Application:
    app = web.Application()

    async def run_session(app: web.Application) -> AsyncIterator[None]:
        connector = aiohttp.TCPConnector(limit=0)
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False, timeout=timeout) as session:
            app[SESSION] = session
            yield

    async def forward(request: web.Request) -> web.StreamResponse:
        url = f"http://127.0.0.1:{upstream}{request.raw_path}"
        body = request.content if request.can_read_body else None
        async with app[SESSION].request(request.method, url, headers=_kept(request.headers), data=body) as answer:
            response = web.StreamResponse(status=answer.status, headers=_kept(answer.headers))
            await response.prepare(request)
            async for part in answer.content.iter_any():
                await response.write(part)
        await response.write_eof()
        return response

    app.cleanup_ctx.append(run_session)
    app.router.add_route("*", "/{path:.*}", forward)
    return app


def _kept(headers: Mapping[str, str]) -> "CIMultiDict[str]":
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in HOP)


def main(port: int, upstream: int) -> None:
    web.run_app(application(upstream), host="127.0.0.1", port=port, print=None, access_log=None)


if __name__ == "__main__":
    main(**json.loads(sys.argv[1]))

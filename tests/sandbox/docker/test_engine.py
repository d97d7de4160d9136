import json

import pytest
from aiohttp import web
from pytest_aiohttp import AiohttpServer

from firefly.errors import Unavailable
from firefly.sandbox.docker import engine as engine_module
from firefly.sandbox.docker.engine import NOT_YET_PAUSES, Engine

REFUSED = "Cannot pause container one: OCI runtime pause failed: unable to freeze: unknown"


class Refusing:
    """An engine that says `sentence` to the first `times` calls that would pause a container."""

    def __init__(self, sentence: str, times: int) -> None:
        self.sentence = sentence
        self.times = times
        self.asked = 0

    async def version(self, _: web.Request) -> web.Response:
        return web.json_response({"ApiVersion": "1.41"})

    async def pause(self, _: web.Request) -> web.Response:
        self.asked += 1
        if self.asked > self.times:
            return web.Response(status=204)
        said = json.dumps({"message": self.sentence}).encode()
        return web.Response(status=500, body=said, content_type="application/json")


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "NOT_YET_PAUSES", (0.0,) * len(NOT_YET_PAUSES))


@pytest.mark.parametrize(
    ("sentence", "times", "asked", "refused"),
    [
        (REFUSED, 3, 4, False),
        (REFUSED, 100, len(NOT_YET_PAUSES) + 1, True),
        ("no space left on device", 1, 1, True),
        ("Container one is not paused", 1, 1, False),
    ],
    ids=["in the end", "never", "something else", "so already"],
)
async def test_pausing_is_tried_again_where_processes_could_not_be_frozen_yet(
    aiohttp_server: AiohttpServer, sentence: str, times: int, asked: int, refused: bool
) -> None:
    refusing = Refusing(sentence, times)
    app = web.Application()
    app.router.add_get("/version", refusing.version)
    app.router.add_post("/{version}/containers/one/pause", refusing.pause)
    server = await aiohttp_server(app)
    engine = Engine(f"tcp://{server.host}:{server.port}")
    try:
        if refused:
            with pytest.raises(Unavailable, match=sentence):
                await engine.pause("one", frozen=True)
        else:
            await engine.pause("one", frozen=True)
    finally:
        await engine.close()
    assert refusing.asked == asked

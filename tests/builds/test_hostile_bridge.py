"""A build that answers in the place of its bridge: whatever it says, it is told apart from an end, and written down."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from aiohttp import web

from firefly.builds.making.workplace import Workplace
from firefly.client.bridge import BridgeClient
from firefly.client.errors import domain_errors
from firefly.errors import Unavailable
from firefly.protocol.building import FrameKind, PackParams, frame
from firefly.sandbox.keeper import Keeper
from firefly.testing.build_log import MemoryBuildLog

STATUS = '{"state": "running", "kind": "server", "command": null, "reason": "", "since": "2026-01-01T00:00:00Z"'


class Impostor:
    """Answers everything with the bytes that it was given."""

    def __init__(self, path: Path) -> None:
        self.path, self.answer = path, b""

    def bridge_path(self, workspace_id: UUID) -> Path:
        return self.path

    def touch(self, workspace_id: UUID) -> None:
        pass

    async def heed(self, request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=self.answer, content_type="application/json")


@pytest.fixture
async def impostor(tmp_path: Path) -> AsyncIterator[Impostor]:
    made, application = Impostor(tmp_path / "bridge.sock"), web.Application()
    application.router.add_route("*", "/{any:.*}", made.heed)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.UnixSite(runner, made.path).start()
    yield made
    await runner.cleanup()


LIES = (
    b"", b"\x09\0\0\0\0", b"\x03\xff\xff\xff\xff", frame(FrameKind.END, b"{"), frame(FrameKind.END, b"[" * 100_000),
    frame(FrameKind.END, b'{"exit_code": 2147483648, "files": "many"}'), frame(FrameKind.END, b"\xff\0"),
    frame(FrameKind.OUT, b"x") + frame(FrameKind.END, b'{"exit_code": null, "files": null}'),
)  # fmt: skip


async def test_what_is_no_end_is_none(impostor: Impostor) -> None:
    workplace = Workplace(UUID(int=1), cast(Keeper, impostor), "run", impostor.path)

    async def run() -> None:
        async with MemoryBuildLog().step("build") as step:
            await workplace.run("true", env={}, step=step)

    async def pack() -> None:
        packed: list[Any] = []
        async for _ in workplace.pack(PackParams(), packed.append):
            continue

    for impostor.answer in LIES:
        for attempt in (run, pack):
            with pytest.raises(Unavailable):
                await attempt()
    for port in ("-1", "65536", "1e99", '"x"'):
        impostor.answer = f'{STATUS}, "port": {port}}}'.encode()
        with pytest.raises(Unavailable):
            async with domain_errors(), BridgeClient.on_socket(impostor.path) as bridge:
                await bridge.application_status(wait=0)
    # Of what many are asked at once nobody may send much.
    impostor.answer = f'{STATUS}, "port": 80, "more": "{"x" * (1 << 20)}"}}'.encode()
    async with BridgeClient.on_socket(impostor.path) as bridge:
        for ask in (bridge.ports, bridge.activity, bridge.usage, bridge.health, bridge.application_status):
            with pytest.raises(Unavailable, match="sent more than it should"):
                await ask()

"""A build that answers in the place of its bridge: whatever it says, it is told apart from an end, and written down."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import pytest
from aiohttp import web
from pydantic import ValidationError

from firefly.builds.making.workplace import Workplace
from firefly.client.bridge import BridgeClient
from firefly.client.bridge_connection import INBOX
from firefly.client.errors import domain_errors
from firefly.errors import Unavailable
from firefly.protocol.application import Stream
from firefly.protocol.building import FrameKind, PackParams, frame
from firefly.sandbox.keeper import Keeper
from firefly.testing.build_log import MemoryBuildLog

STATUS = '{"state": "running", "kind": "server", "command": null, "reason": "", "since": "2026-01-01T00:00:00Z"'


class Impostor:
    """Answers everything with the bytes that it was given."""

    def __init__(self, path: Path) -> None:
        self.path, self.answer, self.status = path, b"", 200
        self.messages: list[str] = []

    def bridge_path(self, workspace_id: UUID) -> Path:
        return self.path

    def touch(self, workspace_id: UUID) -> None:
        pass

    async def heed(self, request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=self.answer, status=self.status, content_type="application/json")

    async def speak(self, request: web.Request) -> web.WebSocketResponse:
        """What nobody asked for, and then the answer."""
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        for message in self.messages:
            await socket.send_str(message)
        await socket.receive()
        return socket


@pytest.fixture
async def impostor(tmp_path: Path) -> AsyncIterator[Impostor]:
    made, application = Impostor(tmp_path / "bridge.sock"), web.Application()
    application.router.add_get("/bridge", made.speak)
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


def many(count: int) -> str:
    return f"[{'[],' * count}0]"


async def test_of_ever_so_many_values_none_is_read(impostor: Impostor) -> None:
    async with BridgeClient.on_socket(impostor.path) as bridge:
        impostor.answer = f'{{"refused": {many(200_000)}}}'.encode()
        with pytest.raises(Unavailable, match="sent more than it should"):
            await bridge.shadow()
        # Of a list that is none, one mistake is told.
        impostor.answer = f'{{"flushed": true, "refused": {many(60_000)}}}'.encode()
        with pytest.raises(ValidationError) as mistakes:
            await bridge.shadow()
        assert mistakes.value.error_count() == 1
        # What is no answer is shorter still.
        impostor.status, impostor.answer = 500, many(200_000).encode()
        with pytest.raises(Unavailable, match="sent more than it should"):
            await bridge.health()
        impostor.messages = [f'{{"id": 1, "result": {many(200_000)}}}']
        async with bridge.connect(answers=True) as connection:
            with pytest.raises(Unavailable):
                await connection.subscribe()


async def test_lines_that_are_values_themselves_are_read(impostor: Impostor) -> None:
    line = {"seq": 1, "time": "2026-01-01T00:00:00Z", "stream": Stream.OUT.value, "text": '"[{,\\' * 100_000}
    impostor.messages = [json.dumps({"id": 1, "result": {"lines": [line]}})]
    async with BridgeClient.on_socket(impostor.path) as bridge, bridge.connect(answers=True) as connection:
        assert (await connection.subscribe()).lines[0].text == line["text"]


async def test_what_nobody_asked_for_is_not_kept(impostor: Impostor) -> None:
    note = json.dumps({"method": "note", "params": {"text": "x" * 10_000}})
    impostor.messages = [*[note] * (INBOX + 10), json.dumps({"id": 1, "result": {"lines": []}})]
    async with BridgeClient.on_socket(impostor.path) as bridge, bridge.connect(answers=True) as connection:
        assert (await connection.subscribe()).lines == []

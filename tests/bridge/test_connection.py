"""The WebSocket itself: who may come in, broken messages, frames to nowhere, readers too slow."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest

from firefly.bridge.connection import Connection
from firefly.bridge.dispatcher import Dispatcher
from firefly.client.bridge_connection import BridgeConnection, Notification
from firefly.errors import Forbidden, InvalidInput, Unavailable
from firefly.protocol import MEMBER_HEADER, SUBPROTOCOL
from firefly.protocol.errors import ErrorCode, RpcError
from firefly.protocol.frames import encode
from firefly.protocol.model import Done, Nothing
from firefly.protocol.workspace import Member, Role
from tests.bridge.conftest import CONFIGURATION, Running
from tests.support.waiting import eventually

ADA = json.dumps({"id": "1", "name": "Ada", "role": "editor"})


async def test_hello_says_where_one_is(house: Running) -> None:
    async with house.connected(Role.MAINTAINER) as bridge:
        hello = await bridge.hello("test")
        assert (hello.protocol, hello.workspace_id, hello.project, hello.role) == (1, "w1", None, Role.MAINTAINER)
        await house.client.configure(CONFIGURATION)
        assert (await bridge.hello("test")).project == CONFIGURATION.project


@pytest.mark.parametrize("member", ["", "{}", "not json", '{"id":"1","name":"A","role":"root"}'])
async def test_nobody_comes_in_without_a_name_and_a_role(house: Running, member: str) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(house.socket))) as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            await session.ws_connect("http://b/bridge", protocols=(SUBPROTOCOL,), headers={MEMBER_HEADER: member})
        assert caught.value.status == 403
    with pytest.raises(Unavailable):
        async with house.client.connect():
            pass


async def test_a_plain_request_for_the_websocket_is_refused(house: Running) -> None:
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(house.socket))) as session,
        session.get("http://b/bridge", headers={MEMBER_HEADER: ADA}) as response,
    ):
        assert response.status == 422


async def raw(house: Running, *messages: str) -> list[object]:
    """What the bridge answers to text that is sent as it is; one answer a message."""
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(house.socket))) as session:
        headers = {MEMBER_HEADER: ADA}
        async with session.ws_connect("http://b/bridge", protocols=(SUBPROTOCOL,), headers=headers) as socket:
            assert socket.protocol == SUBPROTOCOL
            answers: list[object] = []
            for message in messages:
                await socket.send_str(message)
                answers.append(json.loads(await socket.receive_str(timeout=30)))
            return answers


async def test_broken_messages_are_answered_and_the_connection_lives_on(house: Running) -> None:
    answers = await raw(
        house,
        "{broken",
        "5",
        '{"jsonrpc":"2.0","id":1,"method":"no.such"}',
        '{"jsonrpc":"2.0","id":2,"method":"files.read","params":{"path":5}}',
        '{"jsonrpc":"2.0","id":3,"method":"files.read","params":["a"]}',
        '{"jsonrpc":"2.0","id":"x","method":"bridge.hello","params":{"client":"t"}}',
    )
    codes = [answer["error"]["code"] for answer in answers[:-1] if isinstance(answer, dict)]
    assert codes == [-32700, -32600, -32601, -32602, -32602]
    assert isinstance(answers[-1], dict)
    assert answers[-1]["id"] == "x"
    assert answers[-1]["result"]["protocol"] == 1


async def test_a_batch_is_answered_as_one(house: Running) -> None:
    call = {"jsonrpc": "2.0", "method": "bridge.hello", "params": {"client": "t"}}
    answers = await raw(house, json.dumps([{**call, "id": 1}, call, {"id": 2}]))
    assert isinstance(answers[0], list)
    assert [(answer["id"], "result" in answer) for answer in answers[0]] == [(1, True), (2, False)]


async def test_frames_to_nowhere_are_reported(house: Running) -> None:
    async with house.connected() as bridge:
        codes = []
        for frame in (encode(1, 99, b"x"), encode(7, 1, b"x"), b"\x01"):
            await bridge.send_raw(frame)
            codes.append((await next_error(bridge))["code"])
        assert codes == ["unknown_channel", "unknown_channel", "broken_frame"]
        assert (await bridge.hello("still here")).protocol == 1


async def next_error(bridge: BridgeConnection) -> dict[str, object]:
    async with asyncio.timeout(30):
        async for item in bridge.incoming():
            assert isinstance(item, Notification)
            assert item.method == "bridge.error"
            return dict(item.params)
    raise AssertionError("the connection ended")


async def test_a_message_beyond_the_limit_ends_the_connection_only(house: Running) -> None:
    async with house.connected() as other, house.connected() as bridge:
        with pytest.raises(Unavailable):
            await bridge.call(Done, "files.write", {"path": "a", "text": "x" * (17 << 20)})
        assert (await other.hello("other")).protocol == 1


async def test_a_failure_inside_the_bridge_is_an_answer_without_details(
    house: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with house.connected() as bridge:
        monkeypatch.setattr("firefly.bridge.services.listing.Lister._scan", lambda *_: 1 / 0)
        with pytest.raises(RpcError, match="ZeroDivisionError") as caught:
            await bridge.list_folder()
        assert caught.value.code == ErrorCode.INTERNAL
        assert (await bridge.hello("still here")).protocol == 1


async def test_a_reader_too_slow_makes_the_terminal_wait_and_loses_nothing(house: Running) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(house.socket))) as session:
        headers = {MEMBER_HEADER: ADA}
        async with session.ws_connect("http://b/bridge", protocols=(SUBPROTOCOL,), headers=headers) as slow:
            command = {"jsonrpc": "2.0", "id": 1, "method": "terminal.open", "params": {}}
            await slow.send_str(json.dumps(command))
            opened = json.loads(await slow.receive_str(timeout=30))["result"]
            line = b"stty -opost; seq -f '%019g' 1 400000; echo; echo en''d\r"
            await slow.send_bytes(encode(1, opened["channel"], line))
            terminal = house.bridge.terminals.find(opened["id"])
            await eventually(lambda: terminal.waiting)
            async with house.connected() as other:
                assert (await other.hello("not held up")).protocol == 1
            received = bytearray()
            async with asyncio.timeout(50):
                while b"\nend" not in received[-1000:]:
                    message = await slow.receive()
                    received += message.data[5:] if message.type is aiohttp.WSMsgType.BINARY else b""
    numbers = [int(line) for line in received.replace(b"\r", b"").split(b"\n") if len(line) == 19 and line.isdigit()]
    assert numbers == list(range(numbers[0], 400_001))
    assert len(numbers) > 399_990


async def test_a_closed_connection_fails_what_was_under_way(house: Running) -> None:
    marker = f"sleep 30.{os.getpid()}"
    async with house.connected() as bridge:
        pending = asyncio.create_task(bridge.run(marker))
        await bridge.hello("first")
        await bridge.close()
        with pytest.raises(Unavailable):
            await pending
        with pytest.raises(Unavailable):
            await bridge.call(Done, "bridge.hello", Nothing())
    await eventually(lambda: marker.encode() not in _commands())


def _commands() -> bytes:
    found = b""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found += path.read_bytes().replace(b"\0", b" ")
        except OSError:
            continue
    return found


async def test_unknown_paths_and_methods_are_problems(house: Running) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(house.socket))) as session:
        async with session.get("http://b/nothing") as response:
            assert (response.status, response.content_type) == (404, "application/problem+json")
        async with session.post("http://b/configure", data=b"{") as response:
            assert (response.status, (await response.json())["type"]) == (422, "urn:firefly:invalid-input")
    with pytest.raises(Forbidden):
        async with house.client._request("GET", "/bridge"):
            pass
    with pytest.raises(InvalidInput):
        await house.client.list_folder("x", depth=99)


async def test_what_a_late_call_takes_hold_of_is_let_go_at_once(house: Running) -> None:
    """A call may still be under way when its connection has ended."""
    peer = Connection(Member(id="1", name="Ada", role=Role.EDITOR), Dispatcher([]))

    class Gone:
        async def send_str(self, text: str) -> None:
            raise ConnectionResetError

        def __aiter__(self) -> "Gone":
            return self

        async def __anext__(self) -> object:
            raise StopAsyncIteration

    let_go: list[str] = []
    peer.on_close("early", lambda: let_go.append("early"))
    await peer.serve(cast(Any, Gone()))
    assert let_go == ["early"]
    peer.on_close("late", lambda: let_go.append("late"))
    assert let_go == ["early", "late"]
    assert not peer.holds("late")

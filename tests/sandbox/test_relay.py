"""A real bridge over a network: its unix socket, its ports and its way to the repository, all by one door."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest

from firefly.client.bridge import BridgeClient
from firefly.errors import InvalidInput, TimedOut, Unavailable
from firefly.protocol.preface import Verb
from firefly.protocol.workspace import Member, Role
from firefly.sandbox import relay as relaying
from firefly.sandbox.relay import Relay
from firefly.sandbox.remote import Remote
from tests.bridge.conftest import git
from tests.bridge.gateway import gateway
from tests.support.outer import OuterBridge, outer_bridge
from tests.support.waiting import eventually

BIG = 24 << 20


@pytest.fixture(scope="module")
def outer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OuterBridge]:
    """One for the whole module: its token differs from every other's, its files from test to test."""
    with outer_bridge(tmp_path_factory.mktemp("outer"), {"GREETING": "hello"}) as made:
        yield made


@asynccontextmanager
async def relay(outer: OuterBridge, folder: Path) -> AsyncIterator[Relay]:
    made = Relay(outer.remote, folder)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


@asynccontextmanager
async def served(outer: OuterBridge, folder: Path, bare: Path) -> AsyncIterator[BridgeClient]:
    """The bridge, behind a relay in whose gateway a repository is."""
    async with (
        relay(outer, folder / "relay") as made,
        gateway(folder / "relay" / "gateway", bare),
        BridgeClient.on_socket(made.bridge_path) as bridge,
    ):
        yield bridge


async def test_the_bridge_is_at_a_unix_socket_here(outer: OuterBridge, tmp_path: Path) -> None:
    async with relay(outer, tmp_path), BridgeClient.on_socket(tmp_path / "bridge.sock") as bridge:
        assert (await bridge.health()).workspace_id == "w1"
        data = bytes(range(256)) * (3 << 10)
        await bridge.write_file("big", data)
        assert (await bridge.read_file("big")).data == data
        async with bridge.connect(member=Member(id="1", name="Ada", role=Role.EDITOR)) as connection:
            await connection.hello("test")
        # What was handed over is there, and how the bridge is reached is not.
        assert (await bridge.execute("echo $GREETING; env | grep -c FIREFLY_HANDED")).stdout == "hello\n0\n"
        assert (tmp_path / "bridge.sock").stat().st_mode & 0o777 == 0o600


async def test_a_port_is_reached_with_back_pressure_and_half_closes(outer: OuterBridge, tmp_path: Path) -> None:
    received = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Counts to the end of what comes, and only then answers."""
        nonlocal received
        while piece := await reader.read(1 << 16):
            received += len(piece)
            await may_read.wait()
        writer.write(str(received).encode())
        writer.close()

    may_read = asyncio.Event()
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server, relay(outer, tmp_path) as made:
        with closing(await made.connect(server.sockets[0].getsockname()[1])) as connection:
            loop = asyncio.get_running_loop()
            assert not connection.getblocking()
            sending = asyncio.create_task(loop.sock_sendall(connection, bytes(BIG)))
            await eventually(lambda: received > 0)
            may_read.set()
            await sending
            connection.shutdown(socket.SHUT_WR)
            assert await loop.sock_recv(connection, 100) == str(BIG).encode()


async def test_who_does_not_read_holds_back_who_sends(outer: OuterBridge, tmp_path: Path) -> None:
    def fill(sender: socket.socket) -> int:
        """Send until nothing is taken for a while; how much that was."""
        sender.settimeout(0.5)
        sent = 0
        try:
            while sent < BIG:
                sent += sender.send(bytes(1 << 16))
        except TimeoutError:
            pass
        return sent

    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with relay(outer, tmp_path) as made:
            with closing(await made.connect(listener.getsockname()[1])), listener.accept()[0] as inner:
                assert await asyncio.to_thread(fill, inner) < BIG


async def test_where_nothing_listens_the_caller_is_told(outer: OuterBridge, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    async with relay(outer, tmp_path) as made:
        with pytest.raises(Unavailable, match=f"Nothing listens on port {port} in the sandbox"):
            await made.connect(port)
        with pytest.raises(InvalidInput, match="70000 is not a port"):
            await made.connect(70000)


async def test_ports_of_the_other_family_are_found(outer: OuterBridge, tmp_path: Path) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as listener:
        async with relay(outer, tmp_path) as made:
            with closing(await made.connect(listener.getsockname()[1])), listener.accept()[0] as inner:
                assert inner.family == socket.AF_INET6


async def test_the_token_alone_opens(outer: OuterBridge, tmp_path: Path) -> None:
    stranger = replace(outer.remote, token="0" * 64)
    for verb, argument in ((Verb.BRIDGE, ""), (Verb.PORT, "80"), (Verb.GATEWAY, "git.sock")):
        with pytest.raises(Unavailable, match="token is not the one"):
            await stranger.open(verb, argument)
    async with (
        relay(OuterBridge(stranger, outer.tree), tmp_path),
        BridgeClient.on_socket(tmp_path / "bridge.sock") as b,
    ):
        with pytest.raises(Unavailable):
            await b.health()


@pytest.mark.parametrize(
    "begin", [b"GET / HTTP/1.1\r\n\r\n", b"\n", b"x" * 600, b"firefly/1 " + b"0" * 64 + b" shell\n"]
)
async def test_what_begins_otherwise_ends_at_once(outer: OuterBridge, begin: bytes) -> None:
    reader, writer = await asyncio.open_connection(outer.remote.host, outer.remote.port)
    writer.write(begin)
    async with asyncio.timeout(30):
        try:
            answer = await reader.read()
        except ConnectionResetError:
            answer = b""
    writer.close()
    assert answer.startswith(b"error invalid") or not answer


async def test_a_node_that_is_away_is_unavailable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(Unavailable, match="cannot be reached on its node"):
        await Remote("127.0.0.1", port, "0" * 64).open(Verb.BRIDGE)


async def test_what_never_answers_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firefly.sandbox.remote.ANSWER_LIMIT", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(TimedOut, match="does not answer"):
        await Remote("127.0.0.1", listener.getsockname()[1], "0" * 64).open(Verb.BRIDGE)


async def test_git_inside_reaches_the_hosted_repository(outer: OuterBridge, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    git(tmp_path, "init", "--bare", str(bare))
    async with served(outer, tmp_path, bare) as bridge:
        done = await bridge.execute(
            "mkdir r && cd r && git init -q && git -c user.name=A -c user.email=a@b commit -q --allow-empty -m one"
            " && git push firefly::origin HEAD:refs/heads/main && git fetch -q firefly::origin main"
            # More than wait beforehand, at once.
            " && for n in 1 2 3 4 5 6; do git ls-remote firefly::origin & done; wait"
        )
    assert done.exit_code == 0, done.stderr
    assert done.stdout.count("refs/heads/main") == 6
    assert git(bare, "log", "--format=%s", "main") == "one"


async def test_git_inside_is_told_when_nobody_serves_it(outer: OuterBridge, tmp_path: Path) -> None:
    """The server waits, but has no gateway for this sandbox."""
    async with relay(outer, tmp_path), BridgeClient.on_socket(tmp_path / "bridge.sock") as bridge:
        done = await bridge.execute("git ls-remote firefly::origin", timeout=30)
    assert done.exit_code != 0
    assert "firefly: Nobody listens for it." in done.stderr


async def test_a_vanished_server_is_passed_over(outer: OuterBridge, tmp_path: Path) -> None:
    """Connections on which a server waited that is gone: the next one is taken."""
    bare = tmp_path / "bare"
    git(tmp_path, "init", "--bare", str(bare))
    async with served(outer, tmp_path, bare) as bridge:
        gone = await outer.remote.open(Verb.GATEWAY, "git.sock")
        gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        gone.close()
        assert (await bridge.execute("git ls-remote firefly::origin")).exit_code == 0


async def test_it_waits_again_where_it_was_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relaying, "FIRST_PAUSE", 0.01)
    came = 0

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came
        came += 1
        await reader.readline()
        writer.write(b"ok\n")
        writer.close()

    async with await asyncio.start_server(cut, "127.0.0.1", 0) as server:
        made = Relay(Remote("127.0.0.1", server.sockets[0].getsockname()[1], "0" * 64), tmp_path)
        await made.open()
        assert await eventually(lambda: came > 5)
        await made.close()

"""Tunnels that the app asks for, and the handles by which it names their targets."""

import asyncio
import json
from uuid import uuid4

import pytest

from firefly.proxy.tunnels import Tunnels
from firefly.routes import BridgeTarget, SandboxTarget
from tests.support.waiting import eventually

from .house import House, Peer, ok
from .tunneling import accept_and_echo, open_tunnel


class TestForTheApp:
    """`X-Firefly-Tunnel`: the app answers an upgrade by naming what to connect it with."""

    @pytest.fixture
    def bridge(self, house: House) -> BridgeTarget:
        target = BridgeTarget(house.workspace)
        house.dialer.serve(target, house.upstream.address)
        house.upstream.behaviour = accept_and_echo
        return target

    @staticmethod
    def answer(house: House, handle: str, *fields: bytes) -> None:
        async def name_target(peer: Peer) -> None:
            while await peer.read_request():
                peer.send(ok(b"", b"X-Firefly-Tunnel: " + handle.encode(), *fields))

        house.app.behaviour = name_target

    async def test_the_upgrade_is_replayed_to_the_target(self, house: House, bridge: BridgeTarget) -> None:
        member = json.dumps({"id": "1", "role": "owner"})
        handle = house.tunnels.register(bridge)
        own = (b"X-Firefly-Tunnel-Target: /bridge", b"X-Firefly-Tunnel-Header-X-Firefly-Member: " + member.encode())
        self.answer(house, handle, *own)
        client = await open_tunnel(
            house,
            host="localhost",
            target="/api/v1/projects/a/b/bridge",
            Authorization="Bearer secret",
            Cookie="__Host-firefly-session=secret; theme=dark",
            **{"X-Firefly-Member": "forged", "Sec-WebSocket-Protocol": "firefly.bridge.v1"},
        )
        client.send(b"ping")
        assert await client.reader.readexactly(12) == b"welcome ping"
        sent = house.upstream.bytes.decode()
        assert sent.startswith("GET /bridge HTTP/1.1\r\n")
        assert f"x-firefly-member: {member}\r\n" in sent
        assert "Sec-WebSocket-Protocol: firefly.bridge.v1\r\n" in sent
        assert "Upgrade: websocket\r\n" in sent
        assert "secret" not in sent
        assert "forged" not in sent

    async def test_a_field_of_the_app_takes_the_place_of_the_clients(self, house: House, bridge: BridgeTarget) -> None:
        own = b"X-Firefly-Tunnel-Header-User-Agent: firefly"
        self.answer(house, house.tunnels.register(bridge), own)
        await open_tunnel(house, host="localhost", **{"User-Agent": "browser"})
        sent = house.upstream.bytes.decode()
        assert "user-agent: firefly\r\n" in sent
        assert "browser" not in sent

    async def test_the_request_id_is_the_same_on_both_hops(self, house: House, bridge: BridgeTarget) -> None:
        self.answer(house, house.tunnels.register(bridge))
        await open_tunnel(house, host="localhost")
        (name,) = [line for line in house.app.bytes.split(b"\r\n") if line.startswith(b"X-Request-Id")]
        assert name in house.upstream.bytes

    async def test_a_handle_opens_one_tunnel(self, house: House, bridge: BridgeTarget) -> None:
        self.answer(house, house.tunnels.register(bridge))
        await open_tunnel(house, host="localhost")
        assert (await house.ask("/ws", host="localhost", Connection="Upgrade", Upgrade="websocket")).status == 502

    async def test_an_invented_handle_opens_none(self, house: House, bridge: BridgeTarget) -> None:
        self.answer(house, "invented")
        assert (await house.ask("/ws", host="localhost", Connection="Upgrade", Upgrade="websocket")).status == 502

    async def test_a_handle_that_cannot_be_looked_up_opens_none(self, house: House) -> None:
        async def away(handle: str) -> None:
            raise OSError("the other process is away")

        house.door._context.redeem = away
        self.answer(house, "any")
        assert (await house.ask("/ws", host="localhost", Connection="Upgrade", Upgrade="websocket")).status == 502

    async def test_access_taken_while_a_handle_is_looked_up_counts(self, house: House, bridge: BridgeTarget) -> None:
        """Whose tunnel it is, only the answer says: the cut that came before it may have been meant for it."""
        asked, told = asyncio.Event(), asyncio.Event()

        async def slow(handle: str) -> BridgeTarget:
            asked.set()
            await told.wait()
            return BridgeTarget(bridge.workspace_id, "ada")

        house.door._context.redeem = slow
        self.answer(house, "any")
        asking = asyncio.create_task(house.ask("/ws", host="localhost", Connection="Upgrade", Upgrade="websocket"))
        await asyncio.wait_for(asked.wait(), 30)
        house.door.cut(lambda holder: holder == "ada")
        told.set()
        assert (await asking).status == 503
        assert house.upstream.bytes == b""

    async def test_a_sandbox_cannot_ask_for_one(self, house: House, bridge: BridgeTarget) -> None:
        handle = house.tunnels.register(bridge)

        async def steal(peer: Peer) -> None:
            await peer.read_request()
            peer.send(ok(b"", b"X-Firefly-Tunnel: " + handle.encode()))

        house.upstream.behaviour = steal
        answer = await house.ask("/ws", Connection="Upgrade", Upgrade="websocket")
        assert answer.status == 200
        assert "x-firefly-tunnel" not in answer.fields
        assert house.tunnels.take(handle) == bridge

    async def test_no_tunnel_without_an_upgrade(self, house: House, bridge: BridgeTarget) -> None:
        self.answer(house, house.tunnels.register(bridge))
        answer = await house.ask("/ws", host="localhost")
        assert answer.status == 502
        assert "x-firefly-tunnel" not in answer.fields

    async def test_it_ends_with_what_its_holder_was_allowed(self, house: House, bridge: BridgeTarget) -> None:
        clients = []
        for holder in ("ada", "bob"):
            self.answer(house, house.tunnels.register(BridgeTarget(bridge.workspace_id, holder)))
            clients.append(await open_tunnel(house, host="localhost"))
            assert await clients[-1].reader.readexactly(8) == b"welcome "
        house.door.cut(lambda holder: holder == "ada")
        await eventually(lambda: house.door.counters["tunnels"] == 1)
        clients[1].send(b"ping")
        assert await clients[1].reader.readexactly(4) == b"ping"

    async def test_a_target_that_is_away_is_told(self, house: House) -> None:
        self.answer(house, house.tunnels.register(SandboxTarget(house.workspace, 9)))
        assert (await house.ask("/ws", host="localhost", Connection="Upgrade", Upgrade="websocket")).status == 404


class TestHandles:
    def test_they_end(self) -> None:
        time = [0.0]
        tunnels = Tunnels(lifetime=30, now=lambda: time[0])
        handle = tunnels.register(BridgeTarget(uuid4()))
        time[0] = 31
        assert tunnels.take(handle) is None

    def test_there_are_only_so_many(self) -> None:
        target = BridgeTarget(uuid4())
        tunnels = Tunnels(most=3)
        handles = [tunnels.register(target) for _ in range(5)]
        assert [tunnels.take(handle) for handle in handles] == [None, None, target, target, target]


def test_handles_of_who_lost_access_are_forgotten() -> None:
    tunnels = Tunnels()
    workspace = uuid4()
    theirs, mine, nobodys, port = (
        tunnels.register(target)
        for target in (
            BridgeTarget(workspace, "bob"),
            BridgeTarget(workspace, "ada"),
            BridgeTarget(workspace),
            SandboxTarget(workspace, 3000),
        )
    )
    tunnels.cut(lambda holder: holder == "bob")
    assert tunnels.take(theirs) is None
    assert all(tunnels.take(handle) for handle in (mine, nobodys, port))

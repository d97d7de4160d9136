"""A target that accepts upgrades, and a client that asks for one."""

from .house import HOST, House, Peer, request

UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket"}

SWITCH = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"


async def accept_and_echo(peer: Peer) -> None:
    await peer.read_head()
    peer.send(SWITCH + b"welcome ")
    while data := await peer.reader.read(1 << 16):
        peer.send(data)
        await peer.writer.drain()
    await peer.close()


async def open_tunnel(house: House, *, host: str = HOST, target: str = "/ws", **fields: str) -> Peer:
    client = await house.client()
    client.send(request(target, host=host, fields=UPGRADE | fields))
    assert (await client.read_head()).startswith(b"HTTP/1.1 101 ")
    return client


async def echo(client: Peer, size: int) -> None:
    client.send(b"x" * size)
    assert await client.reader.readexactly(size) == b"x" * size

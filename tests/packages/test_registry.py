"""What the cache serves and keeps, asked as hostile code in a sandbox might ask."""

import asyncio
import errno
import os
import re
import select
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import BinaryIO
from uuid import uuid4

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs
from yarl import URL

from firefly.packages import Door, Registry, Upstreams, documents, pages, sending
from firefly.packages import door as doors
from firefly.packages.registry import PASSED
from firefly.rota import Rota
from tests.support.registry import registry
from tests.support.waiting import eventually

from .conftest import Ground

TARBALL = "/npm/engine/-/engine-1.0.0.tgz"
ABBREVIATED = {"Accept": "application/vnd.npm.install-v1+json"}
INDEX = {"Accept": "application/vnd.pypi.simple.v1+json"}


@pytest.fixture
async def client(ground: Ground) -> AsyncIterator[aiohttp.ClientSession]:
    async with ground.client() as session:
        yield session


def kept(ground: Ground) -> int:
    return sum("document" not in path.name for path in (ground.folder / "packages/files").glob("*/*"))


async def test_what_is_not_what_the_registry_says_reaches_nobody_whole_and_is_not_kept(
    ground: Ground, client: aiohttp.ClientSession
) -> None:
    ground.upstream.add_package("engine", "1.0.0")
    ground.upstream.spoilt.add(TARBALL)
    with pytest.raises(aiohttp.ClientError):
        async with client.get(TARBALL) as response:
            await response.read()
    assert kept(ground) == 0
    ground.upstream.spoilt.clear()
    async with client.get(TARBALL) as response:
        assert await response.read() == ground.upstream.files[TARBALL]
    assert kept(ground) == 1


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH"])
async def test_nothing_that_a_sandbox_sends_is_kept(ground: Ground, client: aiohttp.ClientSession, method: str) -> None:
    ground.upstream.add_package("engine", "1.0.0")
    async with client.request(method, TARBALL, data=b"poison", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (307, f"{ground.upstream.url}{TARBALL}")
    assert (kept(ground), ground.upstream.asked) == (0, [])
    async with client.get(TARBALL) as response:
        assert await response.read() == ground.upstream.files[TARBALL]


async def test_nobodys_credentials_go_to_the_registry(ground: Ground, client: aiohttp.ClientSession) -> None:
    ground.upstream.add_package("engine", "1.0.0")
    headers = {"Authorization": "Bearer secret", "Cookie": "session=secret", "npm-session": "secret"}
    async with client.get(TARBALL, headers=headers) as response:
        assert response.status == 200
    assert "secret" not in str(ground.upstream.headers)


@pytest.mark.parametrize(
    "path",
    [
        "/npm/-/whoami",
        "/npm/engine/-/other-1.0.0.tgz",
        "/npm/engine?write=true",
        "/npm/../secret",
        "/npm/%2e%2e/%2e%2e/secret",
        "/elsewhere",
        "//registry.example/engine",
        "/+python/simple/..%2Fsecret/",
        "/+python/files/engine/..%2F..%2Fsecret",
    ],
)
async def test_all_else_is_left_to_the_registry_itself(
    ground: Ground, client: aiohttp.ClientSession, path: str
) -> None:
    url = URL(f"http://packages{path}", encoded=True)
    async with client.get(url, allow_redirects=False) as response:
        assert response.status in {307, 404}
        assert response.headers.get("Location", ground.upstream.url).startswith(f"{ground.upstream.url}/")
    assert ground.upstream.asked == []


async def test_redirects_lead_to_the_same_place_or_by_https_alone(
    ground: Ground, client: aiohttp.ClientSession
) -> None:
    ground.upstream.add_package("engine", "1.0.0")
    ground.upstream.files["/moved.tgz"] = ground.upstream.files[TARBALL]
    async with registry() as (private, _):
        private.files["/secret"] = b"of the server's own network"
        for place in (f"{private.url}/secret", "file:///etc/passwd", "http://[", "//", ""):
            ground.upstream.moved[TARBALL] = place
            async with client.get(TARBALL, allow_redirects=False) as response:
                assert (response.status, response.headers["Location"]) == (307, f"{ground.upstream.url}{TARBALL}")
        assert private.asked == []
    ground.upstream.moved[TARBALL] = "/moved.tgz"
    async with client.get(TARBALL) as response:
        assert await response.read() == ground.upstream.files[TARBALL]


async def test_paths_that_are_dear_to_match_are_not(ground: Ground, client: aiohttp.ClientSession) -> None:
    path = "/npm/a/-/a" + "-1" * 4000 + "!"
    begin = time.thread_time()
    for _ in range(20):
        async with client.get(path, allow_redirects=False) as response:
            assert response.status == 307
    assert time.thread_time() - begin < 4


@pytest.mark.parametrize("manifest", [b"[" * 1_000_000, b"<html>"])
async def test_what_publishers_write_may_be_no_manifest(
    ground: Ground, client: aiohttp.ClientSession, manifest: bytes
) -> None:
    ground.upstream.files["/npm/engine/1.0.0"] = manifest
    async with client.get(TARBALL, allow_redirects=False) as response:
        assert response.status == 307


async def test_a_package_that_is_not_there_is_told_so(ground: Ground, client: aiohttp.ClientSession) -> None:
    for path in ("/npm/none", "/npm/none/-/none-1.0.0.tgz"):
        async with client.get(path) as response:
            assert response.status == 404


async def test_many_who_want_one_package_at_once_are_served_by_one_download(
    ground: Ground, client: aiohttp.ClientSession
) -> None:
    ground.upstream.add_package("engine", "1.0.0", source="//" + "x" * 3_000_000)

    async def fetch() -> bytes:
        async with client.get(TARBALL) as response:
            return await response.read()

    bodies = await asyncio.gather(*(fetch() for _ in range(8)))
    assert set(bodies) == {ground.upstream.files[TARBALL]}
    assert ground.upstream.fetched(".tgz") == 1


async def test_one_connection_serves_many_requests(ground: Ground, caplog: pytest.LogCaptureFixture) -> None:
    ground.upstream.add_package("engine", "1.0.0")
    place = await ground.place()
    reader, writer = await asyncio.open_unix_connection(place.folder / "gateway" / doors.SOCKET)
    # As it comes, from the shelf, a document, nothing.
    for path in (TARBALL, TARBALL, "/npm/engine", "/npm/none"):
        writer.write(f"GET {path} HTTP/1.1\r\nHost: packages\r\n\r\n".encode())
    writer.write(b"GET /+upstreams HTTP/1.1\r\nHost: packages\r\nConnection: close\r\n\r\n")
    async with asyncio.timeout(30):
        answers = await reader.read()
    writer.close()
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"200", b"200", b"200", b"404", b"200"]
    assert caplog.records == []


async def test_documents_are_asked_for_again_after_a_while_and_hold_while_the_registry_is_away(
    ground: Ground, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground.upstream.add_package("engine", "1.0.0")

    async def versions() -> set[str]:
        async with client.get("/npm/engine", headers=ABBREVIATED) as response:
            return set((await response.json(content_type=None))["versions"])

    assert await versions() == {"1.0.0"}
    ground.upstream.add_package("engine", "1.1.0")
    assert await versions() == {"1.0.0"}
    monkeypatch.setattr("firefly.packages.documents.FRESH", -1)
    assert await versions() == {"1.0.0", "1.1.0"}
    await ground.server.close()
    assert await versions() == {"1.0.0", "1.1.0"}


async def test_a_page_in_another_language_than_json_is_left_to_the_index(
    ground: Ground, client: aiohttp.ClientSession
) -> None:
    ground.upstream.add_wheel("engine", "1.0")
    async with client.get("/+python/simple/engine/", allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (307, f"{ground.upstream.python}engine/")
    async with client.get("/+python/simple/engine/", headers=INDEX) as response:
        assert response.status == 200


async def test_one_sandbox_has_a_bounded_number_of_connections(ground: Ground) -> None:
    place, other = await ground.place(), await ground.place()
    held = []
    for _ in range(doors.CONNECTIONS + 1):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(30)
        connection.connect(str(place.folder / "gateway" / doors.SOCKET))
        connection.sendall(b"GET /+upstreams HTTP/1.1\r\nHost: packages\r\n\r\n")
        held.append(connection)
    try:
        assert all([await asyncio.to_thread(_answers, connection) for connection in held[:-1]])
        held[-1].settimeout(0.2)
        assert not await asyncio.to_thread(_answers, held[-1])
        with socket.socket(socket.AF_UNIX) as free:
            free.connect(str(other.folder / "gateway" / doors.SOCKET))
            free.settimeout(30)
            free.sendall(b"GET /+upstreams HTTP/1.1\r\nHost: packages\r\n\r\n")
            assert await asyncio.to_thread(_answers, free)
        held[0].close()
        held[-1].settimeout(30)
        assert await eventually(lambda: asyncio.to_thread(_answers, held[-1]))
    finally:
        for connection in held:
            connection.close()


async def test_who_asks_and_goes_away_gets_no_more_than_who_waits(ground: Ground) -> None:
    begun, going = [], asyncio.Event()

    class Waiting(Registry):
        def visitor(self, visitor: Hashable) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
            async def answer(request: web.BaseRequest) -> web.StreamResponse:
                begun.append(request.path)
                await going.wait()
                return web.Response()

            return answer

    async def find() -> Upstreams:
        return Upstreams()

    door = Door(Waiting(ground.shelf, find))
    await door.listen(uuid4(), ground.folder)
    path = str(ground.folder / doors.SOCKET)
    held = [_asking(path, "/") for _ in range(doors.CONNECTIONS)]
    try:
        assert await eventually(lambda: len(begun) == doors.CONNECTIONS)
        for connection in held:
            connection.close()
        with _asking(path, "/late") as late:
            late.settimeout(0.3)
            assert not await asyncio.to_thread(_answers, late)
            assert "/late" not in begun
            going.set()
            late.settimeout(30)
            assert await asyncio.to_thread(_answers, late)
    finally:
        going.set()
        await door.close()


async def test_who_reads_slowly_keeps_no_other_sandbox_waiting(ground: Ground) -> None:
    ground.upstream.files |= {"/npm/-/large": bytes(16 << 20), "/npm/-/small": b"small"}
    host = "registry.npmjs.org"
    async with (
        _unread(ground, ["/-/large"] * PASSED, host=host),
        ground.client() as other,
        asyncio.timeout(30),
        other.get("/-/small", headers={"Host": host}) as response,
    ):
        assert await response.read() == b"small"


@pytest.fixture
def turning(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Until it is set no page is turned, except that of the project `other`."""
    turn, event = pages._run, asyncio.Event()

    async def wait(program: ModuleType, page: bytes, *arguments: str) -> bytes:
        if "other" not in arguments[0]:
            await event.wait()
        return await turn(program, page, *arguments)

    monkeypatch.setattr(pages, "_run", wait)
    return event


async def status_of(client: aiohttp.ClientSession, path: str, **headers: str) -> int:
    async with client.get(path, headers=INDEX | headers) as response:
        return response.status


@pytest.fixture
def few_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "CHANGED_EACH", 4)


async def test_pages_that_wait_to_be_turned_are_few_and_keep_no_other_sandbox_waiting(
    few_changed: None, ground: Ground, turning: asyncio.Event
) -> None:
    names = [f"engine{number}" for number in range(documents.CHANGED_EACH + 3)]
    for name in (*names, "other"):
        ground.upstream.add_wheel(name, "1.0")
    ground.upstream.add_package("engine", "1.0.0")
    async with ground.client() as client, ground.client() as another:
        asking = asyncio.gather(*(status_of(client, f"/+python/simple/{name}/") for name in names))
        assert await eventually(lambda: len(ground.upstream.asked) >= documents.CHANGED_EACH)
        # Another registry's connections are the same ones.
        async with client.get("/npm/engine", headers=ABBREVIATED) as response:
            assert response.status == 200
        assert len(ground.upstream.asked) == documents.CHANGED_EACH + 1
        assert await status_of(another, "/+python/simple/other/") == 200
        turning.set()
        assert set(await asking) == {200}


async def test_releases_that_one_sandbox_asks_for_keep_no_other_waiting(ground: Ground, turning: asyncio.Event) -> None:
    for name in ("engine", "other"):
        ground.upstream.add_wheel(name, "1.0")
    async with ground.client() as client, ground.client() as another:
        turning.set()
        assert await status_of(client, "/simple/engine/", Host="pypi.org") == 200
        turning.clear()
        asking = [
            asyncio.create_task(status_of(client, "/pypi/engine/1.0/json", Host="pypi.org"))
            for _ in range(pages.TURNS + 2)
        ]
        await eventually(lambda: _turns(ground)._waiting)
        assert await status_of(another, "/pypi/other/1.0/json", Host="pypi.org") == 200
        assert not [one for one in asking if one.done()]
        turning.set()
        assert set(await asyncio.gather(*asking)) == {200}


@pytest.fixture
def few_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "WAITING", 2)


async def test_who_has_too_many_questions_waiting_is_told_to_ask_again(
    few_wait: None, ground: Ground, turning: asyncio.Event
) -> None:
    ground.upstream.add_wheel("other", "1.0")
    for number in range(pages.TURNS_EACH + 2):
        ground.upstream.add_wheel(f"engine{number}", "1.0")
    async with ground.client() as client:
        asking = [
            asyncio.create_task(status_of(client, f"/+python/simple/engine{number}/"))
            for number in range(pages.TURNS_EACH + 2)
        ]
        await eventually(lambda: sum(map(len, _turns(ground)._waiting.values())) == 2)
        async with client.get("/+python/simple/other/", headers=INDEX) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "2")
            assert "too many questions of this sandbox" in (await response.json())["error"]
        turning.set()
        assert set(await asyncio.gather(*asking)) == {200}


def _turns(ground: Ground) -> Rota:
    return ground.door._registry._pages._turning


@pytest.mark.parametrize(
    "nonsense", [b"GET @elsewhere HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /\xff HTTP/1.1\r\n\r\n"]
)
async def test_nonsense_is_refused_and_fills_no_log(
    ground: Ground, caplog: pytest.LogCaptureFixture, nonsense: bytes
) -> None:
    place = await ground.place()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(30)
        connection.connect(str(place.folder / "gateway" / doors.SOCKET))
        connection.sendall(nonsense)
        assert (await asyncio.to_thread(connection.recv, 64)).startswith(b"HTTP/1.0 400")
    assert caplog.records == []


async def test_who_reads_no_answer_holds_no_memory_of_the_server(ground: Ground) -> None:
    ground.upstream.files["/npm/large"] = bytes(16 << 20)
    async with ground.client() as client, client.get("/npm/large") as response:
        assert len(await response.read()) == 16 << 20
    before = _memory()
    async with _unread(ground, ["/npm/large"] * 16):
        assert _memory() - before < 64 << 20


async def test_what_is_under_way_takes_as_much_of_the_disk_as_what_is_kept_and_half_of_it_for_one_sandbox(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground.shelf.limit = 8 << 20
    names = [f"/npm/large{number}/-/large{number}-1.0.0.tgz" for number in range(6)]
    for name in names:
        ground.upstream.add_tarball(name.split("/")[2], "1.0.0", os.urandom(15 << 17))

    async def status(client: aiohttp.ClientSession, name: str) -> int:
        async with client.get(name, allow_redirects=False) as response:
            await response.read()
            return response.status

    async with _unread(ground, names[:2]), ground.client() as client:

        async def is_free() -> bool:
            return await status(client, names[5]) == 200

        with _asking(str(ground.places[0].folder / "gateway" / doors.SOCKET), names[2]) as more:
            assert (await asyncio.to_thread(more.recv, 64)).startswith(b"HTTP/1.1 307")
        assert await status(client, names[2]) == 200
        async with _unread(ground, names[3:5]):
            assert not await is_free()
        assert await eventually(is_free)
        # Who reads nothing has the room for no longer than he is waited for, however large it is.
        monkeypatch.setattr(sending, "PATIENCE", 0.5)
        async with _unread(ground, names[3:5]):
            assert await eventually(is_free)


async def test_what_the_disk_does_not_take_is_left_to_the_registry_and_what_is_too_large_fills_no_log(
    ground: Ground, client: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = "/npm/large/-/large-1.0.0.tgz"
    ground.upstream.add_tarball("large", "1.0.0", bytes(17 << 20))
    ground.upstream.add_package("engine", "1.0.0")

    def receive() -> BinaryIO:
        raise OSError(errno.ENOSPC, "No space left on device")

    async def status(path: str) -> int:
        async with client.get(path, allow_redirects=False) as response:
            return response.status

    with capture_logs() as logs:
        assert await status(large) == 307
        assert logs == []
        monkeypatch.setattr(ground.shelf, "receive", receive)
        assert await status("/npm/engine") == 307
    assert [entry["event"] for entry in logs] == ["packages.not_kept"]


async def test_who_reads_too_slowly_is_cut_off(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PATIENCE", 0.2)
    # Of what is large he could take his time for days otherwise.
    monkeypatch.setattr(sending, "SLOWEST", 64 << 10)
    large = "/npm/large/-/large-1.0.0.tgz"
    ground.upstream.add_tarball("large", "1.0.0", os.urandom(15 << 20))
    # The first is served as it comes, the second from the shelf, the third is a document.
    ground.upstream.files["/npm/text"] = bytes(15 << 20)
    for path in (large, large, "/npm/text"):
        async with _unread(ground, [path]) as (connection,):
            assert await eventually(partial(_is_cut_off, connection))
            assert await asyncio.to_thread(_rest, connection) < 15 << 20


async def test_who_reads_a_little_all_the_time_is_cut_off_too(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "PATIENCE", 0.5)
    monkeypatch.setattr(sending, "SLOWEST", 1 << 30)
    ground.upstream.add_tarball("large", "1.0.0", os.urandom(15 << 20))
    async with _unread(ground, ["/npm/large/-/large-1.0.0.tgz"]) as (connection,):
        count = 0
        while piece := await asyncio.to_thread(connection.recv, 64 << 10):
            count += len(piece)
            await asyncio.sleep(0.05)
    assert count < 15 << 20


@asynccontextmanager
async def _unread(ground: Ground, paths: list[str], *, host: str = "packages") -> AsyncIterator[list[socket.socket]]:
    """Connections of one sandbox that asked for something each, and read no more than that there is an answer."""
    place = await ground.place()
    held = [_asking(str(place.folder / "gateway" / doors.SOCKET), path, host) for path in paths]
    try:
        assert all([await asyncio.to_thread(_answers, connection) for connection in held])
        yield held
    finally:
        for connection in held:
            connection.close()


def _asking(path: str, what: str, host: str = "packages") -> socket.socket:
    """A connection that has asked for something."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(path)
    connection.sendall(f"GET {what} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    return connection


def _memory() -> int:
    """Bytes of this process's that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def _is_cut_off(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, 0)
    return bool(poll.poll(0))


def _rest(connection: socket.socket) -> int:
    """How many bytes still come until the other side ends it."""
    count = 0
    while piece := connection.recv(1 << 20):
        count += len(piece)
    return count


def _answers(connection: socket.socket) -> bool:
    try:
        return connection.recv(64).startswith(b"HTTP/1.1 200")
    except TimeoutError:
        return False

"""Raw bytes by HTTP: streaming, conditions, limits."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from firefly.bridge.http import files as module
from firefly.errors import Conflict, InvalidInput, NotFound, TooLarge, VersionConflict
from firefly.protocol.errors import RefusedPath
from tests.bridge.conftest import Running


async def test_put_get_delete(house: Running) -> None:
    written = await house.client.write_file("a/ö b?.bin", bytes(range(256)))
    found = await house.client.read_file("a/ö b?.bin")
    assert (found.data, found.version) == (bytes(range(256)), written.version)
    await house.client.delete_file("a/ö b?.bin", version=written.version)
    with pytest.raises(NotFound):
        await house.client.read_file("a/ö b?.bin")


async def test_conditions(house: Running) -> None:
    first = await house.client.write_file("a", b"1", version=None)
    with pytest.raises(VersionConflict):
        await house.client.write_file("a", b"2", version=None)
    second = await house.client.write_file("a", b"2", version=first.version)
    with pytest.raises(VersionConflict) as caught:
        await house.client.write_file("a", b"3", version=first.version)
    assert caught.value.extra["version"] == second.version
    with pytest.raises(VersionConflict):
        await house.client.delete_file("a", version=first.version)
    async with house.client._session.get(
        "http://b/files/a", headers={"If-None-Match": f'"{second.version}"'}
    ) as response:
        assert response.status == 304
    with pytest.raises(InvalidInput, match="entity tag"):
        async with house.client._request("PUT", "/files/a", data=b"x", headers={"If-Match": "naked"}):
            pass


async def test_statuses_of_new_and_old_files(house: Running) -> None:
    for expected in (201, 200):
        async with house.client._session.put("http://b/files/a", data=b"x") as response:
            assert response.status == expected
            assert response.headers["ETag"].strip('"') == (await response.json())["version"]


async def test_ranges_and_heads(house: Running) -> None:
    await house.client.write_file("a", b"0123456789")
    async with house.client.open_file("a", headers={"Range": "bytes=2-4"}) as response:
        assert (response.status, await response.read()) == (206, b"234")
    async with house.client._session.head("http://b/files/a") as response:
        assert (response.status, response.headers["Content-Length"]) == (200, "10")


async def test_large_bodies_are_streamed_both_ways(house: Running) -> None:
    async def blocks() -> AsyncIterator[bytes]:
        for number in range(300):
            yield bytes([number % 256]) * 100_000

    written = await house.client.write_file("big", blocks())
    assert written.size == 30_000_000
    size = 0
    async with house.client.open_file("big") as response:
        async for block in response.content.iter_any():
            size += len(block)
    assert size == written.size


async def test_an_upload_that_breaks_off_changes_nothing(house: Running) -> None:
    await house.client.write_file("a", b"old")

    async def broken() -> AsyncIterator[bytes]:
        yield b"half" * 100_000
        raise ValueError("the browser was closed")

    with pytest.raises((ValueError, aiohttp.ClientError, Exception), match=r"browser|not answer|Connection"):
        await house.client.write_file("a", broken())
    assert (house.tree / "a").read_bytes() == b"old"
    assert (await house.client.write_file("a", b"new")).size == 3


async def test_bodies_beyond_the_limit(house: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_UPLOADED", 1000)

    async def blocks() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * 100

    with pytest.raises(TooLarge):
        await house.client.write_file("a", b"x" * 1001)
    with pytest.raises(TooLarge):
        await house.client.write_file("a", blocks())
    assert not (house.tree / "a").exists()


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a\0b", ".git/config", "", "out/x"])
async def test_paths_that_are_refused(house: Running, path: str) -> None:
    (house.tree / "out").symlink_to("/tmp")
    with pytest.raises(RefusedPath):
        await house.client.write_file(path, b"x")
    with pytest.raises(RefusedPath):
        await house.client.delete_file(path)


async def test_folders_are_listed_not_written(house: Running) -> None:
    await house.client.write_file("docs/a.txt", b"x")
    listing = await house.client.list_folder("", depth=2)
    assert [entry.path for entry in listing.entries] == ["docs", "docs/a.txt"]
    with pytest.raises(Conflict):
        await house.client.write_file("docs", b"x")

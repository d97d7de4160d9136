"""The copy of ignored files: one a workspace, by the newest epoch, whole or not at all."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from firefly.git import SOCKET

from .conftest import Hosted, copies_of, gateway_of, shadows_of


@pytest.fixture
async def workspace(hosted: Hosted, tmp_path: Path) -> AsyncIterator[UUID]:
    """One that the gateway listens for below `tmp_path`; its epoch is 2."""
    workspace_id = uuid4()
    async with hosted.database.connection() as connection:
        await connection.execute("insert into workspaces (id) values ($1)", workspace_id)

    gateway = gateway_of(hosted, tmp_path)
    await gateway.listen(workspace_id, tmp_path)
    yield workspace_id
    await gateway.close()


async def say(folder: Path, line: str, body: bytes = b"") -> bytes:
    reader, writer = await asyncio.open_unix_connection(folder / SOCKET)
    try:
        writer.write(line.encode() + b"\n" + body)
        writer.write_eof()
        async with asyncio.timeout(30):
            return await reader.read()
    finally:
        writer.close()


async def put(folder: Path, body: bytes, *, epoch: int = 2, size: int | None = None) -> bytes:
    digest = hashlib.sha256(body).hexdigest()
    return await say(folder, f"copy-put {epoch} {len(body) if size is None else size} 1 sha256:{digest}", body)


def kept(folder: Path) -> list[Path]:
    """The artifacts; beside each lie the marks of its uses."""
    return [path for path in (folder / "artifacts").glob("??/*") if "." not in path.name]


@pytest.mark.usefixtures("workspace")
async def test_the_newest_copy_is_kept_alone_and_given_back(tmp_path: Path) -> None:
    assert await say(tmp_path, "copy-get") == b"ok\n0\n"
    assert await put(tmp_path, b"one") == b"ok\ndone\n"
    assert await put(tmp_path, b"two!") == b"ok\ndone\n"
    assert await put(tmp_path, b"two!") == b"have\n"

    assert await say(tmp_path, "copy-get") == b"ok\n4\ntwo!"
    assert [path.read_bytes() for path in kept(tmp_path)] == [b"two!"]


@pytest.mark.usefixtures("workspace")
async def test_what_is_old_too_large_or_not_whole_changes_nothing(tmp_path: Path) -> None:
    await put(tmp_path, b"one")

    assert b"out of date" in await put(tmp_path, b"old", epoch=1)
    assert b"512 MiB at most" in await put(tmp_path, b"x", size=1 << 40)
    assert b"ended early" in await put(tmp_path, b"half", size=8)
    assert b"no such service" in await say(tmp_path, "copy-put 2 3 1 sha256:beef")
    assert await say(tmp_path, "copy-get") == b"ok\n3\none"
    assert len(kept(tmp_path)) == 1


async def test_one_that_comes_too_early_waits_and_a_forgotten_one_is_gone(
    hosted: Hosted, workspace: UUID, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firefly.git.copies.BYTES_A_SECOND", 0.001)
    await put(tmp_path, b"one")
    assert b"Copies come too fast" in await put(tmp_path, b"two")

    await copies_of(hosted, shadows_of(hosted), tmp_path).forget(workspace)
    assert kept(tmp_path) == []
    assert await say(tmp_path, "copy-get") == b"ok\n0\n"

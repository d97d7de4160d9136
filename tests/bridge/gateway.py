"""A small gateway to one bare repository, speaking what the remote helper expects."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

COPY = "copy.tar"


@asynccontextmanager
async def gateway(folder: Path, bare: Path, *, refusal: str | None = None) -> AsyncIterator[None]:
    """Listens on `folder`/git.sock; answers every request with `refusal` when given."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        service, *more = (await reader.readline()).decode().split()
        if refusal is not None:
            writer.write(f"error {refusal}\n".encode())
        else:
            writer.write(b"ok\n")
            if service.startswith("copy-"):
                await _copy(folder / COPY, more, reader, writer)
            else:
                await _serve(service, bare, reader, writer)
        writer.close()

    server = await asyncio.start_unix_server(answer, folder / "git.sock")
    async with server:
        yield


async def _copy(kept: Path, given: list[str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """`copy-put` has its epoch, size, number of files and digest after it, `copy-get` nothing."""
    if given:
        body = await reader.readexactly(int(given[1]))
        await asyncio.to_thread(kept.write_bytes, body)
        writer.write(b"done\n")
        return
    held = await asyncio.to_thread(_read, kept)
    writer.write(f"{len(held)}\n".encode() + held)


def _read(kept: Path) -> bytes:
    return kept.read_bytes() if kept.exists() else b""


async def _serve(service: str, bare: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(service, str(bare), stdin=pipe, stdout=pipe)
    assert process.stdin is not None
    assert process.stdout is not None
    feeding = asyncio.create_task(_feed(reader, process.stdin))
    while data := await process.stdout.read(65536):
        writer.write(data)
    feeding.cancel()
    await asyncio.gather(feeding, process.wait(), return_exceptions=True)


async def _feed(reader: asyncio.StreamReader, stdin: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        stdin.write(data)
        await stdin.drain()
    stdin.close()

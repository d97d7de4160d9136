"""A small gateway to one bare repository, speaking what the remote helper expects."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


@asynccontextmanager
async def gateway(folder: Path, bare: Path, *, refusal: str | None = None) -> AsyncIterator[None]:
    """Listens on `folder`/git.sock; answers every request with `refusal` when given."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        service = (await reader.readline()).decode().split()[0]
        if refusal is not None:
            writer.write(f"error {refusal}\n".encode())
        else:
            writer.write(b"ok\n")
            await _serve(service, bare, reader, writer)
        writer.close()

    server = await asyncio.start_unix_server(answer, folder / "git.sock")
    async with server:
        yield


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

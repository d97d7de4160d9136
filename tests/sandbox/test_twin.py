"""The twin of the backend keeps the promises of the interface, and its faults are the ones that it names."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pytest

from firefly.errors import Conflict, SandboxFailed, Unavailable
from firefly.sandbox.backend import Capabilities, SandboxSpec
from firefly.testing.sandbox import CrashingBackend, MemoryBackend, NeverReadyBackend, SlowBackend
from tests.support.waiting import eventually


def spec(*, trusted: bool = False) -> SandboxSpec:
    return SandboxSpec(uuid4(), 1000, trusted=trusted)


async def opened(backend: MemoryBackend) -> MemoryBackend:
    await backend.open()
    return backend


async def test_a_run_is_listed_until_it_is_stopped(tmp_path: Path) -> None:
    backend = await opened(MemoryBackend(tmp_path))
    instance = await backend.create(spec())
    assert list(await backend.list()) == [instance]
    assert await backend.exit_status(instance.id) is None
    await backend.stop(instance.id, reason="enough")
    assert list(await backend.list()) == []
    status = await backend.wait(instance.id)
    assert (status.reason, status.requested) == ("enough", True)
    await backend.stop(instance.id, reason="again")
    assert await backend.exit_status(instance.id) == status


async def test_calls_on_what_has_ended_are_unavailable(tmp_path: Path) -> None:
    backend = await opened(MemoryBackend(tmp_path))
    instance = await backend.create(spec())
    backend.end(instance.id, code=3, output="boom")
    with pytest.raises(Unavailable):
        await backend.connect(instance.id, 3000)
    with pytest.raises(Unavailable):
        await backend.stats(instance.id)
    assert await backend.logs(instance.id) == "boom"
    status = await backend.wait(instance.id)
    assert (status.code, status.requested) == (3, False)


async def test_a_handler_serves_a_port(tmp_path: Path) -> None:
    backend = await opened(MemoryBackend(tmp_path))
    instance = await backend.create(spec())

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readline())
        await writer.drain()

    backend.listen(instance.workspace_id, 3000, echo)
    with await backend.connect(instance.id, 3000) as connection:
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(connection, b"hello\n")
        assert await loop.sock_recv(connection, 100) == b"hello\n"
    with pytest.raises(Unavailable, match="port 4000"):
        await backend.connect(instance.id, 4000)
    await backend.close()


async def test_a_bridge_answers_on_its_path(tmp_path: Path) -> None:
    async def bridge(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bridge")
        writer.close()

    backend = await opened(MemoryBackend(tmp_path, bridge=bridge))
    instance = await backend.create(spec())
    reader, writer = await asyncio.open_unix_connection(str(backend.bridge_path(instance.id)))
    assert await reader.read() == b"bridge"
    writer.close()
    await writer.wait_closed()
    await backend.close()


async def test_a_later_backend_adopts_what_runs(tmp_path: Path) -> None:
    first = await opened(MemoryBackend(tmp_path))
    instance, ended = await first.create(spec()), await first.create(spec())
    first.end(ended.id)
    second = await opened(MemoryBackend(tmp_path, earlier=first))
    assert list(await second.adopt()) == [instance]
    assert await second.exit_status(ended.id) is not None


async def test_a_workspace_is_removed_only_when_nothing_runs_in_it(tmp_path: Path) -> None:
    backend = await opened(MemoryBackend(tmp_path))
    instance = await backend.create(spec())
    with pytest.raises(Conflict):
        await backend.remove_workspace(instance.workspace_id)
    await backend.stop(instance.id, reason="enough")
    await backend.remove_workspace(instance.workspace_id)
    assert backend.removed == [instance.workspace_id]


async def test_without_isolation_only_trusted_sandboxes_run(tmp_path: Path) -> None:
    capabilities = Capabilities(isolated=False, lacks=(), limits="rlimit")
    backend = await opened(MemoryBackend(tmp_path, capabilities=capabilities))
    with pytest.raises(SandboxFailed):
        await backend.create(spec())
    assert await backend.create(spec(trusted=True))


async def test_slow_waits_for_its_gate(tmp_path: Path) -> None:
    backend = SlowBackend(tmp_path)
    await backend.open()
    start = asyncio.create_task(backend.create(spec()))
    await eventually(lambda: backend.waiting == 1)
    assert not start.done()
    backend.gate.set()
    assert await start
    assert backend.waiting == 0


async def test_never_ready_gives_up(tmp_path: Path) -> None:
    backend = await opened(NeverReadyBackend(tmp_path))
    with pytest.raises(SandboxFailed, match="did not answer"):
        await backend.create(spec())
    assert list(await backend.list()) == []


async def test_crashing_crashes_as_often_as_told(tmp_path: Path) -> None:
    backend = await opened(CrashingBackend(tmp_path, crashes=2))
    for _ in range(2):
        with pytest.raises(SandboxFailed) as failure:
            await backend.create(spec())
        assert failure.value.output
    assert await backend.create(spec())

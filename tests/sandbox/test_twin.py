"""What the twin of the backend has beyond the interface, whose promises it keeps by test_conformance.py."""

from pathlib import Path
from uuid import uuid4

import pytest

from firefly.errors import SandboxFailed
from firefly.sandbox.backend import Capabilities, SandboxSpec
from firefly.testing.sandbox import MemoryBackend


def spec(*, trusted: bool = False) -> SandboxSpec:
    return SandboxSpec(uuid4(), 1000, trusted=trusted)


async def test_a_run_ends_as_it_is_told_to(tmp_path: Path) -> None:
    backend = MemoryBackend(tmp_path)
    await backend.open()
    instance = await backend.create(spec())
    backend.end(instance.id, code=3, output="boom")
    assert await backend.logs(instance.id) == "boom"
    status = await backend.wait(instance.id)
    assert (status.code, status.requested, status.output) == (3, False, "boom")
    assert backend.started[0].workspace_id == instance.workspace_id
    await backend.remove_workspace(instance.workspace_id)
    assert backend.removed == [instance.workspace_id]


async def test_without_isolation_only_trusted_sandboxes_run(tmp_path: Path) -> None:
    backend = MemoryBackend(tmp_path, capabilities=Capabilities(isolated=False, lacks=(), limits="rlimit"))
    await backend.open()
    with pytest.raises(SandboxFailed):
        await backend.create(spec())
    assert await backend.create(spec(trusted=True))

"""Where the server may not join a container's network: as an ordinary user, and with a runtime of another name."""

import asyncio
import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from firefly.errors import SandboxFailed
from firefly.sandbox.docker.backend import DockerBackend
from firefly.settings import Settings
from firefly.testing.subnets import MemorySubnets
from tests.sandbox.backends import Ground
from tests.sandbox.ordinary_user import UID
from tests.support.engine import RUNTIME, Engine, needs_engine
from tests.support.shown import Shown
from tests.support.waiting import eventually

pytestmark = needs_engine


async def test_an_ordinary_user_of_the_engine_has_all_of_it_with_another_runtime_too(
    engine: Engine, project_image: str, shown: Shown, tmp_path: Path
) -> None:
    """The bridge, ports on the loopback alone and the gateway are reached; the network is closed as for root."""
    engine.folder.chmod(0o711)
    socket = engine.folder / "docker.sock"
    os.chown(socket, 0, UID)
    command = [sys.executable, "-m", "tests.sandbox.docker.ordinary_user", str(tmp_path)]
    process = await asyncio.create_subprocess_exec(
        *engine.inside(*command, str(socket), project_image, RUNTIME), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    output, errors = await process.communicate()
    await asyncio.to_thread(shutil.rmtree, (tmp_path / "base").resolve(), ignore_errors=True)
    assert process.returncode == 0, errors.decode()
    assert json.loads(output.splitlines()[-1]) == {
        "lacks": [], "port": "from inside", "user": [str(UID), "hello"], "file": "kept\n",
        "metadata": errno.EHOSTUNREACH, "gateway": "from the server", "adopted": True, "port again": "from inside",
        "ports": [3000], "left": [],
    }  # fmt: skip
    await eventually(shown.nothing)


async def test_a_runtime_that_the_engine_does_not_know_is_named_at_the_start(settings: Settings) -> None:
    missing = settings.model_copy(update={"docker_runtime": "runsc"})
    ground = Ground(lambda _: DockerBackend(missing, MemorySubnets()))
    await ground.backend.open()
    assert [lack.what for lack in ground.backend.capabilities().lacks] == ["the runtime runsc"]
    with pytest.raises(SandboxFailed, match=r"without the runtime runsc: enter it in the engine's daemon\.json"):
        await ground.start(trusted=True)
    await ground.clear()


async def test_an_engine_on_another_machine_is_refused_by_name(settings: Settings) -> None:
    elsewhere = settings.model_copy(update={"docker_host": "tcp://192.0.2.1:2375"})
    ground = Ground(lambda _: DockerBackend(elsewhere, MemorySubnets()))
    await ground.backend.open()
    with pytest.raises(SandboxFailed, match="without an engine on this machine: set FIREFLY_DOCKER_HOST"):
        await ground.start(trusted=True)
    await ground.clear()

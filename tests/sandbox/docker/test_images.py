"""Images by command, by Dockerfile and by a registry, and how they and what they bring along go again."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from firefly.sandbox.docker import building, debian, detection
from firefly.sandbox.docker.backend import DockerBackend
from firefly.sandbox.docker.images import KIND, Images
from firefly.settings import Settings
from firefly.testing.subnets import MemorySubnets
from tests.sandbox.backends import Ground
from tests.support.engine import Engine, needs_engine
from tests.support.shown import Shown
from tests.support.waiting import eventually

pytestmark = needs_engine

REGISTRY = """version: 0.1
storage: {{filesystem: {{rootdirectory: {folder}/registry}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:5000"}}
"""
DOCKERFILE = """FROM {base} AS wheel
LABEL which=first
FROM {base} AS project
ARG PACKAGES=none
COPY LICENSE /opt/firefly/LICENSE
LABEL which=second packages=$PACKAGES
FROM wheel AS server
LABEL which=third
"""


@pytest.fixture
def base(project_image: str) -> str:
    """What the project image was made upon."""
    return building.base_name(debian.own_suite())


@pytest.fixture
def registry(engine: Engine, tmp_path: Path) -> Iterator[str]:
    """A registry on the loopback of the engine's machine."""
    (tmp_path / "registry.yml").write_text(REGISTRY.format(folder=tmp_path))
    command = engine.inside("docker-registry", "serve", str(tmp_path / "registry.yml"))
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        while b"listening on" not in process.stderr.readline():
            assert process.poll() is None
        yield "127.0.0.1:5000"
        process.kill()


async def admin(engine: Engine, folder: Path, image: str, *options: str, **more: str) -> str:
    """`firefly admin image build`; what it prints."""
    variables = {key: value for key, value in os.environ.items() if not key.startswith("FIREFLY_")} | more
    variables |= {"FIREFLY_DATA_DIR": str(folder / "data"), "HOME": str(folder)}
    variables |= {"FIREFLY_DOCKER_HOST": engine.url, "FIREFLY_DOCKER_IMAGE": image}
    command = [sys.executable, "-m", "firefly", "admin", "image", "build", "--json", *options]
    process = await asyncio.create_subprocess_exec(*command, env=variables, stdout=subprocess.PIPE)
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()


async def test_the_command_builds_upon_debian(engine: Engine, base: str, shown: Shown, tmp_path: Path) -> None:
    """Whose tree it makes only where there is none."""
    name = f"project-{uuid4().hex[:8]}"
    assert json.loads(await admin(engine, tmp_path, name, "--from-debootstrap")) == {"image": name, "with": []}
    images = Images(shown.client)
    assert (await images.labels(name))[KIND] == "project"
    wanted = {"image": name, "runtime": "runc"}
    found = await detection.look(shown.client, images, "0123456789ab", **wanted)
    assert found.isolated, found.lacks
    missing = await detection.look(shown.client, images, "0123456789ab", image="no-such-image", runtime="fast")
    assert not missing.isolated
    assert [lack.what for lack in missing.lacks][-2:] == ["the runtime fast", "the image no-such-image"]


async def test_the_command_pushes_and_a_server_pulls(
    engine: Engine, registry: str, shown: Shown, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch AS project\nCOPY LICENSE /\n")
    (tmp_path / "LICENSE").write_text(f"{uuid4()}\n")
    name = f"project-{uuid4().hex[:8]}"
    await admin(engine, tmp_path, name, "--checkout", str(tmp_path), FIREFLY_REGISTRY=registry)
    images, there = Images(shown.client), f"{registry}/{name}"
    for known in (name, there):
        async with shown.client.calling() as docker:
            await docker.images.delete(known)
    assert await images.find(there) is None
    with capture_logs() as logged:
        await detection.look(shown.client, images, "0123456789ab", image=there, runtime="")
    steps = [entry["step"] for entry in logged if entry["event"] == "docker.pulling"]
    assert any("Pulling from" in step for step in steps)
    assert (await images.labels(there))[KIND] == "project"


async def test_the_dockerfiles_second_target_is_the_project_image(
    base: str, shown: Shown, tmp_path: Path, settings: Settings
) -> None:
    """What a newer build takes the name of is removed, unless something runs of it; volumes go with their container."""
    (tmp_path / "Dockerfile").write_text(DOCKERFILE.format(base=base))
    (tmp_path / "LICENSE").write_text("ours\n")
    images, lines, name = Images(shown.client), list[str](), f"project-{uuid4().hex[:8]}"
    await building.build_from_dockerfile(images, name, folder=tmp_path, tell=lines.append, having=("go",))
    assert any(line.startswith("Step ") for line in lines)
    labels = await images.labels(name)
    assert (labels["which"], labels[KIND], labels["packages"]) == ("second", "project", "golang-go")
    assert await building.languages_of(images, name) == ("go",)
    (tmp_path / "Dockerfile").write_text(f"FROM {settings.docker_image} AS project\nVOLUME /var/cache\n")
    first = await images.find(name)
    assert first is not None
    await building.build_from_dockerfile(images, name, folder=tmp_path, tell=lines.append)
    ground = Ground(lambda _: DockerBackend(settings.model_copy(update={"docker_image": name}), MemorySubnets()))
    await ground.backend.open()
    sandbox = await ground.start()

    async def volumes() -> list[object]:
        return list((await shown.client.call("GET", "volumes"))["Volumes"] or [])

    assert len(await volumes()) == 1
    assert isinstance(ground.backend, DockerBackend)
    await ground.backend.tidy()
    assert await images.find(first["Id"]) is None
    assert (await sandbox.run("echo on")).stdout == "on\n"
    await ground.clear()
    await eventually(shown.nothing)
    assert await volumes() == []

"""What the commands of Dockerfiles use is bounded by the group that BuildKit keeps them in."""

from pathlib import Path

import pytest

from firefly.builds.images.builder import ImageFailed
from tests.builds.images.conftest import Workshop
from tests.support.engine import Engine, needs_engine

pytestmark = needs_engine

HOG = 'FROM {base}\nRUN echo begun; python3 -c "print(len(bytearray(300 << 20)))"\n'


async def test_a_command_that_takes_too_much_is_ended_and_the_build_says_why(
    workshop: Workshop, engine: Engine
) -> None:
    workshop.use(build_memory=64 << 20, build_cpu=0.5, builds_at_once=2)
    try:
        with pytest.raises(ImageFailed) as caught:
            await workshop.make({"Dockerfile": HOG})
        assert "most likely because its memory was used up" in caught.value.failure.cause
        assert caught.value.failure.remedy.endswith("All images that are built at one time have 128 MiB together.")
        assert workshop.printed.startswith("begun")
        assert int(_of(engine, "memory", "memory.limit_in_bytes")) == 128 << 20
        assert int(_of(engine, "cpu", "cpu.cfs_quota_us")) == int(_of(engine, "cpu", "cpu.cfs_period_us"))
    finally:
        # The engine is everybody's, and these are larger than any machine.
        workshop.use(build_memory=1 << 45, build_cpu=256)
        await workshop.make({"Dockerfile": HOG})
    assert "314572800" in workshop.printed


async def test_where_they_cannot_be_bounded_the_log_begins_with_that(workshop: Workshop) -> None:
    workshop.use(build_memory=64 << 20, docker_image="not-there", build_network="open")
    await workshop.make({"Dockerfile": 'FROM {base}\nCMD ["true"]\n'})
    first = workshop.log.steps[0]
    assert first.name == "prepare"
    assert "are bounded by the engine alone: No such image: not-there" in first.said[0]


def _of(engine: Engine, controller: str, name: str) -> str:
    return (Path("/sys/fs/cgroup") / controller / engine.folder.name / "buildkit" / name).read_text()

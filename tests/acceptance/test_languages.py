"""Go, Rust, Java, PHP and Ruby, pushed, built, shown and answering; what cannot be built is explained."""

import shutil
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import pytest

from firefly.sandbox.languages import LANGUAGES as PROGRAMS
from tests.support.engine import Engine, needs_engine
from tests.support.frameworks import LARGE
from tests.support.images import make_image
from tests.support.languages import LANGUAGES, MISSING, WRONG
from tests.support.server import LiveServer
from tests.support.town import LIMIT, SHOWN, Town, served

missing = [program for one in PROGRAMS.values() for program in one.programs if shutil.which(program) is None]
pytestmark = [
    pytest.mark.kinds,
    pytest.mark.skipif(bool(missing), reason=f"{missing} not there: scripts/system-packages kinds"),
    pytest.mark.timeout(LIMIT + SHOWN),
    pytest.mark.xdist_group("live"),
]


BACKENDS = [pytest.param("process"), pytest.param("docker", marks=needs_engine[0])]


@pytest.fixture(scope="module", params=BACKENDS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One for all languages; its image has Debian's gems of the project in Ruby besides."""
    settings: Mapping[str, str] = {}
    if request.param == "docker":
        engine: Engine = request.getfixturevalue("engine")
        image = make_image(engine.url, tmp_path_factory.mktemp("image"), tuple(PROGRAMS), ("puma",))
        settings = {
            "FIREFLY_SANDBOX": "docker", "FIREFLY_DOCKER_HOST": engine.url, "FIREFLY_DOCKER_IMAGE": image,
        }  # fmt: skip
    with served(tmp_path_factory.mktemp("languages"), settings) as server:
        yield server


@pytest.fixture
async def town(server: LiveServer, tmp_path: Path) -> AsyncIterator[Town]:
    async with server.client() as client:
        yield Town(server, client, tmp_path / "clones")


@pytest.mark.parametrize("language", PROGRAMS)
async def test_a_project_answers_and_what_cannot_be_built_is_explained(town: Town, language: str) -> None:
    large = () if "FIREFLY_SANDBOX" in town.server.settings else LARGE.get(language, ())
    kinds = [kind for kind in LANGUAGES if kind.name == language]
    assert await town.states([*kinds, *large]) == {"succeeded"}
    for failing in (MISSING, WRONG):
        files, told = failing[language]
        failed = await town.push(f"{language}-{len(told)}", files)
        assert failed["state"] == "failed", failed
        assert told in failed["failure"]["cause"], failed["failure"]
        assert failed["failure"]["remedy"]

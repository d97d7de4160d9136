"""Real projects pushed with stock git: analysed, installed from the registries, built, shown, and answering.

A backend joins by an entry in BACKENDS. What `make test` sees of projects in containers is in test_images.py.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Set
from pathlib import Path

import pytest

from tests.support.engine import Engine, needs_engine
from tests.support.kinds import BROKEN, KINDS, Kind
from tests.support.server import LiveServer
from tests.support.town import LIMIT, SHOWN, Town, served


def _docker(request: pytest.FixtureRequest) -> Mapping[str, str]:
    engine: Engine = request.getfixturevalue("engine")
    image: str = request.getfixturevalue("project_image")
    return {"FIREFLY_SANDBOX": "docker", "FIREFLY_DOCKER_HOST": engine.url, "FIREFLY_DOCKER_IMAGE": image}


# What the server of a backend is told, by its name; None: it is the one that they share.
BACKENDS: Mapping[str, Callable[[pytest.FixtureRequest], Mapping[str, str]] | None] = {
    "process": None,
    "docker": _docker,
}
MARKS = {"docker": (needs_engine[0], pytest.mark.kinds)}
# The kinds that need no registry, for every run; the others are for `make kinds`.
QUICK = {"static", "procfile"}
# Half a gigabyte of packages: by itself, so that it keeps none of the others waiting.
LARGE = {"streamlit"}

pytestmark = [pytest.mark.timeout(LIMIT + SHOWN), pytest.mark.xdist_group("live")]


@pytest.fixture(params=[pytest.param(name, marks=MARKS.get(name, ())) for name in sorted(BACKENDS)])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveServer]:
    told = BACKENDS[request.param]
    if told is None:
        yield request.getfixturevalue("building_server")
        return
    with served(tmp_path, told(request)) as server:
        yield server


@pytest.fixture
async def town(server: LiveServer, tmp_path: Path) -> AsyncIterator[Town]:
    async with server.client() as client:
        yield Town(server, client, tmp_path / "clones")


def _named(names: Set[str]) -> list[Kind]:
    return [kind for kind in KINDS if kind.name in names]


async def test_quick_ones_are_built_and_answer_and_one_that_fails_is_explained(town: Town) -> None:
    assert await town.states(_named(QUICK)) == {"succeeded"}
    failed = await town.push("broken", BROKEN)
    assert failed["state"] == "failed"
    failure = failed["failure"]
    assert failure["cause"] == "The module “not-there” is imported and not there."
    assert (failure["step"], failure["command"], failure["exit_code"]) == ("build", "npm run build", 1)
    assert any("Cannot find module 'not-there'" in line for line in failure["lines"])


@pytest.mark.network
@pytest.mark.kinds
async def test_the_others_are_built_and_answer(town: Town) -> None:
    assert await town.states(_named({kind.name for kind in KINDS} - QUICK - LARGE)) == {"succeeded"}


@pytest.mark.network
@pytest.mark.kinds
async def test_a_script_of_streamlit_runs_when_its_socket_is_opened(town: Town) -> None:
    assert await town.states(_named(LARGE)) == {"succeeded"}

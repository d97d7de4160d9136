"""Artifacts of real commits, made in real sandboxes."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from firefly.builds.model import BuildState, Trust
from firefly.errors import NotFound
from firefly.projects.records import plain
from firefly.sandbox.detection import Machine
from firefly.sandbox.process import ProcessBackend
from firefly.settings import Settings
from firefly.testing.build_log import MemoryBuildLog
from firefly.testing.clock import ManualClock
from tests.bridge.test_building import OWN, sleepers
from tests.builds.workshop import Workshop, workshop
from tests.builds.yard import Yard
from tests.sandbox.conftest import machine
from tests.sandbox.keeping import House
from tests.support.waiting import eventually

__all__ = ["machine"]


@pytest.fixture
async def shop(
    yard: Yard, clock: ManualClock, settings: Settings, machine: Machine, tmp_path: Path
) -> AsyncIterator[Workshop]:
    backend = ProcessBackend(settings, machine=machine)
    house = House(yard.database, yard.bus, settings, clock, tmp_path)
    async with house.open(backend, stop_all=True) as keeper, workshop(yard, keeper, tmp_path) as made:
        made.backend = backend
        yield made


# What bad scripts do, and what harms none but themselves.
HARMLESS = (
    f"setsid sleep 7701.{OWN} > /dev/null 2>&1 & head -c 300000 /dev/urandom; printf '\\377\\000\\033[2J';"
    " read answer || echo none"
)
CONFIGURATION = {
    "install": ["mkdir deps", "echo dep > deps/one"],
    "build": ["cat deps/one src.txt > out.txt", HARMLESS],
    "test": ["grep -q dep out.txt"],
    "run": ["cat out.txt"],
}
# Whatever is JSON is YAML.
SERVER = {"firefly.yml": json.dumps(CONFIGURATION), "src.txt": "source\n", "run.sh": "#!/bin/sh\n"}


async def test_a_tree_is_installed_built_tested_and_packed(shop: Workshop) -> None:
    shop.secrets = {"API_KEY": "do-not-tell"}
    commit = shop.commit(SERVER)
    outcome, log = await shop.run(commit)
    assert outcome.state is BuildState.SUCCEEDED, (outcome, log.steps)
    assert outcome.artifact is not None
    steps = " ".join(step.name for step in log.steps)
    assert steps == "fetch analyse prepare install install build build test pack"
    bad = bytes(log.steps[6].out)
    assert (len(bad), bad[-11:]) == (300_011, b"\xff\0\x1b[2Jnone\n")
    assert not sleepers("7701")
    content = await shop.content(outcome.artifact)
    assert content["out.txt"] == b"dep\nsource\n"
    assert log.masked == ["do-not-tell"]
    again, _ = await shop.run(commit)
    assert (again.artifact, again.reused_from is not None) == (outcome.artifact, True)
    anew, _ = await shop.run(commit, forced=True)
    assert (anew.artifact, anew.reused_from) == (outcome.artifact, None)
    # Another secret may be another result.
    shop.secrets = {"API_KEY": "another"}
    other, _ = await shop.run(commit, ref="refs/heads/other")
    assert other.reused_from is None


BAD = {
    "missing": "no-such-program --now",
    "parent": "kill -9 $PPID; sleep 60",
    "memory": "python3 -c 'x = bytearray(900 << 20)'",
    "disk": "head -c 320000000 /dev/zero > full; sleep 60",
}


async def test_builds_that_fail_are_explained_and_kept_for_an_hour(shop: Workshop, clock: ManualClock) -> None:
    limits = "resources: {memory: 256m, disk: 300m}\n"
    commits = {
        name: shop.commit({"firefly.yml": f"{limits}build: [{json.dumps(script)}]\nrun: [echo]\n", "kept": "here"})
        for name, script in BAD.items()
    }
    builds = {name: await shop.ask(commit, ref=f"refs/heads/{name}") for name, commit in commits.items()}
    outcomes = await asyncio.gather(*(shop.runner.run(build, MemoryBuildLog()) for build in builds.values()))
    causes = {name: outcome.failure and outcome.failure.cause for name, outcome in zip(BAD, outcomes, strict=True)}
    assert causes["missing"] == "There is no program “no-such-program”."
    assert str(causes["parent"]).startswith("The sandbox was ended from inside")
    assert causes["memory"] == "The memory of the sandbox was used up, so the largest process was ended."
    assert str(causes["disk"]).startswith("The workspace takes up more than 0.293 GiB")
    assert {outcome.state for outcome in outcomes} == {BuildState.FAILED}

    # Somebody may look around in there, for an hour.
    await shop.workplaces.settled()
    kept = "select workspace_id from build_workspaces where build_id = $1 and kept_until = $2"
    workspace_id = plain(await shop.yard.value(kept, builds["missing"].id, clock.now() + timedelta(hours=1)))
    instance = await shop.keeper.ensure(workspace_id)
    assert (await shop.backend.exec(instance.id, "cat kept")).stdout == "here"
    assert (await shop.workplaces.clear(dry=False)).count == 0
    clock.advance(3601)
    assert (await shop.workplaces.clear(dry=False)).count == len(BAD)
    with pytest.raises(NotFound):
        await shop.keeper.ensure(workspace_id)

    # A server that ended before it said what it had taken one for left it; what is a project's is not.
    lost, held = await shop.keeper.create_workspace(), await shop.keeper.create_workspace()
    await shop.yard.execute("update projects set workspace_id = $1", held)
    assert (await shop.workplaces.clear(dry=False)).count == 0
    clock.advance(7201)
    assert (await shop.workplaces.clear(dry=False)).count == 1
    found = await shop.yard.value("select array_agg(id) from workspaces where claimed_at is not null")
    assert [plain(id) for id in found] == [held], lost


async def test_a_build_that_is_ended_leaves_nothing_within_a_second(shop: Workshop) -> None:
    stubborn = f"trap '' TERM; setsid sleep 7702.{OWN} & sleep 7703.{OWN}"
    commit = shop.commit({"firefly.yml": json.dumps({"build": [stubborn], "run": ["echo"]})})
    build = await shop.ask(commit)
    running = asyncio.create_task(shop.runner.run(build, MemoryBuildLog()))
    await eventually(lambda: bool(sleepers("7702") and sleepers("7703")))
    began = time.monotonic()
    running.cancel()
    await asyncio.wait([running])
    assert not sleepers("7702")
    assert not sleepers("7703")
    assert time.monotonic() - began < 10
    assert await shop.yard.value("select count(*) from build_workspaces") == 0


# What npm makes of it, without the second that the real one takes.
NPM = "#!/bin/sh\nmkdir node_modules && ln -s ../near node_modules/near\n"
PACKAGES = {
    "package.json": json.dumps({"scripts": {"start": "node app.js"}, "dependencies": {"near": "file:./near"}}),
    "package-lock.json": json.dumps({"lockfileVersion": 3, "packages": {}}),
    "near/package.json": json.dumps({"name": "near", "version": "1.0.0"}),
    "app.js": "require('near')",
    "bin/npm": NPM,
    "firefly.yml": "env: {PATH: '/workspace/bin:/usr/bin:/bin'}\n",
}


async def test_dependencies_are_kept_for_the_same_lock_file_and_never_shared_with_strangers(shop: Workshop) -> None:
    first, log = await shop.run(shop.commit(PACKAGES))
    assert [step.command for step in log.named("install")] == ["npm ci"], log.steps
    changed = shop.commit({"app.js": "require('near'); 1"})
    second, log = await shop.run(changed)
    assert second.artifact != first.artifact
    assert "is that of an earlier build" in log.named("cache")[0].said[0]
    assert not log.named("install")
    assert second.artifact is not None
    assert (await shop.content(second.artifact))["node_modules/near"] == "../near"

    # What strangers make is theirs alone, of each pull request, and nothing of the project's is theirs.
    shop.secrets = {"API_KEY": "do-not-tell"}
    for ref in ("refs/pull/7", "refs/pull/8"):
        fork, log = await shop.run(changed, ref=ref, trust=Trust.FORK)
        assert (fork.state, fork.reused_from, log.masked) == (BuildState.SUCCEEDED, None, [])
        assert log.named("install")
        assert fork.artifact == second.artifact


# What Go makes of it: what is compiled is found again, and no part of what is shown.
GO = """#!/bin/sh
[ "$1" = version ] && echo go version go1.19.8 linux/amd64 && exit
[ -e "$GOCACHE/std" ] && echo compiled before
mkdir -p "$GOCACHE" "$GOMODCACHE" && touch "$GOCACHE/std" && cp main.go bin/app
"""
MODULE = {
    "go.mod": "module garden\n\ngo 1.23\n",
    "main.go": "package main\n",
    "bin/go": GO,
    "firefly.yml": "env: {PATH: '/workspace/bin:/usr/bin:/bin'}\n",
}


async def test_what_a_compiler_made_is_kept_for_the_next_build_and_a_missing_one_is_told(shop: Workshop) -> None:
    first, log = await shop.run(shop.commit(MODULE))
    assert first.state is BuildState.SUCCEEDED, (first, log.steps)
    assert log.named("prepare")[0].said[-1] == "Go 1.19.8 is there, which may be too old: the project asks for 1.23."
    second, log = await shop.run(shop.commit({"main.go": "package main\n\n"}))
    assert bytes(log.named("build")[0].out) == b"compiled before\n"
    assert second.artifact is not None
    assert not [name for name in await shop.content(second.artifact) if name.startswith(".go-cache")]

    nowhere = "env: {PATH: /nowhere}\n"
    lacking, log = await shop.run(shop.commit({"firefly.yml": nowhere}))
    assert lacking.failure is not None
    assert lacking.failure.cause == "The sandboxes of this server have no “go”, which belongs to Go."
    assert "apt install golang-go" in lacking.failure.remedy
    assert "--with go" in lacking.failure.remedy
    assert [step.name for step in log.steps] == ["fetch", "analyse", "prepare"]
    # Whoever installs something himself may bring it.
    own = "install: ['PATH=/bin cp bin/go own']\nbuild: [./own version]\n"
    brought, log = await shop.run(shop.commit({"firefly.yml": nowhere + own}))
    assert "have no “go”" in log.named("prepare")[0].said[-1]
    assert brought.state is BuildState.SUCCEEDED, (brought, log.steps)


async def test_tests_that_fail_leave_an_artifact_that_nobody_may_see(shop: Workshop) -> None:
    commit = shop.commit({"firefly.yml": json.dumps({"test": ["echo FAILED one; exit 1", "echo two"], "run": ["x"]})})
    outcome, log = await shop.run(commit)
    assert outcome.state is BuildState.TESTS_FAILED
    assert outcome.failure is not None
    assert (outcome.failure.step, outcome.failure.lines) == ("test", ("FAILED one",))
    assert [step.command for step in log.named("test")] == ["echo FAILED one; exit 1"]
    assert outcome.artifact is not None
    # What is built again is tried again.
    again, _ = await shop.run(commit)
    assert again.state is BuildState.TESTS_FAILED


async def test_pages_are_the_artifact_where_nothing_runs(shop: Workshop) -> None:
    configuration = {"build": ["mkdir -p dist && cp index.html dist/ && ln -s /usr/bin/env dist/env"]}
    commit = shop.commit({"index.html": "<h1>hello</h1>", "firefly.yml": json.dumps(configuration)})
    outcome, log = await shop.run(commit)
    assert outcome.artifact is not None, outcome
    assert (await shop.content(outcome.artifact))["index.html"] == b"<h1>hello</h1>"
    wrong = await shop.run(shop.commit({"firefly.yml": "instal: [x]\n"}))
    assert wrong[0].failure is not None
    assert wrong[0].failure.cause.startswith("firefly.yml, line 1: the key instal is not known")
    await shop.yard.execute(
        "insert into build_settings (project_id, configuration, configuration_forced) values ($1, $2, true)",
        shop.project_id, "run: [cat index.html]\nbuild: [echo stored]\n",
    )  # fmt: skip
    _, log = await shop.run(shop.commit({"x": "y"}))
    assert [step.command for step in log.named("build")] == ["echo stored"]
    found = await shop.yard.value("select configured_by from builds order by number desc limit 1")
    assert found == "the project's settings, which are forced,"
    # Whoever was away for so long that another builds it says nothing of it any more.
    late = await shop.ask(commit, ref="refs/heads/late")
    refused = await shop.runner.run(replace(late, epoch=late.epoch + 1), MemoryBuildLog())
    assert refused.reason == "Another builds it by now."
    assert await shop.yard.value("select plan from builds where id = $1", late.id) is None
    gone, _ = await shop.run("b" * 40)
    assert gone.failure is not None
    assert "forced to another one" in gone.failure.cause

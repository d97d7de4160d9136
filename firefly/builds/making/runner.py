"""Turns a build into its artifact: looks at the commit, decides how, takes what is there already, else makes it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import Any
from uuid import UUID

import structlog

from firefly.errors import Conflict, InvalidInput, NotFound, SandboxFailed, StorageFull
from firefly.git import Git, Repositories
from firefly.protocol.errors import ManifestError
from firefly.sandbox.terms import size
from firefly.store import Database, load_queries

from ..analysis import CommitSource, Plan, Strategy, analyse
from ..model import Build, BuildState, Failure, Outcome, Trust
from ..packing.artifacts import Artifacts
from ..seams import BuildLog, StepLog
from ..strategies.strategy import BuildFailed, BuildStrategy, Job, Made
from . import keys, plans
from .patience import patiently
from .storable import storable
from .stored import Stored
from .tree import Bounds, CommitTree, TreeReading

log = structlog.get_logger()

_WHAT_RUNS = (
    "Say in firefly.yml what is run, as in `run: [npm start]`; of several applications which one, "
    "as in `run: [npm start -w apps/web]` or `run: [cd apps/api && npm start]`."
)
SecretsOf = Callable[[UUID], Awaitable[Mapping[str, str]]]
# What no later try would change.
_FINAL = (InvalidInput, NotFound, Conflict, SandboxFailed, StorageFull)


class BuildRunner:
    """Fulfils `seams.Runner`. `engine`: whether there is a container engine."""

    def __init__(
        self,
        *,
        database: Database,
        git: Git,
        repositories: Repositories,
        reading: TreeReading,
        strategies: Sequence[BuildStrategy],
        artifacts: Artifacts,
        secrets_of: SecretsOf,
        bounds: Bounds,
        engine: bool,
    ) -> None:
        self._database = database
        self._git = git
        self._repositories = repositories
        self._reading = reading
        self._strategies = strategies
        self._artifacts = artifacts
        self._secrets_of = secrets_of
        self._bounds = bounds
        self._engine = engine
        self._queries: Any = load_queries("making")

    async def run(self, build: Build, log: BuildLog) -> Outcome:
        """Raises what may be otherwise next time, as where the database or all sandboxes are away."""
        try:
            tree = await self._fetch(build, log)
            plan = await self._analyse(build, tree, log)
            return await self._make_or_take(build, tree, plan, log)
        except BuildFailed as failed:
            return Outcome(state=BuildState.FAILED, reason=failed.failure.cause, failure=failed.failure)

    async def _fetch(self, build: Build, log: BuildLog) -> CommitTree:
        async with log.step("fetch") as step:
            with _failing("fetch"):
                repository = await self._repositories.existing(build.project_id)
                tree = await self._reading.look(repository, build.commit, self._bounds)
            await step.say(f"Commit {build.commit[:12]}: {tree.files} files, {size(tree.size)}.")
            if tree.submodules:
                await step.say(f"Not fetched, since they are elsewhere: the submodules {', '.join(tree.submodules)}.")
            return tree

    async def _analyse(self, build: Build, tree: CommitTree, log: BuildLog) -> Plan:
        async with log.step("analyse") as step:
            with _failing("analyse"):
                stored = await patiently(lambda: Stored.of(build.project_id, self._database))
                async with CommitSource.open(self._git, tree.repository, tree.commit, tree.folders) as source:
                    look = partial(analyse, source, stored.manifest(), forced=stored.forced, engine=self._engine)
                    plan, kept_elsewhere = await asyncio.to_thread(lambda: (look(), _points_elsewhere(source)))
            await _tell(plan, step)
            if kept_elsewhere:
                await step.say("Files of Git LFS are not fetched: they are the pointers that the commit holds.")
            if plan.strategy is Strategy.NONE:
                raise BuildFailed(_nothing(plan))
            return plan

    async def _make_or_take(self, build: Build, tree: CommitTree, plan: Plan, log: BuildLog) -> Outcome:
        strategy = next((one for one in self._strategies if one.suits(plan)), None)
        if strategy is None:
            what = f"Nothing on this server makes what the plan asks for: {plan.strategy.value}."
            raise BuildFailed(Failure("analyse", what, "Ask an administrator for a container engine."))
        with _failing("prepare"):
            job = await patiently(lambda: self._job(build, tree, plan, strategy))
        key = keys.build_key(
            tree=tree.id, plan=plan, base=job.base, project_id=build.project_id, domain=job.domain, secrets=job.secrets
        )
        await patiently(lambda: self._note(build, tree, plan, key))
        if not build.forced and (earlier := await patiently(lambda: self._artifacts.find(key))):
            async with log.step("reuse") as step:
                await step.say("An earlier build made the same of the same tree: its artifact is taken.")
            return Outcome(
                state=BuildState.SUCCEEDED, reason="The artifact of an earlier build is taken: nothing has changed.",
                artifact=earlier.product.digest, reused_from=earlier.build_id,
            )  # fmt: skip
        await asyncio.to_thread(log.mask, *job.secrets.values())
        return _outcome(await self._make(strategy, job, log))

    async def _job(self, build: Build, tree: CommitTree, plan: Plan, strategy: BuildStrategy) -> Job:
        ours = build.trust is Trust.PROJECT
        paths = sorted({path for cache in plan.caches for path in cache.keys})
        base, secrets, ids = await asyncio.gather(
            strategy.base(plan), self._secrets_of(build.project_id) if ours else _none(), tree.ids(paths)
        )
        return Job(
            build=build, plan=plan, tree=tree, base=base, domain=keys.domain(build), ids=ids, secrets=secrets,
            environment={**_environment(build), **plan.env},
        )  # fmt: skip

    async def _note(self, build: Build, tree: CommitTree, plan: Plan, key: str) -> None:
        async with self._database.connection() as connection:
            await self._queries.note_plan(
                connection, **asdict(build.hold), tree=tree.id, plan=storable(plans.to_json(plan)), build_key=key,
                configured_by=plan.configured_by,
            )  # fmt: skip

    async def _make(self, strategy: BuildStrategy, job: Job, log: BuildLog) -> Made:
        with _failing("build"):
            return await strategy.make(job, log)


@contextmanager
def _failing(step: str) -> Iterator[None]:
    """What is final becomes the failure of a step."""
    try:
        yield
    except ManifestError as error:
        raise BuildFailed(Failure(step, error.detail, "Correct that line, and push again.")) from error
    except _FINAL as error:
        raise BuildFailed(Failure(step, error.detail)) from error


def _nothing(plan: Plan) -> Failure:
    cause = next(iter(plan.notes), "Nothing says what is to be run.")
    return Failure("analyse", cause, _WHAT_RUNS)


def _points_elsewhere(source: CommitSource) -> bool:
    return "filter=lfs" in (source.text(".gitattributes") or "")


async def _none() -> Mapping[str, str]:
    return {}


def _environment(build: Build) -> Mapping[str, str]:
    """What every build is told. None of it is part of what an artifact is found by."""
    return {
        "CI": "1",
        "FIREFLY": "1",
        "FIREFLY_PROJECT": f"{build.owner}/{build.project}",
        "FIREFLY_BUILD": str(build.number),
        "FIREFLY_BRANCH": build.branch,
        "FIREFLY_COMMIT": build.commit,
        # Tools that write times write this one, and Python compiles so that no time counts.
        "SOURCE_DATE_EPOCH": "946684800",
        # Whatever NODE_ENV says: what builds is mostly among them.
        "npm_config_include": "dev",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_COMPILE_BYTECODE": "1",
        "POETRY_VIRTUALENVS_IN_PROJECT": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "NEXT_TELEMETRY_DISABLED": "1",
    }


async def _tell(plan: Plan, step: StepLog) -> None:
    await step.say(f"Configured by {plan.configured_by or 'nothing: this is what it looks like'}.")
    if plan.family:
        await step.say(f"{plan.family}: {plan.why.get('family', 'so it is configured')}.")
    for part in ("install", "build", "test", "run"):
        for command in getattr(plan, part):
            await step.say(f"{part}: {command} ({plan.why.get(part, 'found')})")
    for note in plan.notes:
        await step.say(note)


def _outcome(made: Made) -> Outcome:
    digest = made.product.digest
    if made.tests is not None:
        return Outcome(state=BuildState.TESTS_FAILED, reason=made.tests.cause, artifact=digest, failure=made.tests)
    return Outcome(state=BuildState.SUCCEEDED, reason="Built.", artifact=digest)

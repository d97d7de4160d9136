"""A start, step by step: what it needs, its service, its place, its bridge; and why it does not go on."""

import asyncio
from collections.abc import Sequence

from firefly.errors import SandboxFailed, Unavailable
from firefly.sandbox.backend import SandboxSpec
from firefly.sandbox.docker.labels import labels
from firefly.sandbox.runs import answers
from firefly.waiting import happens

from . import services
from .cluster import Cluster
from .placing import Task
from .runs import Run

PAUSE = 0.05
# Placing is a matter of milliseconds, unless the managers are busy; a node may have to fetch the image first.
PLACE_LIMIT, PREPARE_LIMIT, HEALTH_LIMIT = 30.0, 300.0, 60.0
UNPLACED = frozenset({"new", "allocated", "pending"})


class Start:
    def __init__(self, cluster: Cluster, installation: str, run: Run) -> None:
        self._cluster = cluster
        self._installation = installation
        self._run = run
        self._name = services.name(run.instance.id)

    async def begin(
        self,
        spec: SandboxSpec,
        image: str,
        handed: str,
        *,
        constraints: Sequence[str],
        refused: Sequence[str],
        command: Sequence[str],
    ) -> None:
        """Make secret and network, and ask for the service. Raises what the Swarm says against it."""
        instance = self._run.instance
        marks = labels(self._installation, instance)
        secret, _ = await asyncio.gather(
            self._cluster.keep_secret(self._name, marks, handed),
            self._cluster.make_network(services.network(self._installation, instance.id)),
        )
        plan = services.Plan(
            self._installation, instance, spec, image, secret, constraints=constraints, refused=refused, command=command
        )  # fmt: skip
        await self._cluster.start(services.body(plan))

    async def placed(self) -> Task:
        """Return when its container runs. Raises SandboxFailed with the Swarm's reason."""
        limit, task = PLACE_LIMIT, None
        try:
            async with asyncio.timeout(limit) as timer:
                while True:
                    task = next(iter(await self._cluster.tasks_of(self._name)), None)
                    if task is not None and task.state not in UNPLACED and limit == PLACE_LIMIT:
                        limit = PREPARE_LIMIT
                        timer.reschedule(asyncio.get_running_loop().time() + limit)
                    if task is not None and task.ended:
                        raise SandboxFailed(f"Its node could not start it: {_sentence(task)}")
                    if task is not None and task.state == "running" and task.port is not None:
                        return task
                    await asyncio.sleep(PAUSE)
        except TimeoutError as error:
            raise SandboxFailed(_too_late(task, limit)) from error

    async def answers(self, run: Run) -> None:
        """Return when the bridge answers. Raises SandboxFailed."""
        assert run.relay is not None
        try:
            async with asyncio.timeout(HEALTH_LIMIT):
                while not await answers(run.relay.bridge_path):
                    if run.finished.is_set() or await happens(run.finished, PAUSE):
                        break
                    await self._check()
        except TimeoutError as error:
            raise SandboxFailed(f"The bridge did not answer within {HEALTH_LIMIT:.0f} s.") from error
        if run.status is not None:
            raise SandboxFailed(run.status.reason, output=run.status.output)

    async def _check(self) -> None:
        try:
            tasks = await self._cluster.tasks_of(self._name)
        except Unavailable:
            return
        for task in tasks:
            if task.ended:
                raise SandboxFailed(f"The bridge ended at once: {_sentence(task)}")


def _sentence(task: Task) -> str:
    return (task.error or f"exit code {task.code}").rstrip(".") + "."


def _too_late(task: Task | None, limit: float) -> str:
    if task is None or task.state in UNPLACED:
        reason = _sentence(task) if task is not None and task.error else "its managers do not say why."
        return f"No node of the Swarm takes it: {reason}"
    return f"Its node did not start it within {limit:.0f} s; it is {task.state}."

"""A builder that was stopped for longer than its lease writes nothing any more, whatever it believes."""

import signal
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from firefly.auth import Identity
from firefly.builds.log import Logs
from firefly.builds.model import BuildState, Outcome, StepState
from firefly.builds.queueing.claims import Claimed
from firefly.bus import Bus
from firefly.clock import SystemClock
from firefly.store import Database
from tests.builds.gang import Gang
from tests.builds.log.conftest import texts
from tests.builds.yard import Yard
from tests.support.waiting import eventually


async def test_what_a_former_holder_writes_is_refused_and_the_log_of_the_next_is_whole(
    yard: Yard, ada: Identity, database: Database, bus: Bus, tmp_path: Path
) -> None:
    logs = Logs(database, bus, SystemClock(), most=1 << 20)
    build = await yard.ask(await yard.project(ada))
    holder = [sys.executable, "-m", "tests.builds.holder", database.dsn, str(tmp_path / "artifacts")]
    former = await create_subprocess_exec(*holder, stdin=PIPE, stdout=DEVNULL, stderr=PIPE)
    assert former.stderr
    assert await former.stderr.readline() == b"begun\n"
    await eventually(lambda: texts(logs, build))
    former.send_signal(signal.SIGSTOP)

    claims = Gang(yard).claims()
    taken: list[Claimed] = []

    async def take() -> bool:
        taken.extend(filter(None, [await claims.claim()]))
        return bool(taken)

    await eventually(take)
    (claimed,) = taken
    async with logs.writing(claimed.build) as log, log.step("build") as step:
        await step.write(b"next: begun\n")
        await eventually(lambda: texts(logs, build))
        former.send_signal(signal.SIGCONT)
        _, said = await former.communicate(b"go on\n")
        assert said.decode().splitlines() == ["the artifact was refused", "the end was refused"]
        state = await logs.records.state(build.id)
        assert state
        assert (state.state, state.closed_at) == (BuildState.RUNNING, None)
        await step.write(b"next: goes on\n")
    ended, _ = await claims.finish(claimed, Outcome(state=BuildState.FAILED, reason="No."), 1)
    assert ended is not None
    assert await texts(logs, build) == ["former: begun", "next: begun", "next: goes on"]
    steps = [(step.name, step.state) for step in await logs.records.steps(build.id)]
    assert steps == [("build", StepState.ENDED), ("build", StepState.SUCCEEDED)]
    assert not list((tmp_path / "artifacts").glob("??/*"))

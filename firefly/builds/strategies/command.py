"""One command of a project's, in a step of its own: how it ended, and why."""

from collections.abc import Callable

from firefly.errors import SandboxFailed, TimedOut, Unavailable

from ..making.failures import explain
from ..making.workplace import Lost, Workplace
from ..model import Failure
from ..seams import BuildLog, StepLog
from .strategy import BuildFailed, Job

ENDED = "The sandbox ended while the build ran."


async def run(job: Job, log: BuildLog, workplace: Workplace, *, part: str, command: str, line: str) -> None:
    """`line` is what the sandbox's shell is given for it.

    Raises BuildFailed where it ends with another exit status than 0, or its sandbox ends; Lost where that went away.
    """
    killed = await workplace.oom_kills()
    code, ended = None, ""
    async with log.step(part, command) as step:
        try:
            code = await workplace.run(line, env={**job.environment, **job.secrets}, step=step)
            step.exited(code)
        except (Unavailable, TimedOut, SandboxFailed):
            ended = await _end(workplace, step)
    if code == 0:
        return
    kills = 0 if ended else await workplace.oom_kills() - killed
    lines = await log.last_lines()
    raise BuildFailed(explain(part, command=command, exit_code=code, lines=lines, ended=ended, oom_kills=kills))


async def _end(workplace: Workplace, step: StepLog) -> str:
    """Why the sandbox has ended, which the log is told. Raises Lost."""
    try:
        ended = await workplace.ended_because() or ENDED
    except Lost as lost:
        await step.say(lost.detail)
        raise
    await step.say(ended)
    step.exited(-9)
    return ended


async def test(job: Job, log: BuildLog, workplace: Workplace, line: Callable[[str], str]) -> Failure | None:
    """Why the tests failed; None where they did not. Raises BuildFailed where their sandbox ended."""
    try:
        for command in job.plan.test:
            await run(job, log, workplace, part="test", command=command, line=line(command))
    except BuildFailed as failed:
        if failed.failure.exit_code is None:
            raise
        return failed.failure
    return None

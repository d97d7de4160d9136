"""Waiting for long work, step by step."""

import asyncio

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from firefly.client import FireflyClient
from firefly.client.models import Job

from .command import Cli, Failure

POLL = 0.5


async def follow(cli: Cli, client: FireflyClient, job: Job) -> None:
    """Show the steps until the job has ended. Raises Failure with the server's sentence when it failed."""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=cli.err, disable=not cli.interactive, transient=True) as progress:
        shown = progress.add_task("Waiting")
        told = ""
        while not job.ended:
            told = _tell(cli, job, told)
            progress.update(shown, description=told)
            await asyncio.sleep(POLL)
            job = await client.job(job.id)
    if job.state != "succeeded":
        raise Failure(job.error or f"The {job.kind} was {job.state}.")


def _tell(cli: Cli, job: Job, told: str) -> str:
    """The step that runs now; elsewhere than on a terminal, a line when it is another one."""
    running = next((step for step in job.steps if step.state == "running"), None)
    text = f"{running.name} {running.detail}".strip() if running else told or "Waiting"
    if not cli.interactive and running and running.name != told.partition(" ")[0]:
        cli.note(running.name)
    return text

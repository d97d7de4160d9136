"""What comes before the start: dependencies, only when what they depend on has changed; then what is built."""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from firefly.bridge.application.board import Board
from firefly.bridge.detection.plan import InstallStep, Plan
from firefly.bridge.environment import Environment
from firefly.bridge.output import Output
from firefly.bridge.packages import offered
from firefly.bridge.process import running
from firefly.clock import Clock
from firefly.protocol.application import State, Step, StepState

_STAMPS = "installed.json"
LONGEST_INSTALL = 1800.0


class InstallFailed(Exception):
    """`code` is the exit status of the step that failed."""

    def __init__(self, reason: str, code: int) -> None:
        super().__init__(reason)
        self.reason, self.code = reason, code


class Installer:
    def __init__(self, environment: Environment, board: Board, output: Output, clock: Clock) -> None:
        self._environment = environment
        self._board = board
        self._output = output
        self._clock = clock
        self._steps: list[Step] = []

    async def install(self, plan: Plan, env: Mapping[str, str], *, force: bool = False) -> None:
        """Run the steps that are due. Raises InstallFailed."""
        steps = (*plan.install, *plan.build)
        stamps = await asyncio.to_thread(self._read_stamps)
        marks = [await asyncio.to_thread(self._mark, step) for step in steps]
        self._steps = [Step(name=step.name, command=step.command, state=StepState.WAITING) for step in steps]
        self._board.steps(list(self._steps))
        for number, (step, mark) in enumerate(zip(steps, marks, strict=True)):
            if not (force or step.always) and stamps.get(step.command) == mark and self._has_result(step):
                self._set(number, StepState.SKIPPED)
                continue
            await self._run(number, step, env)
            # Installing may rewrite its own inputs (a lock file), so the mark is taken again.
            stamps[step.command] = await asyncio.to_thread(self._mark, step)
            await asyncio.to_thread(self._write_stamps, stamps)

    async def _run(self, number: int, step: InstallStep, env: Mapping[str, str]) -> None:
        self._board.set(State.INSTALLING, f"{step.name}: {step.command}")
        self._set(number, StepState.RUNNING)
        self._output.say(f"$ {step.command}")
        argv = [self._environment.shell(), "-c", step.command]
        try:
            code = await self._carry_out(argv, step, env)
        except TimeoutError:
            self._set(number, StepState.FAILED)
            raise InstallFailed(f"{step.command} took longer than {LONGEST_INSTALL / 60:.0f} minutes.", -1) from None
        finally:
            self._output.flush()
        self._set(number, StepState.DONE if code == 0 else StepState.FAILED)
        if code != 0:
            raise InstallFailed(f"{step.command} failed with exit status {code}. See the output.", code)

    async def _carry_out(self, argv: Sequence[str], step: InstallStep, env: Mapping[str, str]) -> int:
        workspace, sink = self._environment.workspace, self._output.feed
        async with (
            offered(self._environment, step.command, env) as env,
            running(argv, cwd=workspace, env=env, sink=sink) as command,
            asyncio.timeout(LONGEST_INSTALL),
        ):
            return await command.wait()

    def _set(self, number: int, state: StepState) -> None:
        now = self._clock.now()
        times = {"started": now} if state is StepState.RUNNING else {"finished": now}
        self._steps[number] = self._steps[number].model_copy(update={"state": state, **times})
        self._board.steps(list(self._steps))

    def _has_result(self, step: InstallStep) -> bool:
        return step.result is None or (self._environment.workspace / step.result).exists()

    def _mark(self, step: InstallStep) -> str:
        digest = hashlib.blake2b(step.command.encode(), digest_size=16)
        for path in step.inputs:
            with contextlib.suppress(OSError):
                digest.update((self._environment.workspace / path).read_bytes())
        return digest.hexdigest()

    @property
    def _stamps_path(self) -> Path:
        """Beside what they speak of, so that they go where that goes, and where git does not see them."""
        repository = self._environment.workspace / ".git"
        return (repository / "firefly" if repository.is_dir() else self._environment.state) / _STAMPS

    def _read_stamps(self) -> dict[str, str]:
        stamps: dict[str, str] = {}
        # Those of earlier versions lie in the home.
        for folder in (self._environment.state, self._stamps_path.parent):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                found = json.loads((folder / _STAMPS).read_text())
                stamps |= {str(key): str(value) for key, value in found.items()}
        return stamps

    def _write_stamps(self, stamps: Mapping[str, str]) -> None:
        """Losing a stamp only means installing again, so a full disk is no error here."""
        with contextlib.suppress(OSError):
            self._stamps_path.parent.mkdir(parents=True, exist_ok=True)
            self._stamps_path.write_text(json.dumps(stamps))

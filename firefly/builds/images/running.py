"""What a sandbox runs where an image of the project's is beside it: the built one, or the one that it is built in."""

import shlex
from collections.abc import Sequence

from firefly.builds.analysis.plan import RUNTIMES
from firefly.protocol.companion import COMMAND


def beside(*, kind: str | None, artifact: str | None, runtime: str | None) -> str | None:
    """The image beside the sandbox of a build or a site; None where there is none."""
    return artifact if kind == "image" else named(runtime)


def named(runtime: str | None) -> str | None:
    """The image that a plan names as its base; None for a runtime that every sandbox has."""
    return runtime if runtime and runtime not in RUNTIMES else None


def lines(run: Sequence[str], *, kind: str | None, runtime: str | None) -> list[str]:
    """What a site runs: lines for a shell."""
    if kind == "image":
        # What firefly.yml says, all of it by one shell.
        return [f"exec {instead(_joined(run))}" if run else f"exec {COMMAND}"]
    if named(runtime):
        return [f"exec {within(_joined(run))}"] if run else []
    return list(run)


def within(command: str) -> str:
    """A line for the sandbox's shell that runs one for the image's, in the project's files."""
    return f"{COMMAND} -c {shlex.quote(command)}"


def instead(command: str) -> str:
    """The same, in the place of what the image says, and in its own files."""
    return f"{COMMAND} -e {shlex.quote(command)}"


def _joined(run: Sequence[str]) -> str:
    return "\n".join(["set -e", *run[:-1], f"exec {run[-1]}" if _is_simple(run[-1]) else run[-1]])


def _is_simple(line: str) -> bool:
    """Whether a shell can become what it runs, so that it ends when it is asked to."""
    return not set(line) & set("|&;<>()$`\"'*?[]#~=%!{}\n\\")

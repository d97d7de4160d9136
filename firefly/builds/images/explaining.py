"""Why an image could not be built, in a sentence, and what to do about it."""

from firefly.builds.making.causes import when
from firefly.builds.model import Failure
from firefly.sandbox.terms import size

from .progress import Progress

STEP = "build"
_KILLED = 137

# Of what the engine says on the whole. The first that fits counts.
_OF_THE_ENGINE = (
    when(
        r"target stage \"?(\S+?)\"? could not be found",
        "The Dockerfile has no stage named {0}.",
        "Name one of its stages (`FROM … AS name`) as `dockerfile.target`.",
    ),
    when(r"dockerfile parse error (?:on )?line (\d+): (.+)", "The Dockerfile cannot be read, line {0}: {1}."),
    when(r"(?:file with no instructions|no build stage in current context)", "The Dockerfile has no instruction."),
    when(
        r"failed to read dockerfile",
        "The Dockerfile cannot be read: it is no ordinary file of the project.",
        "Put the file itself where `dockerfile.path` says; a link must not lead out of the project.",
    ),
    when(
        r"secret (\S+?):? not found|secret not found: (\S+)",
        "The Dockerfile needs a secret that this build does not have.",
        "Keep it among the project's secrets under the name that `--mount=type=secret,id=…` has. "
        "Builds of forks have none.",
    ),
)
_OF_SYNTAX = (
    when(
        "",
        "The Dockerfile asks for a newer reader of Dockerfiles (`# syntax=`), which could not be fetched.",
        "Remove that line: the engine's own knows targets, caches and secrets. Or let the engine reach the registry.",
    ),
)
_OF_FROM = (
    when(
        r"pull access denied|repository does not exist|manifest unknown|not found",
        "There is no image {image}, or it is private.",
        "Check the name after FROM, and that the registry has it.",
    ),
    when(
        r"failed to do request|dial tcp|i/o timeout|no such host|connection refused|TLS handshake|is unreachable",
        "The image {image} is not in the engine, and its registry cannot be reached.",
        "Let the engine reach the registry, or have an administrator load the image (`docker load`).",
    ),
    when(r"toomanyrequests|rate limit", "The registry gives no more images away just now.", "Try again later."),
    when(r"no match for platform", "The image {image} is not made for this kind of machine.", "Choose another base."),
)
_OF_COPY = (
    when(
        r"\"?/?([^\" ]+?)\"? ?(?:: )?not found",
        "{0} is not among the files that the Dockerfile is given.",
        "See that it is committed, that .dockerignore does not name it, and that an earlier stage makes it.",
    ),
)


def explain(progress: Progress, status: int, memory: int = 0) -> Failure:
    """Of a `docker build` that ended with `status`, by what it printed. `memory`: see `build`."""
    failed, command = progress.failed, progress.command
    said = failed.text if failed else progress.last
    code = failed.code if failed else None
    if failed and code is not None:
        cause, remedy = _of_command(command, code, memory)
    else:
        cause, remedy = _of_engine(command, said or f"`docker build` ended with {status}.")
    lines = progress.quoted or ([said] if said else [])
    return Failure(STEP, cause, remedy, command, code, tuple(lines))


def _of_command(command: str, code: int, memory: int) -> tuple[str, str]:
    short = command if len(command) <= 80 else f"{command[:79]}…"
    if code == _KILLED:
        return (
            f"`{short}` was killed, most likely because its memory was used up.",
            "Let it do less at one time, as with fewer jobs."
            + (f" All images that are built at one time have {size(memory)} together." if memory else ""),
        )
    return f"`{short}` ended with {code}.", "The last lines that it printed say why."


def _of_engine(command: str, said: str) -> tuple[str, str]:
    image = command.removeprefix("FROM ").removeprefix("docker.io/").removeprefix("library/")
    for one in (*_BY_INSTRUCTION.get(command.partition(" ")[0].upper(), ()), *_OF_THE_ENGINE):
        if found := one.found_in(said):
            cause, remedy = found
            return cause.replace("{image}", image), remedy
    return said.rstrip(".") + ".", ""


_BY_INSTRUCTION = {"FROM": _OF_FROM, "COPY": _OF_COPY, "ADD": _OF_COPY, "#": _OF_SYNTAX}

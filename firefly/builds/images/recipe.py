"""What is asked of the engine for one image, checked before it is asked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from firefly.errors import InvalidInput
from firefly.protocol.manifest import Dockerfile

from .reading import fetched, readers

# Code that would carry out the Dockerfile in place of the engine's own, from a registry.
TRUSTED_FRONTEND = re.compile(
    r"(?:(?:registry-1\.)?docker\.io/)?docker/dockerfile(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?"
)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Arguments by which a client tells BuildKit how to build; Firefly does that.
_RESERVED = re.compile(r"(?:BUILDKIT|BUILDX|SOURCE_DATE_EPOCH$)", re.IGNORECASE)
LONGEST_ARGUMENT, LONGEST_ARGUMENTS = 64 << 10, 512 << 10


@dataclass(frozen=True, slots=True)
class Recipe:
    """`name` is for the cache: whoever has another one takes nothing from it. `labels` are put on the image.

    `secrets` are files by the name that the Dockerfile mounts them under. `network` is `default` or `none`.
    `fetches`: the engine itself may get what ADD names elsewhere.
    """

    dockerfile: Dockerfile
    name: str
    network: str = "default"
    fetches: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Path] = field(default_factory=dict)

    def arguments(self, told: Path) -> Sequence[str]:
        """Of `docker build`, whose context comes by its input, and which writes the image's id to `told`."""
        wanted = self.dockerfile
        return [
            "--progress=plain", f"--file={wanted.path}", f"--iidfile={told}", f"--network={self.network}", "--force-rm",
            *([f"--target={wanted.target}"] if wanted.target else []),
            *(f"--build-arg={name}={value}" for name, value in wanted.args.items()),
            # Folders that `RUN --mount=type=cache` keeps are those of this name alone, ...
            f"--build-arg=BUILDKIT_CACHE_MOUNT_NS={self.name}",
            # ... and so are the results of commands, which depend on the hosts that they know.
            f"--add-host={self.name}.firefly.invalid:127.0.0.1",
            *(f"--label={name}={value}" for name, value in self.labels.items()),
            *(f"--secret=id={name},src={path}" for name, path in self.secrets.items()),
            "-",
        ]  # fmt: skip


def check(wanted: Dockerfile, text: str | None, *, fetches: bool) -> None:
    """Whether `text`, what the tree has at the Dockerfile's path, is carried out here. Raises InvalidInput."""
    if text is None:
        raise InvalidInput(
            f"{wanted.path} is not there, or no ordinary file of a sensible size: a link is not followed.",
            field="dockerfile",
        )
    if other := next((reader for reader in readers(text) if not TRUSTED_FRONTEND.fullmatch(reader)), None):
        raise InvalidInput(
            f"{wanted.path} wants to be read by the image {other[:200]} (`# syntax=`), whose code would have more "
            "rights than the project's. Only docker/dockerfile is taken; name that, or remove the line.",
            field="dockerfile",
        )
    if not fetches and (source := next(fetched(text), None)):
        raise InvalidInput(f"{wanted.path}: {refusal(source)}", field="dockerfile")
    _check_arguments(wanted)


def refusal(source: str) -> str:
    """Why the engine is not asked for what ADD names."""
    return (
        f"ADD {source[:200]} would be fetched by the engine itself, which reaches what a project may not. Fetch it by "
        "RUN, with curl for one, and take what a variable names by COPY."
    )


def _check_arguments(wanted: Dockerfile) -> None:
    total = 0
    for name, value in wanted.args.items():
        total += len(name.encode()) + len(value.encode())
        if not _NAME.fullmatch(name):
            raise InvalidInput(f"dockerfile.args: {name[:80]!r} is no name of an argument.", field="dockerfile")
        if _RESERVED.match(name):
            raise InvalidInput(f"dockerfile.args: {name} is set by Firefly.", field="dockerfile")
        if len(value.encode()) > LONGEST_ARGUMENT or total > LONGEST_ARGUMENTS:
            raise InvalidInput(f"dockerfile.args: {name} is too long. Put it into a file.", field="dockerfile")
    if wanted.target is not None and not wanted.target.strip():
        raise InvalidInput("dockerfile.target is empty.", field="dockerfile")

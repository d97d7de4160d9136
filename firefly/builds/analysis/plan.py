"""What a build does and how its result runs, with the reason for each part."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from firefly.protocol.manifest import Dockerfile, Manifest

# What every backend can run; any other base is an image of a container engine.
RUNTIMES = ("node", "python", "php", "ruby", "go", "java", "rust", "static", "postgres", "redis")


class Strategy(StrEnum):
    """How an artifact comes about: an image by a Dockerfile, commands in a base, a folder of pages, or not at all."""

    DOCKERFILE = "dockerfile"
    COMMANDS = "commands"
    SITE = "site"
    NONE = "none"


class Part(StrEnum):
    """Whose commands fill a folder."""

    INSTALL = "install"
    BUILD = "build"


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of dependencies that a later build may begin with; `keys` are the files that it depends on.

    One that the build fills is no part of what is shown.
    """

    folder: str
    keys: tuple[str, ...]
    filled_by: Part = Part.INSTALL


@dataclass(frozen=True, slots=True)
class Plan:
    """Commands are lines for a shell, run in order at the root of the tree, the first that fails ends its part.

    `run` gets $PORT and $HOST and has to listen there. `runtime` is one of RUNTIMES, or an image. `why` has a sentence
    for each part that is not empty, under its name. `notes` are sentences about what was found and is not done. What
    the configuration says beside that (hosts, health, limits) is in `configuration`, which came from `configured_by`:
    a file, or where else it is kept.
    """

    strategy: Strategy
    family: str = ""
    runtime: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)
    install: tuple[str, ...] = ()
    build: tuple[str, ...] = ()
    test: tuple[str, ...] = ()
    run: tuple[str, ...] = ()
    port: int | None = None
    folder: str | None = None
    dockerfile: Dockerfile | None = None
    database: str | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    caches: tuple[Cache, ...] = ()
    why: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    configuration: Manifest = field(default_factory=Manifest)
    configured_by: str | None = None

    @property
    def needs_engine(self) -> bool:
        return self.strategy is Strategy.DOCKERFILE or self.runtime not in (None, *RUNTIMES)

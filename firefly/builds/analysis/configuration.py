"""Which configuration counts: forced and kept, of the tree, kept, or none."""

from dataclasses import dataclass

from firefly.protocol import legacy
from firefly.protocol.errors import MANIFEST_NAME
from firefly.protocol.manifest import LONGEST, Manifest, parse

from .source import Source

STORED, FORCED = "the project's settings", "the project's settings, which are forced,"


@dataclass(frozen=True, slots=True)
class Configuration:
    """`origin` is where it came from, for people; None: there is none."""

    manifest: Manifest
    origin: str | None
    notes: tuple[str, ...] = ()


def configuration(source: Source, stored: Manifest | None, *, forced: bool) -> Configuration:
    """Raises ManifestError for one of the tree that is wrong, and would count."""
    if stored is not None and forced:
        return Configuration(stored, FORCED)
    if source.has(MANIFEST_NAME):
        text = source.text(MANIFEST_NAME)
        return Configuration(parse(text if text is not None else _too_long()), MANIFEST_NAME, _beside(source))
    if path := source.first(*legacy.NAMES):
        text = source.text(path)
        found, notes = legacy.parse(text if text is not None else _too_long(), path)
        return Configuration(found, path, notes)
    if stored is not None:
        return Configuration(stored, STORED)
    return Configuration(Manifest(), None)


def _too_long() -> str:
    """What stands for a file that is too long to be read: longer than any that is accepted."""
    return " " * (LONGEST + 1)


def _beside(source: Source) -> tuple[str, ...]:
    path = source.first(*legacy.NAMES)
    return (f"{path} is not read, since there is a {MANIFEST_NAME}.",) if path else ()

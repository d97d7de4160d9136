"""What a tree says of itself: by firefly.yml, else by what older tools of the house were told."""

from dataclasses import dataclass

from firefly.families.tree import Tree
from firefly.protocol import legacy
from firefly.protocol.errors import LEGACY_NAMES, MANIFEST_NAME
from firefly.protocol.manifest import LONGEST, Manifest, parse


@dataclass(frozen=True, slots=True)
class Configured:
    """`origin` is the file, None where there is none; `notes` are sentences about what does not count.

    `front_controller` is the script that PHP begins with, where that is said.
    """

    manifest: Manifest
    origin: str | None
    notes: tuple[str, ...] = ()
    front_controller: str = ""


def configured(tree: Tree) -> Configured:
    """Raises ManifestError, which names the line, for a file that is wrong."""
    old = tree.first(*LEGACY_NAMES)
    if tree.has(MANIFEST_NAME):
        beside = (f"{old} is not read, since there is a {MANIFEST_NAME}.",) if old else ()
        return Configured(parse(_text(tree, MANIFEST_NAME)), MANIFEST_NAME, beside)
    if old is None:
        return Configured(Manifest(), None)
    said = legacy.parse(_text(tree, old), old)
    return Configured(said.manifest, old, said.notes, said.front_controller)


def _text(tree: Tree, path: str) -> str:
    text = tree.text(path)
    # A file that is too long to be read is told as any other that is.
    return text if text is not None else " " * (LONGEST + 1)

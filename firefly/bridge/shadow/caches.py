"""What is made anew by a command, and is therefore not copied although git ignores it."""

from collections.abc import Iterable
from pathlib import Path

from firefly.bridge.watcher import HEAVY
from firefly.bridge.workspace import REPOSITORY
from firefly.protocol.errors import MANIFEST_NAME, ManifestError

# Names of folders and files, anywhere in the project.
CACHES = (HEAVY - {REPOSITORY}) | {
    *("dist", "build", "out", "target", "vendor", "tmp", "coverage", "site-packages", "bower_components"),
    *("__pypackages__", ".eggs", ".nox", ".gradle", ".terraform", ".angular", ".nyc_output", ".yarn", ".pnpm-store"),
    *(".npm", ".coverage", ".ipynb_checkpoints", ".DS_Store", ".output", ".astro", ".vercel", ".netlify"),
}


class Caches:
    """`declared`: what firefly.yml adds: a name, or the path of a file or a folder."""

    def __init__(self, declared: Iterable[str] = ()) -> None:
        plain = [entry.strip("/") for entry in declared]
        self._names = CACHES | {entry for entry in plain if "/" not in entry}
        self._paths = tuple(f"{entry}/" for entry in plain if "/" in entry)

    def hold(self, path: str) -> bool:
        """Whether the file or folder at `path`, relative to the workspace, is one, or lies in one."""
        # What a repository in the project calls its branches is its own affair.
        plain = f"{path}/".partition(f"/{REPOSITORY}/")[0]
        return not self._names.isdisjoint(plain.split("/")) or f"{plain}/".startswith(self._paths)


def declared(root: Path) -> Caches:
    """With those of firefly.yml; without, where that cannot be read."""
    from firefly.protocol.manifest import LONGEST, parse

    try:
        with (root / MANIFEST_NAME).open("rb") as file:
            return Caches(parse(file.read(LONGEST + 1).decode()).caches)
    except (OSError, ValueError, ManifestError):
        return Caches()

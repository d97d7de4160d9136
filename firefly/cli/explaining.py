"""How a folder or a commit is built, and why, as `firefly build explain` tells it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from firefly.client.build_models import BuildPlan

from .command import Failure


def is_folder(target: str, *, logged_in: bool) -> bool:
    """Whether a folder is meant, and no build or project: what is there as a folder is."""
    if "#" in target or Path(target).is_dir():
        return "#" not in target
    # A word of its own is a project's name for whoever has projects.
    return not (target.count("/") == 1 or (logged_in and "/" not in target)) or target.startswith((".", "/"))


def look(folder: Path) -> BuildPlan:
    """Blocks while it reads. Raises Failure, ManifestError."""
    # The analyser is no concern of any other command.
    from firefly.builds.analysis import FolderSource, analyse

    if not folder.is_dir():
        raise Failure(f"{folder} is no folder.")
    plan = analyse(FolderSource(folder))
    values = {name: getattr(plan, name) for name in BuildPlan.model_fields if name != "caches"}
    caches = [{"folder": cache.folder, "keys": cache.keys} for cache in plan.caches]
    return BuildPlan.model_validate({**values, "caches": caches})


def lines(found: BuildPlan) -> Iterator[str]:
    kind = {"dockerfile": "an image", "commands": "a server", "site": "pages", "none": "nothing that runs"}
    because = f": {found.why['family']}" if "family" in found.why else ""
    yield f"{found.family or 'Unknown'}, {kind[found.strategy]}{because}"
    for name, values in _parts(found):
        yield f"{name}, since {found.why[name]}:"
        yield from (f"    {value}" for value in values)
    yield from found.notes


def _parts(found: BuildPlan) -> Iterator[tuple[str, Sequence[str]]]:
    """The parts that are not empty, as lines, in the order in which they count."""
    parts: dict[str, Sequence[str]] = {
        "dockerfile": [found.dockerfile.path] if found.dockerfile else [],
        "runtime": [found.runtime] if found.runtime and "runtime" in found.why else [],
        "versions": [f"{name} {text}" for name, text in found.versions.items()],
        "install": found.install,
        "build": found.build,
        "test": found.test,
        "run": found.run,
        "folder": [found.folder or "."] if found.folder is not None else [],
        "port": [str(found.port)] if found.port else [],
        "database": [found.database] if found.database else [],
        "env": [f"{name}={text}" for name, text in found.env.items()],
        "caches": [f"{kept.folder} ({', '.join(kept.keys)})" for kept in found.caches],
    }
    return ((name, values) for name, values in parts.items() if values)

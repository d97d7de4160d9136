"""What the project image holds beside its base: the bridge, the libraries that it imports, Node, and PostgreSQL."""

import compileall
import importlib.metadata
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from firefly import __version__
from firefly.errors import Unavailable
from firefly.resources import PACKAGE
from firefly.store.cluster import installation

OPT = Path("opt/firefly")
# What the bridge imports; all that these require comes with them.
LIBRARIES = ("aiohttp", "pathspec", "pydantic", "pyyaml", "structlog", "watchfiles")
# Parts of the package that run outside, or are for browsers only.
OUTSIDE = frozenset({"cli", "proxy", "testing", "web"})
NPM_PLACES = ("lib/node_modules/npm", "lib/nodejs/npm")
LABEL = "firefly.version"
# Whose the workspace is where nobody mounts one: in a Swarm. The Dockerfile has the same.
USER = 10001
RECIPE = """FROM {base}
COPY --chown={user}:{user} empty/ /workspace
COPY --chown={user}:{user} empty/ /home/firefly
COPY root/ /
ENV PATH=/usr/local/bin:/usr/bin:/bin PYTHONPATH=/opt/firefly/package:/opt/firefly/libraries LANG=C.UTF-8
LABEL {label}={version}
WORKDIR /workspace
CMD ["/usr/bin/python3", "-s", "-P", "-m", "firefly.bridge"]
"""


def recipe(base: str) -> str:
    """A Dockerfile that puts `root/` upon an image; `empty/` has nothing in it."""
    return RECIPE.format(base=base, label=LABEL, version=__version__, user=USER)


def gather(root: Path, node: Path | None) -> None:
    """Put everything below `root`, as it lies below / in the image. Blocks for a second or two."""
    shutil.copytree(PACKAGE, root / OPT / "package" / "firefly", ignore=_outside)
    for source, place in _library_files(LIBRARIES):
        target = root / OPT / "libraries" / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    _put_postgres(root / OPT / "libraries")
    # The root of a sandbox is read-only, so what is not compiled by now would be compiled at every start.
    compileall.compile_dir(root / OPT, quiet=2, stripdir=str(root), prependdir="/")
    if node is not None:
        _put_node(root / "usr" / "local", node)
    for name in ("run/firefly/gateway", "opt/firefly/prepared", "opt/firefly/bin"):
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / OPT / "bin" / "python").symlink_to("/usr/bin/python3")


def _put_postgres(libraries: Path) -> None:
    """The programs of the wheel, for sites with a database of their own: what the bridge looks for, and no more."""
    try:
        install = installation()
    except Unavailable:
        return
    package = libraries / install.parent.name
    shutil.copytree(install, package / install.name, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
    (package / "__init__.py").touch()
    beside = install.parent.with_name(f"{install.parent.name}.libs")
    if beside.is_dir():
        shutil.copytree(beside, libraries / beside.name)


def _outside(folder: str, names: Sequence[str]) -> set[str]:
    """A template may well be named as a part is."""
    return {name for name in names if name == "__pycache__" or (Path(folder) == PACKAGE and name in OUTSIDE)}


def _library_files(names: Iterable[str]) -> Iterator[tuple[Path, Path]]:
    """Each file of the named distributions and of what they require: where it lies, and its name below a library."""
    wanted, seen = list(names), set[str]()
    while wanted:
        name = wanted.pop()
        if (key := re.sub(r"[-_.]+", "-", name).lower()) in seen:
            continue
        seen.add(key)
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            # For another platform or Python, or else the bridge would not run here either.
            continue
        wanted += [re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0] for line in _requirements(found)]
        for file in found.files or ():
            if ".." not in file.parts and file.suffix != ".pyc":
                yield Path(str(file.locate())), Path(*file.parts)


def _requirements(found: importlib.metadata.Distribution) -> Iterator[str]:
    return (line for line in found.requires or () if "extra ==" not in line)


def _put_node(local: Path, node: Path) -> None:
    """Node with npm, wherever this machine has both from, at the usual places. Raises Unavailable."""
    prefix = node.parent.parent
    npm = next((prefix / place for place in NPM_PLACES if (prefix / place / "bin" / "npm-cli.js").exists()), None)
    if npm is None:
        raise Unavailable(f"There is no npm beside {node}.")
    binaries, modules = local / "bin", local / "lib" / "node_modules"
    binaries.mkdir(parents=True, exist_ok=True)
    shutil.copy2(node, binaries / "node")
    shutil.copytree(npm, modules / "npm", symlinks=True)
    for name in ("npm", "npx"):
        (binaries / name).symlink_to(f"../lib/node_modules/npm/bin/{name}-cli.js")

"""Projects with a package.json: who installs their packages, what they have, what they start."""

from collections.abc import Mapping
from dataclasses import dataclass

from .tree import Tree, table, texts

PACKAGE = "package.json"
MODULES = "node_modules"
_DEPENDENCIES = ("dependencies", "devDependencies", "optionalDependencies")
_SERVERS = ("server.js", "server.mjs", "app.js", "index.js", "src/server.js", "src/index.js")


@dataclass(frozen=True, slots=True)
class Manager:
    """`frozen` installs what the lock file says and nothing else; `loose` where there is none."""

    name: str
    locks: tuple[str, ...]
    frozen: str
    loose: str

    def run(self, script: str) -> str:
        return f"{self.name} run {script}"


NPM = Manager("npm", ("package-lock.json", "npm-shrinkwrap.json"), "npm ci", "npm install")
# The first whose lock file is there is the project's.
MANAGERS = (
    Manager("pnpm", ("pnpm-lock.yaml",), "pnpm install --frozen-lockfile", "pnpm install"),
    Manager("yarn", ("yarn.lock",), "yarn install --frozen-lockfile", "yarn install"),
    NPM,
)


@dataclass(frozen=True, slots=True)
class Packages:
    """`lock` is the lock file that says so; None: there is none. `install` is None where nothing is to be installed."""

    manager: Manager
    lock: str | None
    dependencies: frozenset[str]
    scripts: Mapping[str, str]
    install: str | None

    @property
    def inputs(self) -> tuple[str, ...]:
        """What an installation depends on."""
        return (PACKAGE, self.lock) if self.lock else (PACKAGE,)


def packages(tree: Tree) -> Packages | None:
    if not tree.has(PACKAGE):
        return None
    package = tree.json(PACKAGE)
    manager, lock = _manager(tree)
    wanted = any(package.get(key) for key in (*_DEPENDENCIES, "workspaces"))
    install = (manager.frozen if lock else manager.loose) if wanted else None
    names = frozenset(name for key in _DEPENDENCIES for name in table(package, key))
    return Packages(manager, lock, names, texts(package.get("scripts")), install)


def _manager(tree: Tree) -> tuple[Manager, str | None]:
    for manager in MANAGERS:
        if lock := tree.first(*manager.locks):
            return manager, lock
    return NPM, None


def server(tree: Tree) -> str | None:
    """A file that listens by itself, where no script says what is started and no page is shown instead."""
    entry = tree.first(*_SERVERS)
    if entry is None or tree.has("index.html"):
        return None
    source = tree.text(entry) or ""
    return entry if ".listen(" in source or "createServer" in source else None

"""Projects with a package.json: who installs their packages, what they have, what they start."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from .tree import Tree, table, texts

PACKAGE = "package.json"
MODULES = "node_modules"
_DEPENDENCIES = ("dependencies", "devDependencies", "optionalDependencies")
_SERVERS = ("server.js", "server.mjs", "app.js", "index.js", "src/server.js", "src/index.js")


@dataclass(frozen=True, slots=True)
class Manager:
    """`program` is how it is called where it need not be installed; `frozen` installs what the lock file says alone."""

    name: str
    program: str
    frozen: str


NPM = Manager("npm", "npm", "npm ci")
# The first whose lock file is there is the project's.
_LOCKS = {
    "pnpm": ("pnpm-lock.yaml",),
    "yarn": ("yarn.lock",),
    "bun": ("bun.lock", "bun.lockb"),
    NPM.name: ("package-lock.json", "npm-shrinkwrap.json"),
}
# Of pnpm, by the first figure of what its lock file calls its version; else the last that reads what they are now.
_READERS = {"5": "7", "6": "8"}
_LOCK_VERSION = re.compile(r"^lockfileVersion: '?(\d)", re.MULTILINE)
_VERSION = re.compile(r"(\w+)@(\d+(?:\.\d+){0,2}(?:-[\w.]+)?)(?:\+|$)")


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

    def run(self, script: str) -> str:
        """By npm, which is always there, unless a script counts on the other one."""
        name = re.compile(rf"\b{self.manager.name}x?\b")
        program = self.manager.program if any(map(name.search, self.scripts.values())) else NPM.program
        return f"{program} run {script}"


def packages(tree: Tree) -> Packages | None:
    if not tree.has(PACKAGE):
        return None
    package = tree.json(PACKAGE)
    manager, lock = _manager(tree, package)
    wanted = any(package.get(key) for key in (*_DEPENDENCIES, "workspaces"))
    install = (manager.frozen if lock else "npm install") if wanted else None
    names = frozenset(name for key in _DEPENDENCIES for name in table(package, key))
    return Packages(manager, lock, names, texts(package.get("scripts")), install)


def _manager(tree: Tree, package: Mapping[str, object]) -> tuple[Manager, str | None]:
    for name, locks in _LOCKS.items():
        if lock := tree.first(*locks):
            return NPM if name == NPM.name else _other(name, lock, tree, package), lock
    return NPM, None


def _other(name: str, lock: str, tree: Tree, package: Mapping[str, object]) -> Manager:
    """Fetched by npm, in the version that package.json names, else one that reads the lock file.

    What only builds is installed too, whatever NODE_ENV says.
    """
    named = _VERSION.match(str(package.get("packageManager", "")))
    version = named[2] if named and named[1] == name else None
    options = ""
    if name == "pnpm":
        kept = _LOCK_VERSION.search(tree.text(lock) or "")
        version, options = version or _READERS.get(kept[1] if kept else "", "9"), " --prod=false"
    elif name == "yarn" and (tree.has(".yarnrc.yml") or (version and not version.startswith(("0.", "1.")))):
        program = f"YARN_NODE_LINKER=node-modules npx --yes --package=@yarnpkg/cli-dist@{version or '4'} yarn"
        return Manager(name, program, f"{program} install --immutable")
    elif name == "yarn":
        options = " --production=false"
    program = f"npx --yes {name}@{version or '1'}"
    return Manager(name, program, f"{program} install --frozen-lockfile{options}")


def server(tree: Tree) -> str | None:
    """A file that listens by itself, where no script says what is started and no page is shown instead."""
    entry = tree.first(*_SERVERS)
    if entry is None or tree.has("index.html"):
        return None
    source = tree.text(entry) or ""
    return entry if ".listen(" in source or "createServer" in source else None

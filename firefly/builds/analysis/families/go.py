"""Go modules with a command."""

import re

from firefly.builds.analysis.plan import Cache, Part, Plan, Strategy
from firefly.builds.analysis.source import Source

_MAIN = re.compile(r"^package main\b", re.MULTILINE)
_BINARY = "bin/app"
# In the tree, where a later build finds what was fetched and compiled; writable, so that it can be removed.
_CACHE = ".go-cache"
_PLACES = f'GOMODCACHE="$PWD/{_CACHE}/modules" GOCACHE="$PWD/{_CACHE}/compiled" GOFLAGS=-modcacherw'
# Commands that are looked at.
_MOST = 20


def detect(source: Source) -> Plan | None:
    if not source.has("go.mod"):
        return None
    found = _command(source)
    if found is None:
        return None
    package, because = found
    keys = tuple(path for path in ("go.mod", "go.sum") if source.has(path))
    why = {
        "family": "there is a go.mod",
        "build": because,
        "run": "that is what is built",
        "caches": "what is fetched, and most of what is compiled, depends on these files alone",
    }
    return Plan(
        Strategy.COMMANDS, "Go", "go", build=(f"{_PLACES} go build -trimpath -o {_BINARY} {package}",),
        run=(f"./{_BINARY}",), caches=(Cache(_CACHE, keys, Part.BUILD),), why=why,
    )  # fmt: skip


def _command(source: Source) -> tuple[str, str] | None:
    """What is built, and why."""
    for name in source.names():
        if name.endswith(".go") and not name.endswith("_test.go") and _MAIN.search(source.text(name) or ""):
            return ".", f"{name} is the command"
    for name in source.names("cmd")[:_MOST]:
        path = f"cmd/{name}/main.go"
        if re.fullmatch(r"[\w.-]+", name) and _MAIN.search(source.text(path) or ""):
            return f"./cmd/{name}", f"{path} is the command"
    return None

"""Go modules with a command."""

from firefly.builds.analysis.plan import Cache, Part, Plan, Strategy
from firefly.builds.analysis.source import Source
from firefly.families import go

_BINARY = "bin/app"
# In the tree, where a later build finds what was fetched and compiled; writable, so that it can be removed.
_CACHE = ".go-cache"
_PLACES = f'GOMODCACHE="$PWD/{_CACHE}/modules" GOCACHE="$PWD/{_CACHE}/compiled" GOFLAGS=-modcacherw'


def detect(source: Source) -> Plan | None:
    found = go.command(source)
    if found is None:
        return None
    package, because = found
    keys = tuple(path for path in (go.MODULE, go.SUMS) if source.has(path))
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

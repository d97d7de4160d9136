"""Rust packages with a binary."""

import re

from firefly.builds.analysis.plan import Cache, Part, Plan, Strategy
from firefly.builds.analysis.source import Source
from firefly.families.tree import table

_CARGO, _LOCK = "Cargo.toml", "Cargo.lock"
# What was compiled is not kept: Cargo goes by the times of files, and those in what is kept are told by their contents.
_CACHE = ".cargo-cache"
# Of what was compiled, all that nobody runs: most of it.
_CLEAR = "cd target/release && rm -rf build deps examples incremental .fingerprint"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def detect(source: Source) -> Plan | None:
    cargo = source.toml(_CARGO)
    name = _binary(source, table(cargo, "package").get("name"), cargo.get("bin"))
    if name is None:
        return None
    locked = " --locked" if source.has(_LOCK) else ""
    keys = (_CARGO, _LOCK) if locked else (_CARGO,)
    why = {
        "family": f"there is a {_CARGO}",
        "build": f"{name} is its binary",
        "run": "that is what is built",
        "caches": "what is fetched depends on these files alone",
    }
    return Plan(
        Strategy.COMMANDS, "Rust", "rust",
        build=(f'CARGO_HOME="$PWD/{_CACHE}" cargo build --release{locked}', _CLEAR),
        run=(f"./target/release/{name}",), caches=(Cache(_CACHE, keys, Part.BUILD),), why=why,
    )  # fmt: skip


def _binary(source: Source, package: object, binaries: object) -> str | None:
    """The name of the first binary; None where there is none, or one that no shell should see."""
    first = binaries[0] if isinstance(binaries, list) and binaries else None
    named = first.get("name") if isinstance(first, dict) else None
    name = named or (package if source.has("src/main.rs") else None)
    return name if isinstance(name, str) and _NAME.fullmatch(name) else None

"""Rust packages with a binary."""

import re

from firefly.builds.analysis.plan import Cache, Plan, Strategy
from firefly.builds.analysis.source import Source
from firefly.families.tree import table

_CARGO, _LOCK = "Cargo.toml", "Cargo.lock"
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
        "caches": "what was compiled is compiled again only where it changed",
    }
    return Plan(
        Strategy.COMMANDS, "Rust", "rust", build=(f"cargo build --release{locked}",),
        run=(f"./target/release/{name}",), caches=(Cache("target", keys),), why=why,
    )  # fmt: skip


def _binary(source: Source, package: object, binaries: object) -> str | None:
    """The name of the first binary; None where there is none, or one that no shell should see."""
    first = binaries[0] if isinstance(binaries, list) and binaries else None
    named = first.get("name") if isinstance(first, dict) else None
    name = named or (package if source.has("src/main.rs") else None)
    return name if isinstance(name, str) and _NAME.fullmatch(name) else None

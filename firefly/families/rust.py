"""Rust packages: which binary one has."""

import re

from .tree import Tree, table

PACKAGE, LOCK = "Cargo.toml", "Cargo.lock"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def binary(tree: Tree) -> str | None:
    """The name of the first; None where there is none, or one that no shell should see."""
    cargo = tree.toml(PACKAGE)
    binaries, package = cargo.get("bin"), table(cargo, "package").get("name")
    first = binaries[0] if isinstance(binaries, list) and binaries else None
    named = first.get("name") if isinstance(first, dict) else None
    name = named or (package if tree.has("src/main.rs") else None)
    return name if isinstance(name, str) and _NAME.fullmatch(name) else None

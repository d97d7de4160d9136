"""Go modules: which command one has."""

import re

from .tree import Tree

MODULE, SUMS = "go.mod", "go.sum"
_MAIN = re.compile(r"^package main\b", re.MULTILINE)
# Commands that are looked at.
_MOST = 20


def command(tree: Tree) -> tuple[str, str] | None:
    """The package that is built, and why; None where there is none."""
    if not tree.has(MODULE):
        return None
    for name in tree.names():
        if name.endswith(".go") and not name.endswith("_test.go") and _MAIN.search(tree.text(name) or ""):
            return ".", f"{name} is the command"
    for name in tree.names("cmd")[:_MOST]:
        path = f"cmd/{name}/main.go"
        if re.fullmatch(r"[\w.-]+", name) and _MAIN.search(tree.text(path) or ""):
            return f"./cmd/{name}", f"{path} is the command"
    return None

"""Which versions of their languages projects ask for."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from firefly.families.tree import Tree, table

Reader: TypeAlias = Callable[[Tree, str], str | None]

_TOOLS = ".tool-versions"
# Names that asdf gives to what is a runtime here.
_TOOL_NAMES = {"nodejs": "node", "golang": "go"}
_VERSION = re.compile(r"^[\w.^~<>=|*+ -]{1,40}$")


@dataclass(frozen=True, slots=True)
class Version:
    text: str
    path: str


def _whole(tree: Tree, path: str) -> str | None:
    """A file that holds nothing else, perhaps with the language's name before it."""
    lines = (tree.text(path) or "").split()
    return re.sub(r"^(v|ruby-|python-|php-)(?=\d)", "", lines[0]) if lines else None


def _found(pattern: str) -> Reader:
    expression = re.compile(pattern, re.MULTILINE)

    def read(tree: Tree, path: str) -> str | None:
        found = expression.search(tree.text(path) or "")
        return found[1] if found else None

    return read


def _of_json(*keys: str) -> Reader:
    def read(tree: Tree, path: str) -> str | None:
        value = table(tree.json(path), *keys[:-1]).get(keys[-1])
        return value if isinstance(value, str) else None

    return read


def _of_toml(*keys: str) -> Reader:
    def read(tree: Tree, path: str) -> str | None:
        value = table(tree.toml(path), *keys[:-1]).get(keys[-1])
        return value if isinstance(value, str) else None

    return read


# The first that says something is believed.
_PLACES: Mapping[str, tuple[tuple[str, Reader], ...]] = {
    "node": ((".nvmrc", _whole), (".node-version", _whole), ("package.json", _of_json("engines", "node"))),
    "python": (
        (".python-version", _whole),
        ("runtime.txt", _whole),
        ("pyproject.toml", _of_toml("project", "requires-python")),
        ("pyproject.toml", _of_toml("tool", "poetry", "dependencies", "python")),
        ("Pipfile", _of_toml("requires", "python_version")),
    ),
    "ruby": ((".ruby-version", _whole), ("Gemfile", _found(r"""^[ \t]*ruby[ \t]+["']([^"']+)["']"""))),
    "php": (
        (".php-version", _whole),
        ("composer.json", _of_json("config", "platform", "php")),
        ("composer.json", _of_json("require", "php")),
    ),
    "go": (
        (".go-version", _whole),
        ("go.mod", _found(r"^go[ \t]+(\S+)[ \t\r]*$")),
    ),
    "rust": (
        ("rust-toolchain.toml", _of_toml("toolchain", "channel")),
        ("rust-toolchain", _whole),
        ("rust-toolchain", _of_toml("toolchain", "channel")),
        ("Cargo.toml", _of_toml("package", "rust-version")),
    ),
    "java": (
        (".java-version", _whole),
        ("system.properties", _found(r"^java\.runtime\.version=(\S+)$")),
        ("pom.xml", _found(r"<(?:java\.version|maven\.compiler\.release|maven\.compiler\.source)>([^<$]+)<")),
        ("build.gradle", _found(r"JavaLanguageVersion\.of\((\d+)\)")),
        ("build.gradle.kts", _found(r"JavaLanguageVersion\.of\((\d+)\)")),
    ),
}


def version(tree: Tree, runtime: str) -> Version | None:
    for path, read in _PLACES.get(runtime, ()):
        text = read(tree, path)
        if text and _VERSION.match(text.strip()):
            return Version(text.strip(), path)
    return _of_tools(tree, runtime)


def _of_tools(tree: Tree, runtime: str) -> Version | None:
    for line in (tree.text(_TOOLS) or "").splitlines():
        parts = line.split()
        if len(parts) > 1 and _TOOL_NAMES.get(parts[0], parts[0]) == runtime and _VERSION.match(parts[1]):
            return Version(parts[1], _TOOLS)
    return None

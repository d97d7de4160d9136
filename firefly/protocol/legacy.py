"""`.stage1.yml` and `.build.yml`, which said what firefly.yml says now, in a few other words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firefly.protocol.errors import ManifestError
from firefly.protocol.manifest import Manifest, check, read
from firefly.protocol.yamltext import Lines

_SAME = ("image", "urls", "run")
_KNOWN = frozenset({*_SAME, "build", "env", "writable", "writables", "dockerfile", "options", "script"})
# The only option of which we know what it did: what PHP answers every path with.
_FRONT = "front_controller"
_PATH = re.compile(r"(?!.*\.\.)[\w-][\w./-]{0,200}\.php")
_PREFIX = "stage1/"
# Bases of then, by the runtime that does the same now.
_IMAGES = {"symfony2": "php", "php": "php", "nodejs": "node", "node": "node", "ruby": "ruby", "python": "python"}


@dataclass(frozen=True, slots=True)
class Legacy:
    """The same as a manifest, with the script that PHP begins with, and sentences about what is not taken over."""

    manifest: Manifest
    front_controller: str = ""
    notes: tuple[str, ...] = ()


def parse(text: str, name: str) -> Legacy:
    """Raises ManifestError, which names the line, for what is broken, unknown or wrong."""
    data, lines = read(text, name)
    for key in data:
        if key not in _KNOWN:
            line = lines.get((key,), 1)
            raise ManifestError(f"{name}, line {line}: the key {key} is not known.", line=line)
    taken: dict[str, object] = {key: data[key] for key in _SAME if data.get(key) is not None}
    if data.get("build"):
        # It stood for everything that is done before the start.
        taken |= {"install": data["build"], "build": []}
    if isinstance(data.get("image"), str):
        taken["image"] = _image(str(data["image"]))
    if data.get("env"):
        taken["env"] = _variables(data["env"], lines, name)
    if writable := data.get("writable") or data.get("writables"):
        taken["writable"] = writable
    if data.get("dockerfile"):
        taken["dockerfile"] = _dockerfile(data["dockerfile"])
    options = data.get("options") or {}
    front = _front_controller(options, lines, name)
    notes = tuple(f"{name}, line {line}: {what}." for line, what in _idle(data, options, lines))
    return Legacy(check(taken, lines, name), "" if data.get("run") or data.get("dockerfile") else front, notes)


def _front_controller(options: object, lines: Lines, name: str) -> str:
    """A path in the project. Raises ManifestError where it leads out of it, or is none."""
    if not isinstance(options, dict):
        line = lines.get(("options",), 1)
        raise ManifestError(f"{name}, line {line}: options is a list of names with values.", line=line)
    front = options.get(_FRONT) or ""
    if not isinstance(front, str) or (front and not _PATH.fullmatch(front)):
        line = lines.get(("options", _FRONT), 1)
        raise ManifestError(f"{name}, line {line}: options.{_FRONT} is the path of a PHP file.", line=line)
    return front


def _idle(data: dict[str, object], options: object, lines: Lines) -> Iterator[tuple[int, str]]:
    """What does nothing, with its line, and why."""
    if data.get("script"):
        yield lines.get(("script",), 1), "script is not acted on any longer: say it in build"
    for key in options if isinstance(options, dict) else ():
        line = lines.get(("options", str(key)), 1)
        if key != _FRONT:
            yield line, f"options.{key} has no effect: it was for the server in the bases of STAGE1, which are not used"
        elif data.get("run") or data.get("dockerfile"):
            said = "run" if data.get("run") else "dockerfile"
            yield line, f"options.{key} has no effect: it is for PHP's own server, and {said} says what is started"


def _image(image: str) -> str | None:
    """A base of then by its runtime, any other as it is; what only meant the default is none."""
    base = image.removeprefix(_PREFIX)
    stem = base.partition(":")[0]
    if stem == "stage1":
        return None
    return _IMAGES.get(stem, base)


def _dockerfile(value: object) -> object:
    """That one was named said enough; `true` and a path alone are taken as what they mean."""
    if value is True:
        return {}
    return {"path": value} if isinstance(value, str) else value


def _variables(value: object, lines: Lines, name: str) -> object:
    """`NAME=VALUE`, one a line, as a table."""
    if not isinstance(value, list):
        return value
    found: dict[str, str] = {}
    for number, entry in enumerate(value):
        key, equals, text = str(entry).partition("=")
        if not equals:
            line = lines.get(("env", str(number)), lines.get(("env",), 1))
            raise ManifestError(f"{name}, line {line}: env.{number} is not NAME=VALUE.", line=line)
        found[key.strip()] = text
    return found

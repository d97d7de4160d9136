"""`.stage1.yml` and `.build.yml`, which said what firefly.yml says now, in a few other words."""

from firefly.protocol.errors import ManifestError
from firefly.protocol.manifest import Manifest, check, read
from firefly.protocol.yamltext import Lines

_SAME = ("image", "urls", "run")
_KNOWN = frozenset({*_SAME, "build", "env", "writable", "writables", "dockerfile", "options", "script"})
_PREFIX = "stage1/"
# Bases of then, by the runtime that does the same now.
_IMAGES = {"symfony2": "php", "php": "php", "nodejs": "node", "node": "node", "ruby": "ruby", "python": "python"}


def parse(text: str, name: str) -> tuple[Manifest, tuple[str, ...]]:
    """The same as a manifest, with sentences about what is not taken over.

    Raises ManifestError, which names the line, for what is broken, unknown or wrong.
    """
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
    idle = (key for key in ("script", "options") if data.get(key))
    notes = tuple(f"{name}, line {lines.get((key,), 1)}: {key} is not acted on any longer." for key in idle)
    return check(taken, lines, name), notes


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

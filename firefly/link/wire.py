"""Values as JSON and back: plain data, and the frozen dataclasses and enums that both sides have listed.

Nothing that arrives names a class that is not listed, or runs anything but a listed dataclass's own constructor.
"""

import ipaddress
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from firefly import errors
from firefly.errors import FireflyError, Unavailable

UNTOLD = "Something went wrong in Firefly; its log says what."
PLAIN = frozenset({type(None), bool, int, float, str})
# Everything that is no plain value is a list that begins with the name of its kind.
_SIMPLE: Mapping[type, tuple[str, Callable[[Any], object]]] = {
    UUID: ("uuid", lambda value: value.hex),
    bytes: ("bytes", lambda value: value.decode("latin-1")),
    datetime: ("time", datetime.isoformat),
    type(Path()): ("path", str),
    ipaddress.IPv4Network: ("network", str),
    ipaddress.IPv6Network: ("network", str),
}
_READ: Mapping[str, Callable[[Any], object]] = {
    "uuid": lambda text: UUID(hex=text),
    "bytes": lambda text: text.encode("latin-1"),
    "time": datetime.fromisoformat,
    "path": Path,
    "network": ipaddress.ip_network,
}
_ERRORS = {
    kind.__name__: kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, FireflyError)
}


class Wire:
    """`types` are the dataclasses and enums that may pass. Fields that begin with an underscore stay behind."""

    def __init__(self, types: Iterable[type]) -> None:
        self._types = {kind.__name__: kind for kind in types}
        self._fields = {
            kind: tuple(field.name for field in fields(kind) if field.init and not field.name.startswith("_"))
            for kind in self._types.values()
            if is_dataclass(kind)
        }

    def dump(self, value: object) -> bytes:
        """Raises TypeError for what may not pass."""
        return json.dumps(self._pack(value), separators=(",", ":")).encode()

    def load(self, data: bytes) -> Any:
        """Raises ValueError, KeyError or TypeError for what `dump` did not make."""
        return self._unpack(json.loads(data))

    def _pack(self, value: object) -> object:
        kind = type(value)
        if kind in PLAIN:
            return value
        if kind in self._fields:
            return ["object", kind.__name__, *(self._pack(getattr(value, name)) for name in self._fields[kind])]
        if kind in _SIMPLE:
            name, write = _SIMPLE[kind]
            return [name, write(value)]
        return self._pack_rest(value)

    def _pack_rest(self, value: object) -> object:
        match value:
            case Enum() if type(value).__name__ in self._types:
                return ["enum", type(value).__name__, value.name]
            case list() | tuple():
                return ["list", *map(self._pack, value)]
            case frozenset():
                return ["set", *map(self._pack, value)]
            case dict():
                return ["map", *([self._pack(key), self._pack(item)] for key, item in value.items())]
            case BaseException():
                return _pack_error(value, self._pack)
            case UUID():
                # A database driver has a kind of its own.
                return ["uuid", value.hex]
        raise TypeError(f"{type(value).__name__} is not for other processes")

    def _unpack(self, value: Any) -> Any:
        if type(value) is not list:
            return value
        kind, *parts = value
        if kind in _READ:
            return _READ[kind](parts[0])
        match kind:
            case "object":
                made = self._types[parts[0]]
                names = self._fields[made]
                return made(**dict(zip(names, map(self._unpack, parts[1:]), strict=True)))
            case "list":
                return tuple(map(self._unpack, parts))
            case "map":
                return {self._unpack(key): self._unpack(item) for key, item in parts}
            case "set":
                return frozenset(map(self._unpack, parts))
            case "enum":
                return self._types[parts[0]][parts[1]]  # type: ignore[index]
            case "error":
                return _unpack_error(parts[0], self._unpack(parts[1]))
        raise ValueError(f"{kind!r} is no kind of value")


def _pack_error(error: BaseException, pack: Callable[[object], object]) -> object:
    if isinstance(error, FireflyError) and type(error).__name__ in _ERRORS:
        kept = {name: value for name, value in vars(error).items() if type(value) in PLAIN}
        extra = {name: value for name, value in error.extra.items() if type(value) in PLAIN}
        return ["error", type(error).__name__, pack({**kept, "extra": extra})]
    if isinstance(error, OSError) and error.errno is not None:
        return ["error", "OSError", pack({"errno": error.errno, "text": error.strerror or ""})]
    return ["error", "Unavailable", pack({"detail": UNTOLD, "extra": {}})]


def _unpack_error(kind: str, values: Mapping[str, Any]) -> Exception:
    if kind == "OSError":
        return OSError(values["errno"], values["text"])
    found = _ERRORS.get(kind, Unavailable)
    error = found.__new__(found)
    Exception.__init__(error, values["detail"])
    vars(error).update(values)
    return error

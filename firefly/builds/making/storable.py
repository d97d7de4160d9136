"""Texts of strangers, such that PostgreSQL can hold them: it knows no NUL, and no half of a character."""

from typing import Any


def storable(value: Any) -> Any:
    """The same, be it JSON, with a sign of its own in the place of what cannot be stored."""
    match value:
        case str():
            return value.encode(errors="replace").decode().replace("\0", "\ufffd")
        case dict():
            return {storable(key): storable(item) for key, item in value.items()}
        case list() | tuple():
            return [storable(item) for item in value]
        case _:
            return value

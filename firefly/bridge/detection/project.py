"""A project's files, as the analyser reads them: small texts only, nothing outside the workspace."""

import json
from collections.abc import Mapping

from firefly.bridge.storage import Storage
from firefly.errors import FireflyError

_LARGEST = 256 << 10


class ProjectFiles:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def text(self, path: str) -> str | None:
        """The contents, or None when there is no such text of a sensible size."""
        try:
            data, _ = self._storage.read(path, limit=_LARGEST)
        except FireflyError:
            return None
        return data.decode(errors="replace")

    def has(self, path: str) -> bool:
        try:
            with self._storage.opened(path):
                return True
        except FireflyError:
            return False

    def first(self, *paths: str) -> str | None:
        return next((path for path in paths if self.has(path)), None)

    def json(self, path: str) -> Mapping[str, object]:
        """An object, or an empty one."""
        try:
            value = json.loads(self.text(path) or "{}")
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

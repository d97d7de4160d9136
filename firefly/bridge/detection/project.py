"""A workspace's files, as the analyser reads them: nothing outside the workspace."""

from firefly.bridge.storage import Storage
from firefly.errors import FireflyError
from firefly.families.tree import LARGEST, MOST_NAMES, Tree


class ProjectFiles(Tree):
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def text(self, path: str) -> str | None:
        try:
            data, _ = self._storage.read(path, limit=LARGEST)
        except FireflyError:
            return None
        return data.decode(errors="replace")

    def has(self, path: str) -> bool:
        try:
            with self._storage.opened(path):
                return True
        except FireflyError:
            return False

    def names(self, folder: str = "") -> tuple[str, ...]:
        try:
            found = self._storage.names(folder, most=MOST_NAMES)
        except FireflyError:
            return ()
        return tuple(sorted(name for name in found if name.isprintable()))

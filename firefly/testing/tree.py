"""A tree in memory, as the analyser looks at one."""

from collections.abc import Mapping

from firefly.builds.analysis import Source
from firefly.families.tree import LARGEST


class MemoryTree(Source):
    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = dict(files)

    def text(self, path: str) -> str | None:
        text = self.files.get(path)
        return text if text is not None and len(text.encode()) <= LARGEST else None

    def has(self, path: str) -> bool:
        return path in self.files

    def names(self, folder: str = "") -> tuple[str, ...]:
        start = f"{folder}/" if folder else ""
        return tuple(sorted({path.removeprefix(start).split("/")[0] for path in self.files if path.startswith(start)}))

"""What the servers of tests write to their logs while a test runs: told with the test when it fails."""

from collections.abc import Iterator
from pathlib import Path

# Bytes told of each log, the last ones.
MOST = 16_000

_sizes: dict[Path, int] = {}


def follow(path: Path) -> None:
    """From now on; what is not there when somebody asks is left out."""
    _sizes.setdefault(path, 0)


def mark() -> None:
    """A test begins."""
    for path in _sizes:
        _sizes[path] = path.stat().st_size if path.exists() else 0


def written() -> Iterator[tuple[str, str]]:
    """The path of each log that was written to since the mark, and what was."""
    for path, size in _sizes.items():
        if path.exists() and (new := path.read_bytes()[size:]):
            yield str(path), new[-MOST:].decode(errors="replace")

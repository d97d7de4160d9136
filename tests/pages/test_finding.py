"""What answers a request for pages: other codings of a file that lie beside it, and only where they help."""

import os
from io import BytesIO

import pytest

from firefly.pages import Opened
from firefly.pages.finding import Asked, Found, find

HTML = {
    "/index.html": "<p>home",
    "/index.html.gz": "packed",
    "/app.js": "js",
    "/app.js.br": "small",
    "/app.js.gz": "gz",
}


class Files:
    """Fulfils `Source`, and says what is still open."""

    def __init__(self, files: dict[str, str]) -> None:
        self._files = files
        self.handed: list[BytesIO] = []

    def open(self, path: str) -> Opened | None:
        if path not in self._files:
            return None
        file = BytesIO(self._files[path].encode())
        self.handed.append(file)
        return Opened(file, len(self._files[path]), path)

    @property
    def left_open(self) -> int:
        return sum(not file.closed for file in self.handed)


@pytest.mark.parametrize(
    ("path", "accepted", "alters", "content", "coding", "varies"),
    [
        ("/app.js", "gzip, deflate, br", False, b"small", "br", True),
        ("/app.js", "gzip, br;q=0", False, b"gz", "gzip", True),
        ("/app.js", "identity", False, b"js", None, True),
        ("/app.js.br", "br", False, b"small", None, False),
        ("/", "gzip", False, b"packed", "gzip", True),
        # What is changed on its way is needed as it is.
        ("/", "gzip", True, b"<p>home", None, False),
    ],
)
def test_codings(path: str, accepted: str, alters: bool, content: bytes, coding: str | None, varies: bool) -> None:
    files = Files(HTML)
    found = find(files, Asked(path, False, frozenset(_names(accepted))), alters=alters)
    assert isinstance(found, Found)
    assert (found.start, found.coding, found.varies) == (content, coding, varies)
    assert found.kind.startswith("text/")
    assert files.left_open == 1
    found.close()


def test_what_fails_half_way_leaves_nothing_open() -> None:
    class Failing(Files):
        def open(self, path: str) -> Opened | None:
            if path.endswith(".gz"):
                raise OSError(5, os.strerror(5))
            return super().open(path)

    files = Failing(HTML)
    with pytest.raises(OSError, match="Input/output"):
        find(files, Asked("/index.html", False, frozenset()), alters=False)
    assert files.left_open == 0


def _names(field: str) -> list[str]:
    from firefly.pages.finding import _accepted

    return list(_accepted(field))

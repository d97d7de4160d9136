"""The requests of many browsers, so that no proxy is measured with one head that it has seen before."""

import random
from collections.abc import Iterator

from .door import HOST, grant

VISITORS, PAGES = 64, 4
STRANGERS = 8000
COMMON = {
    "Host": HOST,
    "Connection": "keep-alive",
    "sec-ch-ua": '"Chromium";v="142", "Not;A=Brand";v="24"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-GB,en;q=0.9",
}
DOCUMENT = {
    "Cache-Control": "max-age=0",
    "Upgrade-Insecure-Requests": "1",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-User": "?1",
    "Sec-Fetch-Dest": "document",
}
# What a page loads: path, destination, accepted types.
PARTS = (
    ("main.js", "script", "*/*"),
    ("site.css", "style", "text/css,*/*;q=0.1"),
    ("logo.png", "image", "image/avif,image/webp,image/apng,image/svg+xml,*/*;q=0.8"),
)


def returning() -> list[bytes]:
    """A thousand different heads: visitors with cookies and grants of their own, pages, and what the pages load."""
    made = [head for visitor in range(VISITORS) for head in _visit(_cookies(visitor))]
    random.Random(1).shuffle(made)
    return made


def strangers() -> list[bytes]:
    """More heads than anybody remembers, each with fields that no other one has."""
    visit = list(_visit(_cookies(0)))
    return [
        visit[number % len(visit)].replace(b"\r\nCookie: ", b"\r\nX-Trace: %032x\r\nCookie: " % (number * 7919))
        for number in range(STRANGERS)
    ]


def one(path: str) -> list[bytes]:
    """One browser's request for one path."""
    return [_head(path, DOCUMENT | {"Cookie": _cookies(0)})]


def script(path: str, host: str) -> bytes:
    """What a page asks for by script, on any host of the project."""
    fields = {"Accept": "*/*", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty"}
    return _head(path, fields | {"Host": host, "Cookie": _cookies(0)})


def page(path: str, host: str) -> bytes:
    """What a browser asks for to show it."""
    return _head(path, DOCUMENT | {"Host": host, "Cookie": _cookies(0)})


def upload(path: str, size: int) -> bytes:
    """One browser's request that carries a body of `size` bytes."""
    fields = DOCUMENT | {"Cookie": _cookies(0), "Sec-Fetch-Site": "same-origin", "Content-Length": str(size)}
    return _head(path, fields).replace(b"GET ", b"POST ", 1) + b"x" * size


def upgrade(path: str, key: str, host: str = HOST) -> bytes:
    """One browser's request for a WebSocket, from a page of the same project."""
    fields = {
        "Host": host,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Origin": f"http://{host}",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
        "Cookie": _cookies(0),
    }
    return _head(path, fields)


def _cookies(visitor: int) -> str:
    seen = random.Random(visitor).randbytes(16).hex()
    return f"theme=dark; session={seen}; __Host-firefly-grant={grant(visitor)}"


def _visit(cookies: str) -> Iterator[bytes]:
    for page in range(PAGES):
        path = f"/page/{page}?from=index"
        yield _head(path, DOCUMENT | {"Cookie": cookies})
        for name, destination, accept in PARTS:
            yield _head(
                f"/assets/{page}/{name}",
                {
                    "Accept": accept,
                    "Sec-Fetch-Site": "same-origin",
                    "Sec-Fetch-Mode": "no-cors",
                    "Sec-Fetch-Dest": destination,
                    "Referer": f"http://{HOST}{path}",
                    "Cookie": cookies,
                    "If-None-Match": f'"{page}-{name}"',
                },
            )


def _head(path: str, fields: dict[str, str]) -> bytes:
    lines = "".join(f"{name}: {value}\r\n" for name, value in (COMMON | fields).items())
    return f"GET {path} HTTP/1.1\r\n{lines}\r\n".encode()

"""Media types of a site's files, with the character set that they really are in."""

import mimetypes

_OVERRIDES = {
    ".html": "text/html",
    ".htm": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".webmanifest": "application/manifest+json",
    ".svg": "image/svg+xml",
    ".ico": "image/x-icon",
    ".avif": "image/avif",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".wasm": "application/wasm",
    ".md": "text/markdown",
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
}
_TEXTUAL = frozenset({"application/json", "application/manifest+json", "application/xml", "image/svg+xml"})
_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16le"), (b"\xfe\xff", "utf-16be"))


def content_type(path: str, start: bytes) -> str:
    """`start` is the beginning of the file. Text that is not UTF-8 gets no charset, so that its own mark counts."""
    suffix = "." + path.rpartition(".")[2].lower() if "." in path.rpartition("/")[2] else ""
    kind = _OVERRIDES.get(suffix) or mimetypes.guess_type("x" + suffix)[0]
    if kind is None:
        kind = "application/octet-stream" if b"\0" in start else "text/plain"
    if not kind.startswith("text/") and kind not in _TEXTUAL:
        return kind
    charset = _charset(start)
    return f"{kind}; charset={charset}" if charset else kind


def _charset(start: bytes) -> str | None:
    for mark, charset in _MARKS:
        if start.startswith(mark):
            return charset
    try:
        start.decode()
    except UnicodeDecodeError as error:
        # The sample may end in the middle of a character.
        return "utf-8" if error.end == len(start) and error.reason == "unexpected end of data" else None
    return "utf-8"

"""Which part of the house a Host field means: the app, a preview, or nothing of ours."""

import ipaddress
import re
from enum import Enum, auto
from typing import Final
from urllib.parse import urlsplit

from firefly.routes import Route, RouteTable

_HOST = re.compile(rb"\r\n(?i:host):[ \t]*+([A-Za-z0-9._:-]++)[ \t]*+\r")


class Part(Enum):
    APP = auto()
    CONTENT = auto()
    ADDRESS = auto()
    """A bare address of this machine: browsers are sent to the app's URL, programs get the app."""
    UNKNOWN = auto()


# Every request asks for these, and looking a member up in its class costs several times as much.
APP: Final = Part.APP
CONTENT: Final = Part.CONTENT


class Hosts:
    """Reads Host fields. `app_url` is how users reach the app, `content_domain` may have a port."""

    def __init__(self, table: RouteTable, *, app_url: str, content_domain: str) -> None:
        self.app_url = app_url.rstrip("/")
        parts = urlsplit(app_url)
        self.app_origin = f"{parts.scheme}://{parts.netloc.lower()}"
        self.content_domain = content_domain.lower()
        self._table = table
        self._app_host = parts.netloc.lower().encode()
        self._app_name = _name(self._app_host)
        self._content_name = _name(content_domain.lower().encode())
        self._content_port = content_domain.encode()[len(self._content_name) :].decode()

    def resolve(self, host: bytes) -> tuple[Part, Route | None]:
        if host == self._app_host:
            return APP, None
        route = self._table.find(host)
        if route is not None:
            return CONTENT, route
        name = _name(host.lower())
        if name == self._app_name:
            return Part.APP, None
        if name == self._content_name or name.endswith(b"." + self._content_name):
            return Part.CONTENT, None
        return (Part.ADDRESS if _is_address(name) else Part.UNKNOWN), None

    def like(self, host: bytes, other: str) -> str:
        """`other` with the port of `host`."""
        return other + host[len(_name(host)) :].decode("ascii")

    def content_origin(self, host: bytes) -> str:
        """Where browsers reach the preview of a Host field's value, whatever port that has."""
        return f"https://{_name(host).decode('ascii').lower()}{self._content_port}"

    def may_be_content(self, begun: bytes) -> bool:
        """Whether a head that is too long to be read names a preview."""
        found = _HOST.search(begun)
        return found is not None and self.resolve(found[1])[0] is Part.CONTENT


def _name(host: bytes) -> bytes:
    """Without the port."""
    return host[: host.index(b"]") + 1] if host.startswith(b"[") else host.partition(b":")[0]


def _is_address(name: bytes) -> bool:
    try:
        ipaddress.ip_address(name.strip(b"[]").decode("ascii", "replace"))
    except ValueError:
        return False
    return True

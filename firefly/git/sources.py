"""Where an import comes from: a git URL, taken apart and checked before anything looks at it."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from ..errors import InvalidInput

_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?|[0-9a-f:.]*:[0-9a-f:.]*")
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}")
_SCP = re.compile(r"(?:(?P<user>[^@/:]+)@)?(?P<host>[^@/:]+):(?P<path>[^:].*)")
_PORTS = {"https": 443, "http": 80, "ssh": 22, "file": 0}
LONGEST = 2048
WHAT_IS_TAKEN = "Firefly imports from addresses like https://host/owner/name.git or ssh://git@host/owner/name.git."


@dataclass(frozen=True, slots=True)
class Source:
    """`scheme` is https, http, ssh or file; `user` is only ever set for ssh; `path` begins with a slash."""

    scheme: str
    host: str
    port: int
    user: str
    path: str

    @property
    def url(self) -> str:
        if self.scheme == "file":
            return f"file://{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        user = f"{self.user}@" if self.user else ""
        return f"{self.scheme}://{user}{host}{port}{self.path}"


def parse_source(text: str) -> Source:
    """Raises InvalidInput (field `git_url`) with what to do for everything that is not plainly a git URL."""
    text = text.strip()
    if not text or len(text) > LONGEST or not text.isascii() or not all(char.isprintable() for char in text):
        raise _refused("That is not an address of a git repository.")
    if " " in text or text.startswith("-"):
        raise _refused("That is not an address of a git repository.")
    if re.match(r"[A-Za-z0-9+.-]*::", text):
        raise _refused("Remote helpers (`ext::` and the like) are not taken.")
    scp = None if "://" in text else _SCP.fullmatch(text)
    if scp is not None:
        return _checked("ssh", scp["host"], 22, scp["user"] or "git", "/" + scp["path"].lstrip("/"))
    return _from_url(text)


def _from_url(text: str) -> Source:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _refused("That is not an address of a git repository.") from error
    if parts.scheme not in _PORTS:
        raise _refused("That kind of address is not taken.")
    if parts.query or parts.fragment:
        raise _refused("Leave out what follows ? or # in the address.")
    if parts.scheme == "file":
        return _file(parts)
    if parts.scheme != "ssh" and (parts.username is not None or parts.password is not None):
        raise _refused("Leave the user name and password out of the address: only public repositories are imported.")
    if parts.password is not None:
        raise _refused("Leave the password out of the address.")
    user = (parts.username or "git") if parts.scheme == "ssh" else ""
    return _checked(parts.scheme, parts.hostname or "", port or _PORTS[parts.scheme], user, parts.path)


def _file(parts: SplitResult) -> Source:
    if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
        raise _refused("A file address looks like file:///folder/name.git.")
    return Source(scheme="file", host="", port=0, user="", path=parts.path)


def _checked(scheme: str, host: str, port: int, user: str, path: str) -> Source:
    host = host.lower()
    if not _HOST.fullmatch(host) or len(host) > 253:
        raise _refused("The address names no host.")
    if user and not _USER.fullmatch(user):
        raise _refused("The address names no proper user.")
    if len(path) < 2 or path.startswith("/-"):
        raise _refused("The address names no repository.")
    return Source(scheme=scheme, host=host, port=port, user=user, path=path.rstrip("/"))


def _refused(why: str) -> InvalidInput:
    return InvalidInput(f"{why} {WHAT_IS_TAKEN}", field="git_url")

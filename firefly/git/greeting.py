"""What a caller from inside a sandbox asks the gateway for: one line."""

import asyncio
import re
from asyncio import StreamReader
from dataclasses import dataclass

from ..errors import InvalidInput, Unavailable
from .model import Service

LIMIT = 10.0
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_LONGEST_NUMBER = 15


@dataclass(frozen=True, slots=True)
class GitWanted:
    """`<service>`, or `<service> shadow <epoch>` for the workspace's shadow branches: `epoch` is None without."""

    service: Service
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class CopyGiven:
    """`copy-put <epoch> <size> <files> <digest>`: a copy of the files that git ignores."""

    epoch: int
    size: int
    files: int
    digest: str


@dataclass(frozen=True, slots=True)
class CopyWanted:
    """`copy-get`: the copy that is kept."""


Wanted = GitWanted | CopyGiven | CopyWanted


async def read(reader: StreamReader) -> Wanted:
    """Raises InvalidInput for what there is not, Unavailable for whoever says nothing."""
    try:
        async with asyncio.timeout(LIMIT):
            line = await reader.readline()
        return parse(line.decode("ascii").strip().split(" "))
    except TimeoutError as error:
        raise Unavailable("Say which service you want.") from error
    except ValueError as error:
        raise InvalidInput("There is no such service.") from error


def parse(words: list[str]) -> Wanted:
    """Raises ValueError."""
    match words:
        case [service]:
            return CopyWanted() if service == "copy-get" else GitWanted(Service(service))
        case [service, "shadow", epoch]:
            return GitWanted(Service(service), _number(epoch))
        case ["copy-put", epoch, size, files, digest] if _DIGEST.fullmatch(digest):
            return CopyGiven(_number(epoch), _number(size), _number(files), digest)
    raise ValueError(words)


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER):
        raise ValueError(text)
    return int(text)

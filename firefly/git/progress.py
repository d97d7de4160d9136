"""What git says while it fetches, made into progress and, at the end, into a sentence."""

import asyncio
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import InvalidInput, StorageFull
from .command import GitFailed, last_line
from .probe import NEEDS_PASSWORD

_PROGRESS = re.compile(
    r"(?:remote: )?(?P<what>Enumerating|Counting|Compressing|Receiving|Resolving|Unpacking|Updating)[^:]*:\s+"
    r"(?:(?P<percent>\d{1,3})% )?(?P<rest>.*)"
)


@dataclass(frozen=True, slots=True)
class Progress:
    """`step` is `find` or `receive`; `detail` a short line; `percent` 0-100 where git tells it."""

    step: str
    detail: str
    percent: int | None = None


Report = Callable[[Progress], None]


async def follow_progress(stream: asyncio.StreamReader | None, report: Report) -> str:
    """Report progress at most ten times a second; returns the tail of what is no progress."""
    kept, rest, told = "", "", 0.0
    while stream is not None and (piece := await stream.read(1 << 14)):
        *lines, rest = re.split(r"[\r\n]+", rest + piece.decode("utf-8", "replace"))
        rest = rest[-4096:]
        for line in lines:
            progress = parse_progress(line)
            if progress is None:
                kept = (kept + line + "\n")[-8192:]
            elif progress.percent == 100 or time.monotonic() - told > 0.1:
                told = time.monotonic()
                report(progress)
    return kept + rest


def parse_progress(line: str) -> Progress | None:
    """A line of git's progress, made safe to show; None for anything else."""
    match = _PROGRESS.match(line)
    if match is None:
        return None
    rest = "".join(char for char in match["rest"] if char.isprintable())[:80].strip(" ,.")
    percent = min(int(match["percent"]), 100) if match["percent"] else None
    return Progress("receive", f"{match['what']} {rest}".strip(), percent)


_SENTENCES = (
    (r"terminal prompts disabled|could not read (Username|Password)|Authentication failed", NEEDS_PASSWORD),
    (r"Permission denied|Host key verification failed", "The host did not let Firefly in with its ssh key."),
    (r"Could not resolve host|Name or service not known", "There is no such host. Check the address."),
    (r"not found|does not exist|does not appear to be a git repository", "There is no repository at this address."),
    (r"dubious ownership", "The repository on the server belongs to another user."),
    (r"Connection (refused|timed out)|Failed to connect|Operation too slow", "The host does not answer."),
    (r"fsck error|bad object|invalid|corrupt", "The repository is damaged, or holds what git refuses to take over."),
)


def explain(failed: GitFailed, *, url: str) -> InvalidInput | StorageFull:
    """A sentence for whoever asked for the import."""
    if "No space left" in failed.stderr:
        return StorageFull("There is no space left for the repository.")
    for pattern, sentence in _SENTENCES:
        if re.search(pattern, failed.stderr, re.IGNORECASE):
            return InvalidInput(sentence, field="git_url")
    return InvalidInput(f"git could not import {url}: {last_line(failed.stderr)}", field="git_url")

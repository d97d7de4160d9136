"""Artifacts of one store brought into another, each checked on the way; again, it goes on where it was."""

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

from ..errors import Conflict, InvalidInput, NotFound
from .store import ArtifactStore, Held


@dataclass
class Copied:
    """How many were copied, of how many bytes; how many were there already; the digests of what is damaged."""

    count: int = 0
    bytes: int = 0
    there: int = 0
    damaged: list[str] = field(default_factory=list)


async def copy_all(
    source: ArtifactStore, target: ArtifactStore, *, dry: bool, tell: Callable[[int, int], None]
) -> Copied:
    """Each as often as it was put. `tell` hears of how many, of how many, it has been seen to.

    What is put into or removed from `source` meanwhile may be missed, or copied all the same.
    """
    copied = Copied()
    there = {held.digest: held.puts for held in await target.listed()}
    found = [held for held in await source.listed() if held.puts]
    for at, held in enumerate(found):
        tell(at, len(found))
        wanted = held.puts - there.get(held.digest, 0)
        if wanted <= 0:
            copied.there += 1
        elif dry or await _copy(source, target, held, wanted, copied):
            copied.count += 1
            copied.bytes += held.size
    tell(len(found), len(found))
    return copied


async def _copy(source: ArtifactStore, target: ArtifactStore, held: Held, times: int, copied: Copied) -> bool:
    """Whether it was still there, and what it was put as."""
    try:
        for _ in range(times):
            async with aclosing(await source.read(held.digest)) as body:
                artifact = await target.put(body, limit=held.size)
            if artifact.digest != held.digest:
                await target.remove(artifact.digest)
                raise Conflict("It is damaged.")
    except NotFound:
        return False
    except (Conflict, InvalidInput):
        copied.damaged.append(held.digest)
        return False
    return True

"""Uploaded archives: looked over by a process of their own before anything is done with them."""

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from ..errors import InvalidInput, TimedOut
from . import archive_check
from .archive_check import Summary

_LIMIT = 90.0


async def look_over(path: Path, **limits: int) -> Summary:
    """Raises InvalidInput with what is wrong, TimedOut. `limits`: entries, total (bytes), ratio."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        str(Path(archive_check.__file__)),
        str(path),
        json.dumps(limits),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=DEVNULL,
        env={},
        cwd="/",
    )
    try:
        async with asyncio.timeout(_LIMIT):
            out, _ = await process.communicate()
    except TimeoutError as error:
        raise TimedOut("Looking at the archive took too long.") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise InvalidInput("The archive is too complicated to look at.", field="archive")
    answer = json.loads(out)
    if "refused" in answer:
        raise InvalidInput(answer["refused"], field="archive")
    return Summary(**answer)

"""Asking a preview the way a program does, and waiting until it says what is expected."""

import asyncio
import time
from dataclasses import dataclass

import aiohttp


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: dict[str, str]


async def ask(client: aiohttp.ClientSession, url: str, token: str, **headers: str) -> Answer:
    fields = {"X-Firefly-Preview-Token": token, "Authorization": "", **headers}
    async with client.get(url, headers=fields, allow_redirects=False) as response:
        return Answer(response.status, await response.text(), dict(response.headers))


async def wait_for_text(
    client: aiohttp.ClientSession, url: str, token: str, text: str, *, within: float = 90
) -> Answer:
    """The first answer 200 that holds `text`."""
    deadline = time.monotonic() + within
    answer: Answer | None = None
    while time.monotonic() < deadline:
        answer = await ask(client, url, token)
        if answer.status == 200 and text in answer.text:
            return answer
        await asyncio.sleep(0.1)
    raise AssertionError(f"{url} did not show {text!r} within {within} s; last: {answer}")

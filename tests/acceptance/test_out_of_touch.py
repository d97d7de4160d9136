"""A server whose database hangs: nothing private is served then, nobody learns what there is, and it recovers."""

import asyncio
import os
import re
import signal
from pathlib import Path

import aiohttp
import pytest

from firefly.settings import Settings
from tests.store.test_database import processes_of
from tests.support.previews import Answer, ask, wait_for_text
from tests.support.server import LiveServer, create_project
from tests.support.waiting import eventually

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("survival")]


async def test_without_its_database_it_does_not_guess(tmp_path: Path) -> None:
    server = LiveServer(tmp_path)
    await asyncio.to_thread(server.start)
    database = processes_of(Settings(data_dir=tmp_path / "data"))
    try:
        async with server.client() as client, server.client(token="") as stranger:
            private = (await create_project(client, "private", "static"))["urls"]["preview"]
            public = (await create_project(client, "public", "static", visibility="public"))["urls"]["preview"]
            for url in (private, public):
                await wait_for_text(client, url, server.token, "<html")
            await _hang(server, database, stranger, private, public)

            async def serves() -> bool:
                return (await ask(client, private, server.token)).status == 200

            await eventually(serves, within=60)
        assert server.log.count("replica.stale") == 1
        assert "replica.fresh" in server.log
    finally:
        await asyncio.to_thread(server.__exit__, None, None, None)


async def _hang(
    server: LiveServer, database: list[int], stranger: aiohttp.ClientSession, private: str, public: str
) -> None:
    for process in database:
        os.kill(process, signal.SIGSTOP)
    try:

        async def refuses() -> bool:
            return (await ask(stranger, private, "")).status == 503

        await eventually(refuses)
        known, unknown = [await ask(stranger, url, "") for url in (private, server.content_url("nothing--here"))]
        assert known.headers["Retry-After"] == "5"
        assert _told(known) == _told(unknown)
        assert (await ask(stranger, public, "")).status == 200
    finally:
        for process in database:
            os.kill(process, signal.SIGCONT)


def _told(answer: Answer) -> tuple[int, set[str], str]:
    """What somebody could learn from an answer, but for the name that each request has."""
    return answer.status, set(answer.headers), re.sub(r'"request_id": "\w+"', "", answer.text)

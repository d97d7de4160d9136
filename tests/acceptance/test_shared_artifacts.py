"""Two servers with data directories of their own, one database and one bucket: what one builds the other one shows."""

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.acceptance.test_sites import opened
from tests.support.previews import wait_for_text
from tests.support.s3 import s3_server, variables
from tests.support.server import BUILDING, LiveServer

pytestmark = [pytest.mark.timeout(180)]


async def test_what_one_server_builds_another_one_shows(dsn: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        s3 = stack.enter_context(s3_server(tmp_path / "s3"))
        shared = {
            "FIREFLY_DATABASE_URL": dsn,
            "FIREFLY_SECRET_KEY": "one key for both " * 2,
            **variables(s3.settings("x")),
        }
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
        one = LiveServer(tmp_path / "one", settings={**BUILDING, **shared})
        stack.enter_context(one)
        other = LiveServer(tmp_path / "other", settings=shared, token=one.token)
        starting = asyncio.create_task(asyncio.to_thread(stack.enter_context, other))
        shop = await stack.enter_async_context(opened(one, tmp_path))
        await shop.push("pages", {"index.html": "<!doctype html><body>built by one</body>"})
        await shop.shows("pages", "built by one")
        await starting
        async with other.client() as client:
            url = other.content_url(f"pages--{shop.name}--{shop.owner}")
            await wait_for_text(client, url, other.token, "built by one", within=40)
        assert sum(len(files) for _, _, files in os.walk(s3.files("x"))) >= 1
        kept = [path for name in ("one", "other") for path in (tmp_path / name / "data" / "artifacts").rglob("*")]
        assert {path.name for path in kept} <= {"incoming"}

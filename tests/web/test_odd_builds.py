"""What nobody types but everybody may send, to the calls about builds: refused or shown as nothing, never a fault."""

from typing import Any
from uuid import uuid4

import pytest
from aiohttp.test_utils import TestClient

from .test_builds import PATH, asked

Client = TestClient[Any, Any]
PROJECT = "/api/v1/projects/ada/site"
HUGE = ("2147483648", "9223372036854775808", "9" * 400, "-1", "1.5", "x", "\0", "٣")


async def test_numbers_out_of_range(owner: Client) -> None:
    build = (await asked(owner))["id"]
    hook = (await (await owner.post(f"{PROJECT}/hooks", json={"url": "http://127.0.0.1:9/"})).json())["id"]
    asked_for = [
        (f"/api/v1/builds/{build}/log", "after"), (f"/api/v1/builds/{build}/log", "step"),
        (f"/api/v1/builds/{build}/log", "limit"), (f"/api/v1/builds/{build}/log", "tail"),
        (f"/api/v1/builds/{build}/site-log", "after"), (PATH, "cursor"), (PATH, "limit"), (PATH, "ref"),
        (f"{PROJECT}/hook-deliveries", "cursor"), (f"{PROJECT}/hooks/{hook}/deliveries", "before"),
        (f"{PATH}/badge.svg", "branch"), (f"{PATH}/badge.svg", "key"), (f"/api/v1/builds/{build}/log", "search"),
    ]  # fmt: skip
    faults = [
        (path, name, value)
        for path, name in asked_for
        for value in (*HUGE, f"2026-01-01T00:00:00_{uuid4()}", "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00")
        if (await owner.get(path, params={name: value})).status >= 500
    ]
    assert not faults


async def test_text_that_cannot_be_stored(owner: Client) -> None:
    made = (await asked(owner))["id"]
    hooks = f"{PROJECT}/hooks"
    calls: list[tuple[str, str, Any]] = [
        ("PATCH", f"{PROJECT}/build-settings", {"held_reason": "a\0"}),
        ("PATCH", f"{PROJECT}/build-settings", {"patterns": ["a\0"]}),
        ("PATCH", f"{PROJECT}/build-settings", {"configuration": "run: a\0"}),
        ("PATCH", f"{PROJECT}/branches/a%00", {"is_demo": True}),
        ("PATCH", f"{PROJECT}/branches/pr-99999999999999999999", {"is_demo": True}),
        ("POST", PATH, {"ref": "a\0"}), ("POST", PATH, {"ref": "refs/pull/99999999999999999999"}),
        ("POST", PATH, {"ref": "refs/pull/x"}), ("POST", PATH, {"ref": "--help"}),
        ("POST", PATH, {"commit": "\0" * 40}),
        ("POST", hooks, {"url": "https://a\0b/"}), ("POST", hooks, {"url": "https://127.0.0.1:99999/"}),
        ("POST", hooks, {"url": "http://127.0.0.1:9/", "secret": "a" * 16 + "\0é"}),
        ("GET", "/api/v1/projects/a%00/site/builds/badge.svg", None),
        ("GET", "/api/v1/projects/ada/%ff/builds/badge.svg", None),
        ("GET", "/api/v1/projects/a%00/site/builds", None), ("GET", "/api/v1/projects/%00/site/builds", None),
        ("GET", f"{PATH}?search=%00", None), ("GET", "/api/v1/quotas?owners=%00", None),
        ("GET", "/@%00", None), ("GET", "/git/%00/x.git/info/refs?service=git-upload-pack", None),
        ("GET", f"{PATH}/99999999999", None), ("GET", "/api/v1/builds/%00", None),
        ("POST", f"/api/v1/builds/{made}/exec", {"command": "a\0"}),
        ("POST", "/api/v1/connections", {"provider": "gitea", "url": "http://127.0.0.1:9", "token": "a\r\nb: c"}),
        ("POST", "/api/v1/connections", {"provider": "gitea", "url": "http://[", "token": "a"}),
        ("POST", "/api/v1/connections", {"provider": "gitea", "url": "http://127.0.0.1:9", "token": "é", "user": "\0"}),
        ("GET", "/api/v1/connections/%00/repositories", None),
        ("POST", "/api/v1/imports", {"provider": "\0", "repository": "a/b"}),
        ("POST", f"{PROJECT}/link/resolve", {"branch": "\0", "choice": "ours"}),
        ("GET", "/auth/connections/callback?state=%00&code=%ff", None),
    ]  # fmt: skip
    faults = []
    for method, path, body in calls:
        response = await owner.request(method, path, json=body)
        if response.status >= 500 and not (response.status == 503 and path == "/api/v1/connections"):
            faults.append((method, path, body, response.status))
    assert not faults


@pytest.mark.parametrize("last", ["9" * 15, "9" * 5000, "-1", "x", "\u0663"])
async def test_a_reader_that_comes_back_with_any_id(owner: Client, last: str) -> None:
    made = (await asked(owner))["id"]
    await owner.post(f"/api/v1/builds/{made}/cancel")
    headers = {"Accept": "text/event-stream", "Last-Event-ID": last}
    async with owner.get(f"/api/v1/builds/{made}/log", headers=headers) as response:
        assert response.status == 200
        assert b"event: end" in await response.read()

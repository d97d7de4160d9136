"""Payloads that the providers publish, signed and sent to a running server: what they lead to there and here."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from firefly.git.providers import PROVIDERS
from firefly.testing.providers import ProviderServer, TwinPull, TwinRepository
from tests.builds.hooks.conftest import HEADS
from tests.builds.hooks.payloads import EVENTS, PUSHES, ZEROS, pull, sign
from tests.git import support
from tests.support.previews import ask, wait_for_text
from tests.support.server import BUILDING, LiveServer
from tests.support.waiting import eventually

pytestmark = [pytest.mark.timeout(180)]

GOOD = {"success", "SUCCESSFUL"}


@dataclass
class Linked:
    """A project, the repository that it belongs to at one provider, and a working copy of that."""

    server: LiveServer
    client: aiohttp.ClientSession
    provider: str
    project: dict[str, Any]
    secret: str
    repository: TwinRepository
    there: Path

    @property
    def path(self) -> str:
        return f"/api/v1/projects/{self.project['owner']}/{self.project['name']}"

    def url(self, label: str) -> str:
        return self.server.content_url(f"{label}--{self.project['name']}--{self.project['owner']}")

    async def call(self, fields: dict[str, str], body: bytes, project: str = "") -> tuple[int, dict[str, Any]]:
        url = f"{self.server.url}/hooks/{self.provider}/{project or self.project['id']}"
        async with (
            self.server.client(token="") as anybody,
            anybody.post(url, headers=fields, data=io.BytesIO(body)) as response,
        ):
            return response.status, await response.json(content_type=None)

    async def send(self, event: str, payload: Any, **more: Any) -> tuple[int, dict[str, Any]]:
        return await self.call(*sign(self.provider, event, payload, self.secret, **more))

    async def push(self, ref: str, text: str) -> str:
        before = support.git(self.there, "rev-parse", "HEAD")
        after = support.commit(self.there, "index.html", f"<!doctype html><html><p>{text}")
        support.git(self.there, "push", "-q", "-f", "origin", f"HEAD:{ref}")
        status, _ = await self.send(EVENTS[self.provider]["push"], PUSHES[self.provider](ref, before, after))
        assert status == 202
        return after

    async def told(self, commit: str) -> dict[str, Any]:
        """The last status of that commit, once it is a good one."""

        def last() -> dict[str, Any] | None:
            found = [one for one in self.repository.statuses if one["commit"] == commit]
            return found[-1] if found and found[-1]["state"] in GOOD else None

        found = await eventually(last, within=60)
        assert found is not None
        return found

    async def ends(self, label: str) -> None:
        """Wait until nothing is shown there any more."""

        async def gone() -> bool:
            try:
                return (await ask(self.client, self.url(label), self.server.token)).status != 200
            except aiohttp.ClientPayloadError:
                # It went away in the middle of the answer.
                return False

        await eventually(gone)

    async def all_handled(self) -> None:
        async def handled() -> bool:
            return {one["state"] for one in await self.deliveries()} == {"handled"}

        await eventually(handled)

    async def deliveries(self) -> list[dict[str, Any]]:
        async with self.client.get(f"{self.path}/hook-deliveries") as response:
            assert response.status == 200, await response.text()
            items: list[dict[str, Any]] = (await response.json())["items"]
            return items


@pytest.fixture
async def house(tmp_path: Path, twin: ProviderServer) -> AsyncIterator[tuple[LiveServer, aiohttp.ClientSession]]:
    """A server that may reach the twin."""
    (tmp_path / "server").mkdir()
    settings = {**BUILDING, "FIREFLY_IMPORT_ADDRESSES": "127.0.0.1"}
    with LiveServer(tmp_path / "server", settings=settings) as server:
        async with server.client() as client:
            yield server, client


async def imported(
    house: tuple[LiveServer, aiohttp.ClientSession], twin: ProviderServer, provider: str, folder: Path
) -> Linked:
    """A project that was imported from the provider, which has its hook since."""
    server, client = house
    there = support.history(folder / provider / "there", branch="main", commits=1)
    support.git(there.parent, "clone", "-q", "--bare", str(there), "bare.git")
    support.git(there, "remote", "add", "origin", str(there.parent / "bare.git"))
    repository = twin.add(TwinRepository(provider, "acme/site", there.parent / "bare.git"))
    connection = {"provider": provider, "url": twin.base_url(provider), "token": twin.token}
    made = await _posted(client, "/api/v1/connections", connection)
    asked = {"provider": made["id"], "repository": "acme/site", "name": f"from-{provider}"}
    project = await _posted(client, "/api/v1/imports", asked)
    await _imported(client, project["job"]["id"])
    (hook,) = repository.hooks.values()
    configured = hook.get("config", hook)
    assert configured["url"] == f"{server.url}/hooks/{provider}/{project['id']}"
    secret = configured.get("secret") or configured.get("token") or configured["configuration"]["secret"]
    return Linked(server, client, provider, project, secret, repository, there)


async def _posted(client: aiohttp.ClientSession, path: str, body: dict[str, Any]) -> dict[str, Any]:
    async with client.post(path, json=body) as response:
        assert response.status in (201, 202), await response.text()
        made: dict[str, Any] = await response.json()
        return made


async def _imported(client: aiohttp.ClientSession, job: str) -> None:
    async def done() -> bool:
        async with client.get(f"/api/v1/jobs/{job}") as response:
            body = await response.json()
            assert body["state"] not in ("failed", "cancelled"), body
            return bool(body["state"] == "done" or body["state"] == "succeeded")

    await eventually(done, within=60)


async def test_what_they_publish_is_built_shown_and_told_back(
    house: tuple[LiveServer, aiohttp.ClientSession], twin: ProviderServer, tmp_path: Path
) -> None:
    async with asyncio.TaskGroup() as tasks:
        for provider in PROVIDERS:
            tasks.create_task(_life(house, twin, provider, tmp_path))
    assert {call.provider for call in twin.calls} == set(PROVIDERS)


async def _life(
    house: tuple[LiveServer, aiohttp.ClientSession], twin: ProviderServer, provider: str, folder: Path
) -> None:
    """A branch and a pull request, from their first push to their end."""
    linked = await imported(house, twin, provider, folder)
    commit = await linked.push("refs/heads/feature", f"pushed to {provider}")
    status = await linked.told(commit)
    assert f"/app/{linked.project['owner']}/from-{provider}/builds/1" in str(status)
    await wait_for_text(linked.client, linked.url("feature"), linked.server.token, f"pushed to {provider}")
    await _pull_request(linked, commit)
    support.git(linked.there, "push", "-q", "origin", ":refs/heads/feature")
    gone = PUSHES[provider]("refs/heads/feature", commit, ZEROS)
    assert (await linked.send(EVENTS[provider]["push"], gone))[0] == 202
    await linked.ends("feature")
    await linked.all_handled()
    if provider == "github":
        await _bad_ones(linked)
    async with linked.client.delete(f"{linked.path}/link") as response:
        assert response.status == 204, await response.text()
    await eventually(lambda: not linked.repository.hooks, within=60)


async def _pull_request(linked: Linked, commit: str) -> None:
    """From opening to merging: a site, one comment that leads to it, and nothing afterwards."""
    provider, site = linked.provider, linked.url("pr-4")
    theirs = {
        "gitlab": "refs/merge-requests/4/head",
        "bitbucket": "refs/heads/branch2",
        "bitbucketdc": "refs/pull-requests/4/from",
    }
    support.git(linked.there, "push", "-q", "origin", f"HEAD:{theirs.get(provider, 'refs/pull/4/head')}")
    linked.repository.pulls[4] = request = TwinPull(4, "Changes", HEADS[provider], commit)
    assert (await linked.send(*pull(provider, "opened", 4, commit)))[0] == 202
    await wait_for_text(linked.client, site, linked.server.token, f"pushed to {provider}")

    def shown() -> bool:
        (comment,) = linked.repository.comments.values()
        return f"Site: {site}" in comment["text"]

    def deployed() -> bool:
        told = [one["states"] for one in linked.repository.deployments.values()]
        return "success" in str(told) and site in str([told, linked.repository.environments])

    await eventually(shown)
    if PROVIDERS[provider].deploys:
        await eventually(deployed)
    request.state = "merged"
    assert (await linked.send(*pull(provider, "merged", 4, commit)))[0] == 202
    await linked.ends("pr-4")


async def _bad_ones(linked: Linked) -> None:
    """Unsigned, wrong, replayed, huge, unknown, nonsense; and one that is handled once more."""
    before = len(await linked.deliveries())
    fields, body = sign("github", "star", {"action": "created"}, linked.secret)
    wrong, _ = sign("github", "star", {"action": "created"}, "another secret than the hook's")
    unsigned = {name: value for name, value in fields.items() if "Signature" not in name}
    answers = [
        await linked.call(unsigned, body),
        await linked.call(wrong, body),
        await linked.call(fields, body, str(uuid4())),
        await linked.call(fields, body, "no-id"),
        await linked.call(fields, body + b" "),
    ]
    assert {status for status, _ in answers} == {403}
    assert len({(told["type"], told["title"], told["detail"]) for _, told in answers}) == 1
    status, told = await linked.call(fields, b"[" + b" " * (26 << 20) + b"]")
    assert (status, told["type"]) == (413, "urn:firefly:too-large")
    assert len(await linked.deliveries()) == before, "none of them left anything"

    assert await linked.call(fields, body) == (202, {"id": (await linked.deliveries())[0]["id"], "state": "ignored"})
    assert (await linked.call(fields, body))[1]["state"] == "repeated"
    assert (await linked.send("push", b"{"))[0] == 422
    found = await linked.deliveries()
    assert [one["state"] for one in found[:2]] == ["failed", "ignored"]
    async with linked.client.get(f"{linked.path}/hook-deliveries/{found[1]['id']}/body") as response:
        assert json.loads(await response.read()) == {"action": "created"}
    async with linked.client.post(f"{linked.path}/hook-deliveries/{found[-1]['id']}/redeliver") as response:
        assert (response.status, (await response.json())["id"]) == (202, found[-1]["id"])
    async with linked.client.post(f"{linked.path}/hook-deliveries/{uuid4()}/redeliver") as response:
        assert response.status == 404
    async with linked.server.client(token="") as anybody:
        async with anybody.get(f"{linked.path}/hook-deliveries") as response:
            assert response.status == 401
        async with anybody.post(
            f"{linked.server.url}/hooks/sourceforge/{linked.project['id']}", data=b"{}"
        ) as response:
            assert response.status == 404

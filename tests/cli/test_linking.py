"""Importing from a provider by the commands of a whole server: connected, imported, kept in step, and parted from."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from firefly.testing.providers import ProviderServer, TwinRepository
from tests.builds.hooks.payloads import EVENTS, PUSHES, sign
from tests.linking.linked import Clone, git
from tests.support.server import LiveServer, LoopbackResolver
from tests.support.waiting import eventually

from .conftest import Run

pytestmark = [pytest.mark.timeout(240), pytest.mark.once]


@pytest.fixture
async def twin(tmp_path: Path) -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as made:
        bare = tmp_path / "garden.git"
        git(tmp_path, "init", "-q", "--bare", "-b", "main", bare.name)
        Clone(bare, tmp_path / "clone").commit("first")
        made.add(TwinRepository("gitea", "octo/garden", folder=bare))
        yield made


async def test_a_repository_is_imported_kept_in_step_and_parted_from(
    twin: ProviderServer, tmp_path: Path, run: Run, environment: dict[str, str]
) -> None:
    settings = {"FIREFLY_GITEA_URL": twin.base_url("gitea"), "FIREFLY_IMPORT_ADDRESSES": "127.0.0.1"}
    there, clone = twin.find("gitea", "octo/garden"), Clone(tmp_path / "garden.git", tmp_path / "other")
    (tmp_path / "server").mkdir()
    with LiveServer(tmp_path / "server", settings=settings) as server:
        environment |= {"FIREFLY_TOKEN": server.token, "FIREFLY_SERVER": server.url}
        asked = ("--server", server.url)
        none = await run("project", "import", "octo/garden", "--provider", "gitea", *asked)
        assert (none.code, "Connect first" in none.err) == (1, True)
        made = await run("user", "connections", "connect", "gitea", *asked, typed=f"{twin.token}\n")
        assert (made.code, "as octo." in made.out, twin.token in made.out + made.err) == (0, True, False), made.err
        imported = await run("project", "import", "octo/garden", "--provider", "gitea", "--json", *asked, within=90)
        assert imported.code == 0, imported.err
        owner = json.loads(imported.out)["owner"]
        listed = await run("user", "connections", "repositories", "gitea", "--search", "gard", "--json", *asked)
        (found,) = json.loads(listed.out)
        assert (found["path"], found["projects"]) == (
            "octo/garden", [{"owner": owner, "name": "garden", "role": "owner"}],
        )  # fmt: skip
        await asyncio.to_thread(push_here, server, owner, tmp_path)
        ours = git(tmp_path / "here", "rev-parse", "HEAD")
        await eventually(lambda: git(tmp_path / "garden.git", "rev-parse", "main") == ours)
        theirs = await asyncio.to_thread(clone.commit, "theirs")
        await tell(there, ours, theirs)

        async with server.client() as client:

            async def shows_theirs() -> bool:
                async with client.get(f"/api/v1/projects/{owner}/garden/files/file") as answer:
                    return await answer.text() == "theirs"

            await eventually(shows_theirs, within=40)
            async with client.get(f"/api/v1/projects/{owner}/garden/builds") as answer:
                built = (await answer.json())["builds"]
        assert {ours, theirs} <= {build["commit"] for build in built}
        shown = json.loads((await run("project", "compare", "garden", "--json", *asked)).out)
        assert (shown["state"], shown["mirror"], shown["refs"]) == ("linked", "level", [])
        parted = await run("project", "unlink", "garden", *asked)
        assert (parted.code, there.hooks) == (0, {}), parted.err
        assert (await run("project", "link", "garden", *asked)).code == 1


async def tell(there: TwinRepository, before: str, after: str) -> None:
    """As the provider does of a push, by the hook that it was given."""
    ((_, hook),) = there.hooks.items()
    config = hook["config"]
    payload = PUSHES["gitea"]("refs/heads/main", before, after)
    fields, body = sign("gitea", EVENTS["gitea"]["push"], payload, config["secret"])
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=LoopbackResolver())) as caller,
        caller.post(config["url"], data=body, headers=fields) as answer,
    ):
        assert answer.status == 202, await answer.text()


def push_here(server: LiveServer, owner: str, folder: Path) -> None:
    """As anybody pushes to a hosted repository."""
    url = f"http://x:{server.token}@localhost:{server.port}/git/{owner}/garden.git"
    subprocess.run(["git", "clone", "-q", url, "here"], cwd=folder, check=True)
    (folder / "here" / "file").write_text("ours")
    git(folder / "here", "commit", "-qam", "ours")
    git(folder / "here", "push", "-q", "origin", "HEAD")

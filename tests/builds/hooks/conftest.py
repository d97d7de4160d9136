"""A project that is linked to a repository of the twin's, and all that takes and handles hooks."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from firefly.auth import Identity
from firefly.builds.hooks.deliveries import Deliveries, HookDelivery
from firefly.builds.hooks.handling import Handling
from firefly.builds.hooks.pulls import PullRequests
from firefly.builds.hooks.receiving import HookReceiver, Received
from firefly.builds.hooks.sweeping import PullSweep
from firefly.builds.hooks.working import HookWorker
from firefly.builds.model import Build
from firefly.git import AddressPolicy
from firefly.git.links import Links, LinkState, ProviderLink
from firefly.git.providers import PROVIDERS, Credential, GitProvider, PullRequest, Transport
from firefly.secrets import Keyring
from firefly.testing.providers import ProviderServer, TwinPull, TwinRepository
from tests.builds.yard import Yard
from tests.git import support

from .payloads import EVENTS, PUSHES, ZEROS, pull, sign

# As the payloads name them.
HEADS = {
    "github": "changes",
    "gitea": "changes",
    "gitlab": "ms-viewport",
    "bitbucket": "branch2",
    "bitbucketdc": "basic",
}


@dataclass
class PlainLinked:
    """Fulfils `Linked`: git fetches straight from the twin's folder."""

    yard: Yard
    transport: Transport
    folder: Path
    rechecked: list[UUID] = field(default_factory=list)
    hidden: list[UUID] = field(default_factory=list)
    dropped: list[int] = field(default_factory=list)
    failure: Exception | None = None

    async def provider(self, link: ProviderLink) -> GitProvider:
        assert link.credential is not None
        return PROVIDERS[link.provider](self.transport, link.base_url, link.credential)

    async def follow(self, link: ProviderLink) -> None:
        if self.failure is not None:
            raise self.failure
        refs = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
        support.git(self._hosted(link), "fetch", "-q", "--prune", "--no-tags", str(self.folder), *refs)

    async def fetch_pull(self, link: ProviderLink, pull: PullRequest) -> str:
        ref = f"refs/pull/{pull.number}"
        support.git(self._hosted(link), "fetch", "-q", str(self.folder), f"+refs/heads/{pull.head_ref}:{ref}")
        return support.git(self._hosted(link), "rev-parse", ref)

    async def drop_pull(self, link: ProviderLink, number: int) -> None:
        self.dropped.append(number)
        support.git(self._hosted(link), "update-ref", "-d", f"refs/pull/{number}")

    async def hide(self, project_id: UUID) -> None:
        self.hidden.append(project_id)

    async def reinstalled(self, link: ProviderLink) -> str:
        await self.recheck(link)
        return "The hook was added."

    async def recheck(self, link: ProviderLink) -> None:
        self.rechecked.append(link.id)

    def _hosted(self, link: ProviderLink) -> Path:
        assert link.project_id is not None
        return self.yard.repositories.path(link.project_id)


@dataclass
class Post:
    """`there` is a working copy of the twin's repository, which its `origin` is."""

    yard: Yard
    server: ProviderServer
    provider: str
    repository: TwinRepository
    there: Path
    project_id: UUID
    link: ProviderLink
    links: Links
    deliveries: Deliveries
    receiver: HookReceiver
    worker: HookWorker
    pulls: PullRequests
    sweep: PullSweep
    linked: PlainLinked

    async def send(self, event: str, payload: Any, *, delivery: str = "", secret: str = "") -> Received:
        fields, body = sign(self.provider, event, payload, secret or self.link.hook_secret, delivery=delivery)
        headers = {name.lower(): value for name, value in fields.items()}
        self.yard.clock.advance(0.001)
        return await self.receiver.receive(self.provider, self.project_id, headers, body)

    async def work(self) -> None:
        """Handle all that waits and is due."""
        while await self.worker.step():
            pass

    async def push(self, ref: str = "refs/heads/main", *, message: str = "change", forced: bool = False) -> str:
        """A commit there, told by the hook and handled; returns it."""
        before = support.git(self.there, "rev-parse", "HEAD")
        after = support.commit(self.there, "a.txt", message)
        support.git(self.there, "push", "-q", "-f", "origin", f"HEAD:{ref}")
        await self.send(EVENTS[self.provider]["push"], PUSHES[self.provider](ref, before, after, forced=forced))
        await self.work()
        return after

    async def pull(self, what: str, number: int, head: str, *, fork: str | None = None) -> None:
        """A pull request is opened, changed, closed or merged there; told by the hook, and handled."""
        if fork is not None:
            self.server.add(TwinRepository(self.provider, fork))
        state = what if what in ("closed", "merged") else "open"
        self.repository.pulls[number] = TwinPull(
            number, "Changes", HEADS[self.provider], head, state=state, source=fork
        )
        await self.send(*pull(self.provider, what, number, head, fork=fork))
        await self.work()

    async def branch(self, text: str) -> str:
        """A commit on the branch that pull requests there come from."""
        made = support.commit(self.there, "b.txt", text)
        support.git(self.there, "push", "-q", "-f", "origin", f"HEAD:refs/heads/{HEADS[self.provider]}")
        return made

    async def delete(self, ref: str, before: str) -> None:
        support.git(self.there, "push", "-q", "origin", f":{ref}")
        await self.send(EVENTS[self.provider]["push"], PUSHES[self.provider](ref, before, ZEROS))
        await self.work()

    async def ended(self) -> list[tuple[str, str]]:
        """The refs that nothing is to show any more, and why; the first one first."""
        async with self.yard.database.connection() as connection:
            rows = await connection.fetch(
                "select ref, reason from build_heads where ended_at is not null order by seen_at"
            )
        return [(row["ref"], row["reason"]) for row in rows]

    async def newest(self) -> HookDelivery:
        return (await self.deliveries.list(self.project_id))[0][0]

    async def builds(self) -> list[Build]:
        """The first one first."""
        found = await self.yard.records.list(self.project_id, before=None, ref=None, state=None, most=100)
        return list(reversed(found))


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as made:
        yield made


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    made = Transport(AddressPolicy(["127.0.0.1"]))
    yield made
    await made.close()


@pytest.fixture
def provider() -> str:
    return "github"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working copy with one commit, and beside it the bare repository that is its origin."""
    folder = tmp_path_factory.mktemp("prepared")
    there = support.history(folder / "there", branch="main", commits=1)
    support.git(folder, "clone", "-q", "--bare", str(there), "there.git")
    support.git(there, "remote", "add", "origin", "../there.git")
    return folder


@pytest.fixture
async def post(
    yard: Yard,
    ada: Identity,
    server: ProviderServer,
    provider: str,
    keyring: Keyring,
    transport: Transport,
    prepared: Path,
    tmp_path: Path,
) -> Post:
    for name in ("there", "there.git"):
        shutil.copytree(prepared / name, tmp_path / name)
    there = tmp_path / "there"
    repository = server.add(TwinRepository(provider, "acme/site", tmp_path / "there.git"))
    project_id = await yard.project(ada)
    await yard.repositories.create(project_id)
    links = Links(yard.database, keyring, yard.clock)
    credential = Credential(server.token)
    found = await PROVIDERS[provider](transport, server.base_url(provider), credential).repository("acme/site")
    link = await links.add(
        project_id, provider, server.base_url(provider), found, credential=credential, state=LinkState.LINKED
    )
    linked = PlainLinked(yard, transport, tmp_path / "there.git")
    deliveries = Deliveries(yard.database, yard.clock)
    pulls = PullRequests(yard.database, yard.clock, builds=yard.builds, linked=linked)
    handling = Handling(
        deliveries=deliveries, links=links, linked=linked, repositories=yard.repositories, builds=yard.builds,
        pulls=pulls,
    )  # fmt: skip
    worker = HookWorker(deliveries, handling, at_once=2)
    receiver = HookReceiver(links=links, deliveries=deliveries, clock=yard.clock, wake=worker.wake, hide=linked.hide)
    sweep = PullSweep(yard.database, yard.clock, links=links, linked=linked, pulls=pulls)
    return Post(
        yard, server, provider, repository, there, project_id, link, links, deliveries, receiver, worker, pulls, sweep,
        linked,
    )  # fmt: skip

"""Twins of what links projects to providers: nothing is asked of anybody, and who may do what is still decided."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from firefly.auth import Identity
from firefly.errors import NotFound
from firefly.git.links import LinkState, ProviderLink
from firefly.git.providers import Answer, Credential, PullRequest, Transport
from firefly.linking import Connections, NewRepository, View
from firefly.linking.discovery import FoundPage
from firefly.projects import Action, Created, CreateProject, Job, Role

from .twins import MemoryJobs, MemoryProjects

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class NearTransport(Transport):
    """Asks what is on this machine; elsewhere everybody is Octo."""

    async def send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        if url.startswith("http://127.0.0.1:"):
            return await super().send(method, url, headers=headers, body=body)
        return Answer(200, {}, b'{"id": 7, "login": "octo", "username": "octo"}')


@dataclass
class MemoryDiscovery:
    connections: Connections

    async def organisations(self, identity: Identity, name: str) -> Sequence[str]:
        await self.connections.get(identity, name)
        return ["acme"]

    async def repositories(self, identity: Identity, name: str, **_: Any) -> FoundPage:
        await self.connections.get(identity, name)
        return FoundPage((), None)


@dataclass
class MemoryLinked:
    """Every project is linked to `octo/garden`."""

    projects: MemoryProjects
    jobs: MemoryJobs

    async def left(self, _account_id: UUID) -> Sequence[Any]:
        return ()

    async def app_page(self) -> str | None:
        return None

    async def import_(self, identity: Identity, _provider: str, _path: str, *, name: str, **_: Any) -> Created:
        return await self.projects.create(identity, CreateProject(name=name))

    async def resume(self, identity: Identity, job_id: UUID) -> Job:
        return await self.jobs.get(identity, job_id)

    async def undo(self, identity: Identity, job_id: UUID) -> None:
        await self.jobs.get(identity, job_id)

    async def show(self, identity: Identity, owner: str, name: str) -> View:
        project = await self.projects.get(identity, owner, name, Action.FOLLOW)
        return View(link_of(project.id), None, ())

    async def link(
        self, identity: Identity, owner: str, name: str, _provider: str, _repository: str | NewRepository, **_: Any
    ) -> Job:
        return await self.mend(identity, owner, name)

    async def mend(self, identity: Identity, owner: str, name: str) -> Job:
        await self.projects.get(identity, owner, name, Action.MANAGE)
        return self.jobs.job

    async def bring(self, identity: Identity, owner: str, name: str) -> View:
        await self.projects.get(identity, owner, name, Action.PUSH)
        return await self.show(identity, owner, name)

    async def unlink(self, identity: Identity, owner: str, name: str) -> None:
        await self.projects.get(identity, owner, name, Action.PUBLISH)

    async def resolve(self, identity: Identity, owner: str, name: str, branch: str, *_: Any, **__: Any) -> Any:
        return f"{branch}-gitea", await self.bring(identity, owner, name)

    async def propose(
        self, identity: Identity, owner: str, name: str, *, head: str, title: str, **_: Any
    ) -> PullRequest:
        await self.projects.get(identity, owner, name, Action.PUSH)
        return PullRequest(
            number=1, title=title, author="octo", url="https://git.example/pulls/1", state="open", base_ref="main",
            head_ref=head, head_commit="1" * 40, is_fork=False,
        )  # fmt: skip

    def compare_url(self, link: ProviderLink, base: str, head: str) -> str:
        return f"{link.web_url}/compare/{base}...{head}"


@dataclass
class MemoryJoining:
    projects: MemoryProjects

    async def join(self, identity: Identity, owner: str, name: str) -> Role:
        """Whoever may see the project may join it."""
        project = self.projects.by_path.get(f"{owner}/{name}")
        if project is None:
            raise NotFound("There is no such project that you could join.")
        return Role.VIEWER


def link_of(project_id: UUID) -> ProviderLink:
    return ProviderLink(
        id=uuid4(), project_id=project_id, provider="gitea", base_url="https://git.example", repository="octo/garden",
        repository_id="7", web_url="https://git.example/octo/garden", clone_url="https://git.example/octo/garden.git",
        ssh_url="", default_branch="main", is_private=True, connection_id=None, credential=Credential("never shown"),
        hook_id="1", told_by_app=False, app_changed_at=None, hook_secret="never shown either",
        key_id=None, key_private=None, key_public="", state=LinkState.LINKED, reason="", created_by=None,
        created_at=NOW, changed_at=NOW, fetched_at=None, checked_at=None,
    )  # fmt: skip

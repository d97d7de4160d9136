"""What people do with a project's link: make it, see how it is, mend it, part from it, open pull requests by it."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ..audit import Audit
from ..auth import Identity
from ..errors import Conflict, FireflyError, InvalidInput, NotFound
from ..git.links import Links, ProviderLink
from ..git.providers import Credential, PullRequest
from ..projects import (
    LINKED,
    Action,
    Created,
    CreateProject,
    Job,
    Jobs,
    JobState,
    Project,
    Projects,
    ProviderRepository,
    Records,
    Visibility,
)
from .access import Access
from .choosing import Choosing, NewRepository, need_of
from .connections import Connections
from .importing import LINK, Importing
from .mirrored import Mirror, MirroredRef, RefState
from .mirroring import Mirrors
from .model import Connection
from .removing import Left, Removing
from .resolving import Choice, Resolving
from .steps import PRIVATE, Steps

NONE = "The project is not linked to a repository at a provider."


@dataclass(frozen=True, slots=True)
class View:
    """A project's link as its members see it; `refs` are those that are not level."""

    link: ProviderLink
    mirror: Mirror | None
    refs: Sequence[MirroredRef]


class LinkedProjects:
    def __init__(
        self,
        *,
        projects: Projects,
        records: Records,
        jobs: Jobs,
        audit: Audit,
        links: Links,
        access: Access,
        connections: Connections,
        mirrors: Mirrors,
        resolving: Resolving,
        choosing: Choosing,
        steps: Steps,
        removing: Removing,
        importing: Importing,
    ) -> None:
        self._projects = projects
        self._records = records
        self._jobs = jobs
        self._audit = audit
        self._links = links
        self._access = access
        self._connections = connections
        self._mirrors = mirrors
        self._resolving = resolving
        self._choosing = choosing
        self._steps = steps
        self._removing = removing
        self._importing = importing
        projects.may_publish = self.check_publishing

    async def import_(
        self, identity: Identity, provider: str, path: str, *, name: str, url: str | None = None,
        visibility: Visibility = Visibility.MEMBERS, by_key: bool = False, address: str | None = None,
    ) -> Created:  # fmt: skip
        """A project of a provider's repository, and the job that fills and links it."""
        connection, found = await self._choosing.inspected(identity, provider, url, path)
        self._steps.check_visibility(visibility, found)
        source = ProviderRepository(
            provider=connection.provider, url=connection.url, path=found.path, connection_id=connection.id,
            by_key=by_key,
        )  # fmt: skip
        request = CreateProject(
            name=name, description=found.description[:2000], visibility=visibility, repository=source
        )
        return await self._projects.create(identity, request, address=address)

    async def link(
        self, identity: Identity, owner: str, name: str, provider: str, repository: str | NewRepository, *,
        url: str | None = None, by_key: bool = False,
    ) -> Job:  # fmt: skip
        """Begin to link a project to a repository that is there, or that is made now."""
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        if await self._links.of_project(project.id) is not None:
            raise Conflict(f"{project.path} is linked already. Unlink it first.")
        path = await self._choosing.path(identity, project, provider, url, repository)
        connection, found = await self._choosing.inspected(identity, provider, url, path)
        self._steps.check_visibility(project.visibility, found)
        return await self._begin(identity, project, connection, found.path, by_key)

    async def _begin(
        self, identity: Identity, project: Project, connection: Connection, path: str, by_key: bool
    ) -> Job:
        given = {
            "provider": connection.provider, "url": connection.url, "path": path,
            "connection_id": str(connection.id), "by_key": by_key,
        }  # fmt: skip
        await self._note(identity, project, "linked", repository=path, provider=connection.provider)
        return await self._enter(LINK, project.id, identity.account.id, given)

    async def _enter(self, kind: str, project_id: UUID, account_id: UUID, given: dict[str, object]) -> Job:
        new = self._jobs.new(kind, project_id=project_id, account_id=account_id, input=given)  # type: ignore[arg-type]
        async with self._records.database.transaction() as own:
            await self._jobs.insert(new, own)
        return self._jobs.begin(new)

    async def resume(self, identity: Identity, job_id: UUID) -> Job:
        """Begin a failed job once more; what is done already is not done again."""
        job, given = await self._failed(identity, job_id)
        held = await self._connections.at(identity.account.id, str(given["provider"]), str(given["url"]))
        if held is not None:
            given["connection_id"] = str(held.id)
        return await self._enter(job.kind, job.project_id, job.account_id, given | {"resumed": True})

    async def undo(self, identity: Identity, job_id: UUID) -> None:
        """Take away all that a failed job made, at the provider as well."""
        job, _ = await self._failed(identity, job_id)
        await self._importing.undo(job)

    async def _failed(self, identity: Identity, job_id: UUID) -> tuple[Job, dict[str, object]]:
        job = await self._jobs.get(identity, job_id)
        if job.kind not in (LINK, LINKED) or job.account_id != identity.account.id:
            raise NotFound("There is no such import of yours.")
        # Whoever began it may have lost since what it takes to begin it.
        needs = Action.DELETE if job.kind == LINKED else Action.MANAGE
        await self._projects.get_by_id(identity, job.project_id, needs)
        newest = next(one for one in await self._jobs.list(identity, project_id=job.project_id) if one.kind == job.kind)
        if job.state is not JobState.FAILED or newest.id != job.id:
            raise Conflict("The import is under way or has ended. Only one that failed is resumed or undone.")
        return job, dict(await self._jobs.input(job.id))

    async def show(self, identity: Identity, owner: str, name: str) -> View:
        """Raises NotFound where there is no link."""
        project = await self._projects.get(identity, owner, name, Action.FOLLOW)
        link = await self._link(project)
        mirror, refs = await self._mirrors.mirrored.find(project.id), await self._mirrors.mirrored.refs(project.id)
        uneven = [ref for ref in refs.values() if ref.state is not RefState.LEVEL]
        return View(link, mirror, uneven)

    async def _link(self, project: Project) -> ProviderLink:
        link = await self._links.of_project(project.id)
        if link is None:
            raise NotFound(NONE)
        return link

    async def bring(self, identity: Identity, owner: str, name: str) -> View:
        """Compare both sides now."""
        project = await self._projects.get(identity, owner, name, Action.PUSH)
        await self._link(project)
        await self._mirrors.bring(project.id)
        return await self.show(identity, owner, name)

    async def mend(self, identity: Identity, owner: str, name: str) -> Job:
        """Go on with the caller's connection, where the one that the link was made with works no more."""
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        link = await self._link(project)
        connection, found = await self._choosing.inspected(identity, link.provider, link.base_url, link.repository)
        await self._links.set_credential(link.id, connection_id=connection.id)
        return await self._begin(identity, project, connection, found.path, bool(link.key_public))

    async def unlink(self, identity: Identity, owner: str, name: str) -> None:
        """Both sides stay as they are; hook and key go at the provider, at once or as soon as it lets us."""
        project = await self._projects.get(identity, owner, name, Action.PUBLISH)
        link = await self._link(project)
        await self._mirrors.mirrored.end(project.id)
        await self._removing.detach(link, project.path)
        await self._note(identity, project, "unlinked", repository=link.repository, provider=link.provider)
        await self._removing.look()

    async def resolve(
        self, identity: Identity, owner: str, name: str, branch: str, choice: Choice, *, new: str = ""
    ) -> tuple[str, View]:
        """The branch that was made, and how the link is then."""
        project = await self._projects.get(identity, owner, name, Action.PUSH)
        link = await self._link(project)
        made = await self._resolving.resolve(project.id, link, branch, choice, name=new, by_id=identity.account.id)
        await self._mirrors.bring(project.id)
        return made, await self.show(identity, owner, name)

    async def propose(
        self, identity: Identity, owner: str, name: str, *, head: str, base: str, title: str, body: str
    ) -> PullRequest:
        """Open a pull request at the provider, from a branch that both sides have."""
        project = await self._projects.get(identity, owner, name, Action.PUSH)
        link = await self._link(project)
        connection = await self._connections.get(identity, link.provider, link.base_url)
        credential = await self._connections.credential(connection.id, need=need_of(link.is_private))
        await self._mirrors.bring(project.id)
        provider = self._access.provider(link.provider, link.base_url, credential)
        return await provider.open_pull_request(
            link.repository, title=title, body=body, head=head, base=base or link.default_branch
        )

    def compare_url(self, link: ProviderLink, base: str, head: str) -> str:
        """Where a person sees what a branch changes; needs no token."""
        return self._access.provider(link.provider, link.base_url, Credential("")).compare_url(
            link.repository, base, head
        )

    async def left(self, account_id: UUID) -> Sequence[Left]:
        """What somebody's former links have still at providers."""
        return await self._removing.left(account_id)

    async def app_page(self) -> str | None:
        """Where the GitHub App is installed on repositories; None where there is none, or GitHub does not tell now."""
        try:
            return await self._access.app.page()
        except FireflyError:
            return None

    async def check_publishing(self, project_id: UUID) -> None:
        """Raises InvalidInput where the repository is private: what is private there becomes public there first.

        And what `GitProvider` does where nobody can tell.
        """
        link = await self._links.of_project(project_id)
        if link is not None:
            await self._removing.refresh(link)
            link = await self._links.of_project(project_id)
        if link is not None and link.is_private:
            raise InvalidInput(PRIVATE, field="visibility")

    async def _note(self, identity: Identity, project: Project, what: str, **detail: str) -> None:
        await self._audit.record(
            identity.account.id, f"project.{what}", f"project:{project.id}",
            detail={"project": project.path, **detail},
        )  # fmt: skip

"""What makes a link: small steps, each of which does nothing where it has been done, so that any may be repeated."""

from typing import Any
from uuid import UUID

import structlog

from ..clock import Clock
from ..errors import Conflict, FireflyError, Forbidden, InvalidInput
from ..git.links import Links, LinkState, ProviderLink
from ..git.providers import Credential, GitProvider, Permission, Repository, everything
from ..projects import Project, Visibility
from ..store import Database, load_queries
from .access import Access
from .keys import make_key
from .mirrored import MirrorState
from .mirroring import Mirrors

log = structlog.get_logger()
PRIVATE = (
    "The repository is private at the provider, and what is private there is never shown to everybody here. Choose "
    "members as the visibility, or make it public there first."
)


class Steps:
    """`app_url` is where providers reach Firefly."""

    def __init__(
        self, *, database: Database, clock: Clock, links: Links, access: Access, mirrors: Mirrors, app_url: str
    ) -> None:
        self._database = database
        self._clock = clock
        self._links = links
        self._access = access
        self._mirrors = mirrors
        self._app_url = app_url
        self.queries: Any = load_queries("linking")

    async def inspect(self, name: str, url: str, credential: Credential, path: str) -> Repository:
        """What the provider says of a repository that is to be linked. Raises Forbidden, NotFound, Conflict."""
        found = await self._access.provider(name, url, credential).repository(path)
        if found.is_archived:
            raise Conflict(f"{found.path} is archived: nobody can push to it. Take it out of the archive first.")
        if found.permission.rank < Permission.ADMIN.rank:
            raise Forbidden(
                f"You may not administer {found.path}, so Firefly cannot add its hook. Ask whoever may to link it."
            )
        return found

    def check_visibility(self, visibility: Visibility, repository: Repository) -> None:
        """Raises InvalidInput where a private repository would be shown to everybody."""
        if repository.is_private and visibility is Visibility.PUBLIC:
            raise InvalidInput(PRIVATE, field="visibility")

    async def attach(
        self, project: Project, name: str, url: str, repository: Repository, *, connection_id: UUID, by_id: UUID,
    ) -> ProviderLink:  # fmt: skip
        """The record of the link. Raises Conflict where the project has another."""
        present = await self._links.of_project(project.id)
        if present is None:
            present = await self._links.add(project.id, name, url, repository, connection_id=connection_id, by_id=by_id)
        if (present.provider, present.base_url, present.repository_id) != (name, url, repository.id):
            raise Conflict(f"{project.path} is linked to {present.repository} already. Unlink it first.")
        return present

    async def key(self, project: Project, link: ProviderLink, *, wanted: bool) -> str:
        """Returns what was done, for people."""
        if not wanted:
            return "Not needed: git gets in by a token"
        provider = await self._access.of(link)
        title = f"Firefly: {project.path}"
        if link.key_private is None:
            pair = make_key(title)
            # Written down before the provider has it, so that no key is there that nobody knows of.
            await self._links.set_key(link.id, None, pair.private, pair.public)
            link = await self._again(link)
        bare = " ".join(link.key_public.split()[:2])
        held = next((key for key in await provider.keys(link.repository) if key.key.startswith(bare)), None)
        id = (
            held.id
            if held
            else await provider.add_key(link.repository, title=title, key=link.key_public, read_only=False)
        )
        await self._links.set_key(link.id, id, link.key_private, link.key_public)
        return "A key of its own was added" if held is None else "Its key is there"

    async def hook(self, project_id: UUID, link: ProviderLink) -> str:
        if await self._access.app.tells(link):
            return await self._told_by_app(link)
        provider = await self._access.of(link)
        url = f"{self._app_url}/hooks/{link.provider}/{project_id}"
        held = await provider.hooks(link.repository)
        for hook in held:
            if hook.url == url and hook.id != link.hook_id:
                # Of an attempt whose end was not seen, or of an earlier link: its secret may be another.
                await provider.remove_hook(link.repository, hook.id)
        if any(hook.id == link.hook_id and hook.url == url for hook in held):
            return "The hook is there"
        made = await provider.add_hook(link.repository, url=url, secret=link.hook_secret)
        await self._links.set_hook(link.id, made)
        return "The hook was added"

    async def _told_by_app(self, link: ProviderLink) -> str:
        """One of before tells the same once more: it goes, where the App is let, and else with the link."""
        left = link.hook_id
        if left is not None:
            try:
                await (await self._access.of(link)).remove_hook(link.repository, left)
                left = None
            except FireflyError as error:
                log.info("link.hook_left", repository=link.repository, reason=error.detail)
        await self._links.set_hook(link.id, left, told_by_app=True)
        return "Not needed: the GitHub App tells of everything"

    async def branches(self, project_id: UUID) -> str:
        await self._mirrors.mirrored.begin(project_id)
        state = await self._mirrors.bring(project_id)
        mirror = await self._mirrors.mirrored.find(project_id)
        if state is MirrorState.FAILING and mirror is not None:
            raise Conflict(mirror.reason)
        count = len(await self._mirrors.mirrored.refs(project_id))
        return f"{count} branches and tags" if count != 1 else "1 branch"

    async def pull_requests(self, project_id: UUID, link: ProviderLink) -> str:
        """Those that are open."""
        provider: GitProvider = await self._access.of(link)
        found = await everything(lambda cursor: provider.pull_requests(link.repository, cursor))
        names = (
            "number",
            "title",
            "author",
            "url",
            "base_ref",
            "head_ref",
            "head_commit",
            "is_fork",
            "source_url",
            "state",
        )
        async with self._database.transaction() as connection:
            for pull in found:
                values = {name: getattr(pull, name) for name in names}
                await self.queries.put_pull_request(
                    connection, project_id=project_id, provider=link.provider, now=self._clock.now(), **values
                )
        return f"{len(found)} open"

    async def access(self, project: Project, link: ProviderLink) -> str:
        """Who may join."""
        if link.is_private and project.visibility is Visibility.PUBLIC:
            raise Conflict(PRIVATE)
        async with self._database.connection() as connection:
            others = await self.queries.connected_accounts(
                connection, provider=link.provider, url=link.base_url, project_id=project.id
            )
        await self._links.set_state(link.id, LinkState.LINKED)
        return f"Whoever may read {link.repository} may join; {others} others here are connected to the provider"

    async def broken(self, project_id: UUID, error: FireflyError) -> None:
        """A step failed: whoever looks at the project sees why."""
        link = await self._links.of_project(project_id)
        if link is not None:
            await self._links.set_state(link.id, LinkState.BROKEN, error.detail)

    async def _again(self, link: ProviderLink) -> ProviderLink:
        found = await self._links.get(link.id)
        if found is None:
            raise Conflict("The link was removed meanwhile.")
        return found

"""Hooks of providers and what is told to these, tied to links, repositories and builds."""

from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit
from uuid import UUID

from firefly.builds.hooks.app_receiving import AppReceiver
from firefly.builds.hooks.control import HookControl
from firefly.builds.hooks.deliveries import Deliveries
from firefly.builds.hooks.handling import Handling
from firefly.builds.hooks.pulls import PullRequests
from firefly.builds.hooks.receiving import HookReceiver
from firefly.builds.hooks.sweeping import PullSweep
from firefly.builds.hooks.working import HookWorker
from firefly.builds.listeners import Comments, Deployments, Statuses, Telling
from firefly.errors import Forbidden, NotFound, Unavailable
from firefly.git import Repositories
from firefly.git.links import LinkState, ProviderLink
from firefly.git.providers import GitProvider, PullRequest
from firefly.git.remotes import Remotes, Update
from firefly.linking.mirrored import MirrorState

from .builds import Building
from .ground import Ground
from .linking import Linking
from .parts import Hosting
from .work import Work


class LinkedRepositories:
    """Fulfils `builds.hooks.seams.Linked`."""

    def __init__(self, linking: Linking, repositories: Repositories) -> None:
        self._linking = linking
        self._remotes: Remotes = linking.remotes
        self._repositories = repositories

    async def provider(self, link: ProviderLink) -> GitProvider:
        return await self._linking.access.of(link)

    async def follow(self, link: ProviderLink) -> None:
        """Raises Unavailable where the mirror is at it already, or did not get through."""
        assert link.project_id is not None
        state = await self._linking.mirrors.bring(link.project_id)
        if state is None:
            raise Unavailable("The repository is being compared just now.", retry_after=5)
        if state is MirrorState.FAILING:
            found = await self._linking.mirrors.mirrored.find(link.project_id)
            # A branch that one side refuses is shown, and keeps nobody from building the others.
            if found is None or found.attempts:
                raise Unavailable(found.reason if found else "The repository could not be fetched.", retry_after=30)

    async def fetch_pull(self, link: ProviderLink, pull: PullRequest) -> str:
        assert link.project_id is not None
        ref, provider = f"refs/pull/{pull.number}", await self._linking.access.of(link)
        theirs = provider.pull_ref(pull.number)
        if theirs is None and pull.is_fork:
            await self._fetch_fork(link, pull, ref)
        else:
            async with self._linking.access.reach(link) as target:
                wanted = theirs or f"refs/heads/{pull.head_ref}"
                await self._remotes.fetch(link.project_id, target, [f"+{wanted}:{ref}"])
        return (await self._repositories.refs(link.project_id))[ref]

    async def _fetch_fork(self, link: ProviderLink, pull: PullRequest, ref: str) -> None:
        """As anybody may: our token is for the repository itself."""
        assert link.project_id is not None
        if urlsplit(pull.source_url).netloc != urlsplit(link.clone_url).netloc:
            raise NotFound("The fork of this pull request is gone.")
        async with self._remotes.reach(pull.source_url) as target:
            await self._remotes.fetch(link.project_id, target, [f"+refs/heads/{pull.head_ref}:{ref}"])

    async def drop_pull(self, link: ProviderLink, number: int) -> None:
        assert link.project_id is not None
        ref = f"refs/pull/{number}"
        held = (await self._repositories.refs(link.project_id)).get(ref)
        if held is not None:
            await self._remotes.move(link.project_id, [Update(ref, None, held)])

    async def hide(self, project_id: UUID) -> None:
        await self._linking.removing.hide(project_id)

    async def reinstalled(self, link: ProviderLink) -> str:
        """Where the App is gone, a hook of the repository's own takes its place, if somebody's connection may."""
        assert link.project_id is not None
        await self._linking.links.app_changed(link.id)
        await self.recheck(link)
        current = await self._linking.links.get(link.id)
        if current is None:
            return "The project is linked no more."
        try:
            return f"{await self._linking.steps.hook(link.project_id, current)}."
        except (Forbidden, NotFound) as error:
            await self._linking.links.set_state(link.id, LinkState.BROKEN, error.detail)
            return error.detail

    async def recheck(self, link: ProviderLink) -> None:
        current = await self._linking.links.get(link.id)
        if current is not None and current.project_id is not None:
            await self._linking.removing.ask_one(current)
            await self._linking.joining.heed(current.project_id)


@dataclass(frozen=True, kw_only=True)
class Hooks:
    """`receiver` and `app` take, `worker` handles, `sweep` looks for what was lost."""

    receiver: HookReceiver
    app: AppReceiver
    control: HookControl
    worker: HookWorker
    sweep: PullSweep

    @classmethod
    def build(cls, ground: Ground, *, hosting: Hosting, work: Work, building: Building, linking: Linking) -> Self:
        """Everything tied together, and nothing begun: another server may still have it."""
        database, clock, links = ground.database, ground.clock, linking.links
        linked = LinkedRepositories(linking, hosting.repositories)
        deliveries = Deliveries(database, clock)
        pulls = PullRequests(database, clock, builds=building.builds, linked=linked)
        handling = Handling(
            deliveries=deliveries, links=links, linked=linked, repositories=hosting.repositories,
            builds=building.builds, pulls=pulls,
        )  # fmt: skip
        worker = HookWorker(deliveries, handling, at_once=ground.settings.hooks_at_once)
        settings = ground.settings
        telling = Telling(
            database, links=links, linked=linked, app_url=settings.url,
            site_url=settings.content_url,
        )  # fmt: skip
        for listener in (Statuses(telling), Comments(telling, building.records), Deployments(telling)):
            building.notices.register(listener)
        receiver = HookReceiver(
            links=links, deliveries=deliveries, clock=clock, wake=worker.wake, hide=linking.removing.hide
        )
        return cls(
            receiver=receiver,
            app=AppReceiver(linking.news, receiver),
            control=HookControl(projects=work.projects, deliveries=deliveries, worker=worker, audit=ground.audit),
            worker=worker,
            sweep=PullSweep(database, clock, links=links, linked=linked, pulls=pulls),
        )

    def upkeep(self) -> Iterator[Coroutine[None, None, None]]:
        """What is to run for as long as the server does."""
        yield self.worker.run()
        yield self.sweep.run()

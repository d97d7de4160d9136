"""What follows from a delivery. A hook only says that something may have changed: what it is now, the provider and
the repository are asked, so that a call that comes late, twice or out of order does no harm.
"""

from collections.abc import Sequence
from uuid import UUID

import structlog

from ...errors import NotFound
from ...git import Repositories
from ...git.links import Links, LinkState, ProviderLink
from ...git.providers import CredentialRefused
from ...git.providers.payloads import (
    Happening,
    InstallationChanged,
    MembersChanged,
    Ping,
    PullRequestAction,
    PullRequestChanged,
    Pushed,
    RefChanged,
    RepositoryChanged,
    read,
)
from ..asking.builds import Builds
from ..model import NewBuild, Trigger
from .deliveries import Deliveries, DeliveryState, HookDelivery
from .pulls import PullRequests
from .receiving import beside
from .seams import Linked

log = structlog.get_logger()
BUILT = ("refs/heads/", "refs/tags/")


class Handling:
    def __init__(
        self,
        *,
        deliveries: Deliveries,
        links: Links,
        linked: Linked,
        repositories: Repositories,
        builds: Builds,
        pulls: PullRequests,
    ) -> None:
        self._deliveries = deliveries
        self._links = links
        self._linked = linked
        self._repositories = repositories
        self._builds = builds
        self._pulls = pulls

    async def handle(self, delivery: HookDelivery) -> tuple[DeliveryState, str]:
        """What became of it. Raises what the provider and the parts of ours raise."""
        link = await self._links.of_project(delivery.project_id)
        if link is None or link.provider != delivery.provider or link.state is LinkState.UNLINKING:
            return DeliveryState.IGNORED, "The project is not linked to a repository there any more."
        body = await self._deliveries.body(delivery.id)
        if body is None:
            return DeliveryState.FAILED, "Its body is not kept any more."
        happening = await beside(len(body), lambda: read(delivery.provider, delivery.event, body))
        if happening is None:
            return DeliveryState.IGNORED, f"Firefly has no use for `{delivery.event}`."
        try:
            return DeliveryState.HANDLED, await self._heed(link, delivery.project_id, happening)
        except CredentialRefused as error:
            await self._links.set_state(link.id, LinkState.BROKEN, error.detail)
            raise

    async def _heed(self, link: ProviderLink, project_id: UUID, happening: Happening) -> str:
        match happening:
            case Pushed(changes, actor):
                return await self._pushed(link, project_id, changes, actor)
            case PullRequestChanged(action, pull, actor):
                return await self._pull(link, project_id, action, pull.number, actor)
            case RepositoryChanged(_, path):
                return await self._repository(link, project_id, path)
            case InstallationChanged():
                return await self._linked.reinstalled(link)
            case MembersChanged():
                await self._linked.recheck(link)
                return "What Firefly and others may do there is looked at."
            case Ping():
                return "The hook works."

    async def _pushed(self, link: ProviderLink, project_id: UUID, changes: Sequence[RefChanged], actor: str) -> str:
        await self._linked.follow(link)
        await self._links.fetched(link.id)
        refs = await self._repositories.refs(project_id)
        done = [
            await self._ref(project_id, change, refs.get(change.ref), actor)
            for change in changes
            if change.ref.startswith(BUILT)
        ]
        return " ".join(done) or "It moved neither a branch nor a tag."

    async def _ref(self, project_id: UUID, change: RefChanged, commit: str | None, actor: str) -> str:
        name = change.ref.partition("/")[2].partition("/")[2]
        if commit is None:
            await self._builds.ref_ended(project_id, change.ref, f"{name} was deleted.")
            return f"{name} is gone."
        if change.is_gone or (change.commit is not None and change.commit != commit):
            return f"{name} names something else here."
        new = NewBuild(project_id=project_id, ref=change.ref, commit=commit, trigger=Trigger.WEBHOOK, actor=actor)
        return f"{name}: {await self._pulls.entered(new)}"

    async def _pull(
        self, link: ProviderLink, project_id: UUID, action: PullRequestAction, number: int, actor: str
    ) -> str:
        try:
            found = await (await self._linked.provider(link)).pull_request(link.repository, number)
        except NotFound:
            await self._pulls.ended_elsewhere(link, number)
            return "The provider has no such pull request."
        known = await self._pulls.find(project_id, number)
        if action is PullRequestAction.EDITED and known is not None and known.is_still(found):
            return "Nothing of its code has changed."
        return await self._pulls.heed(link, found, actor, trigger=Trigger.WEBHOOK)

    async def _repository(self, link: ProviderLink, project_id: UUID, path: str) -> str:
        provider = await self._linked.provider(link)
        try:
            found = await provider.repository(path)
        except NotFound:
            if path.lower() != link.repository.lower():
                # A hook of a whole group or organisation tells of the others in it too.
                await self._linked.recheck(link)
                return f"{path} is not there, or hidden from Firefly: the project's own repository is looked at."
            reason = f"The repository {path} was deleted there, or is hidden from Firefly."
            await self._links.set_state(link.id, LinkState.BROKEN, reason)
            await self._linked.hide(project_id)
            return reason
        if found.id != link.repository_id:
            return f"{found.path} is another repository than the project's."
        await self._links.set_repository(link.id, found)
        await self._linked.recheck(link)
        archived = ", and archived: nobody can push to it" if found.is_archived else ""
        return f"The repository is {found.path}, {'private' if found.is_private else 'public'}{archived}."

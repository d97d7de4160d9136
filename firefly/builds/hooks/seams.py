"""What hooks ask of the part that knows how a project is linked."""

from typing import Protocol
from uuid import UUID

from ...git.links import ProviderLink
from ...git.providers import GitProvider, PullRequest


class Linked(Protocol):
    """How a link is used. Whatever the provider refuses is raised as `GitProvider` says."""

    async def provider(self, link: ProviderLink) -> GitProvider:
        """With the credential of the link. Raises CredentialRefused where it has none that works."""

    async def follow(self, link: ProviderLink) -> None:
        """Bring branches and tags of the hosted repository in step with the provider's; nothing is overwritten."""

    async def fetch_pull(self, link: ProviderLink, pull: PullRequest) -> str:
        """Let `refs/pull/<number>` name the pull request's head; returns the commit."""

    async def drop_pull(self, link: ProviderLink, number: int) -> None:
        """Remove that ref."""

    async def hide(self, project_id: UUID) -> None:
        """The repository is private, or cannot be seen any more: the project is not shown to everybody."""

    async def reinstalled(self, link: ProviderLink) -> str:
        """The GitHub App was installed on the repository, or taken away: see to it that somebody tells of changes."""

    async def recheck(self, link: ProviderLink) -> None:
        """Who may see the repository there may have changed."""

"""How a link gets into its repository: by an App's installation, by a token, or, for git alone, by a key."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..errors import FireflyError, NotFound
from ..git.links import Links, LinkState, ProviderLink
from ..git.providers import PROVIDERS, Credential, CredentialRefused, GitProvider, Transport
from ..git.remotes import Remotes, basic
from ..git.targets import Target
from .app import GitHubApp
from .connections import Connections
from .model import Need

NOBODY = "Whoever linked the project is not connected to {title} any more. Connect again, and mend the link."


ANOTHER = (
    "{path} is another repository by now: the one that was linked was renamed or deleted, and its name given away."
)


class Access:
    def __init__(
        self, *, transport: Transport, links: Links, connections: Connections, remotes: Remotes, app: GitHubApp
    ) -> None:
        self._transport = transport
        self._links = links
        self._connections = connections
        self._remotes = remotes
        self.app = app

    def provider(self, name: str, url: str, credential: Credential) -> GitProvider:
        return PROVIDERS[name](self._transport, url, credential)

    async def credential(self, link: ProviderLink, *, need: Need = Need.READ) -> Credential:
        """A token for the link's repository. Raises CredentialRefused, NotFound, Forbidden, Unavailable."""
        token = await self.app.token(link)
        if token is not None:
            return token
        if link.credential is not None:
            return link.credential
        held = await self._connections.at(link.created_by, link.provider, link.base_url) if link.created_by else None
        id = link.connection_id or (held.id if held else None)
        if id is None:
            raise CredentialRefused(NOBODY.format(title=PROVIDERS[link.provider].title))
        return await self._connections.credential(id, need=need)

    async def of(self, link: ProviderLink) -> GitProvider:
        """The provider, as the link may use it."""
        return self.provider(link.provider, link.base_url, await self.credential(link))

    async def refused(self, link: ProviderLink, error: FireflyError) -> None:
        """The provider did not let us in: show it, so that somebody can mend it."""
        await self._links.set_state(link.id, LinkState.BROKEN, error.detail)
        if not isinstance(error, CredentialRefused) or self.app.drop(link):
            # The App's token is not the person's.
            return
        if link.connection_id is not None:
            await self._connections.refused(link.connection_id, error.detail)

    @asynccontextmanager
    async def reach(self, link: ProviderLink) -> AsyncIterator[Target]:
        """For git: by the link's own key, where it has one. Raises what `credential` and `Remotes.reach` do."""
        if link.key_id and link.key_private:
            reaching = self._remotes.reach(link.ssh_url, key=link.key_private)
        else:
            provider = await self.of(link)
            # A key is the repository's own; a token gets in wherever the name leads.
            if (await provider.repository(link.repository)).id != link.repository_id:
                raise NotFound(ANOTHER.format(path=link.repository))
            user, password = provider.git_login()
            reaching = self._remotes.reach(link.clone_url, authorization=basic(user, password))
        async with reaching as target:
            yield target

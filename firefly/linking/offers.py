"""Which providers people can connect to here, and by which ways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import InvalidInput, NotFound
from ..git.providers.transport import Transport
from ..settings import Settings
from ..settings.providers import provider_url
from .apps import Apps
from .dialects import DIALECTS
from .oauth import Client, OAuth

CALLBACK = "/auth/connections/callback"


@dataclass(frozen=True, slots=True)
class Offer:
    """`ways`: `app`, `oauth` and `token`, the recommended one first."""

    provider: str
    title: str
    url: str
    ways: Sequence[str]
    token_page: str


class Offers:
    """What the settings make of it, and the GitHub App. An OAuth application is one of the configured address alone."""

    def __init__(self, settings: Settings, transport: Transport, apps: Apps) -> None:
        self._settings = settings
        self._transport = transport
        self._apps = apps
        self._clients: Mapping[str, Client] = {
            provider: Client(id, getattr(settings, f"{provider}_client_secret"))
            for provider in DIALECTS
            if (id := getattr(settings, f"{provider}_client_id"))
        }

    def url(self, provider: str) -> str:
        """Where the provider is unless somebody names another address. Raises NotFound for an unknown one."""
        if provider not in DIALECTS:
            raise NotFound(f"There is no such provider. There are {', '.join(DIALECTS)}.")
        return str(getattr(self._settings, f"{provider}_url"))

    def address(self, provider: str, url: str | None) -> str:
        """A provider's address as it is kept; empty where nobody has named one. Raises InvalidInput for an odd one."""
        configured = self.url(provider)
        if not url:
            return configured
        try:
            return provider_url(url)
        except ValueError as error:
            raise InvalidInput(f"The address of a provider {error}.", field="url") from error

    async def list(self) -> Sequence[Offer]:
        return [
            Offer(name, dialect.title, self.url(name), await self._ways(name), self.url(name) + dialect.token_page)
            for name, dialect in DIALECTS.items()
            # One without an address of its own is there for whoever names his.
            if self.url(name)
        ]

    async def _ways(self, provider: str) -> Sequence[str]:
        app = ["app"] if provider == "github" and await self._apps.current() else []
        return [*app, *(["oauth"] if await self._client(provider) else []), "token"]

    async def _client(self, provider: str) -> Client | None:
        """That of the settings, else of the App, which is an OAuth application too."""
        if provider == "github" and provider not in self._clients:
            app = await self._apps.current()
            return Client(app.client_id, app.client_secret) if app and app.client_id else None
        return self._clients.get(provider)

    async def oauth(self, provider: str, url: str) -> OAuth:
        """Raises InvalidInput where no OAuth application is known."""
        client = await self._client(provider)
        if client is None or url != self.url(provider):
            raise InvalidInput(
                f"Firefly is not registered as an application at {url}. Connect with a personal access token, or let "
                f"an administrator set FIREFLY_{provider.upper()}_CLIENT_ID.",
                field="provider",
            )
        return OAuth(self._transport, provider, url, client, self._settings.url + CALLBACK)

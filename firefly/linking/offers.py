"""Which providers people can connect to here, and by which ways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..errors import InvalidInput, NotFound
from ..git.providers.transport import Transport
from ..settings import Settings
from ..settings.providers import provider_url
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
    """What the settings make of it. An OAuth application is one of the provider's configured address alone."""

    def __init__(self, settings: Settings, transport: Transport) -> None:
        self._settings = settings
        self._transport = transport
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
        """A provider's address as it is kept. Raises InvalidInput for what is none."""
        configured = self.url(provider)
        if not url:
            return configured
        try:
            return provider_url(url)
        except ValueError as error:
            raise InvalidInput(f"The address of a provider {error}.", field="url") from error

    def list(self) -> Sequence[Offer]:
        return [
            Offer(name, dialect.title, self.url(name), self._ways(name), self.url(name) + dialect.token_page)
            for name, dialect in DIALECTS.items()
        ]

    def _ways(self, provider: str) -> Sequence[str]:
        app = ["app"] if provider == "github" and self._settings.github_app_id else []
        return [*app, *(["oauth"] if provider in self._clients else []), "token"]

    def oauth(self, provider: str, url: str) -> OAuth:
        """Raises InvalidInput where no OAuth application is known."""
        client = self._clients.get(provider)
        if client is None or url != self.url(provider):
            raise InvalidInput(
                f"Firefly is not registered as an application at {url}. Connect with a personal access token, or let "
                f"an administrator set FIREFLY_{provider.upper()}_CLIENT_ID.",
                field="provider",
            )
        return OAuth(self._transport, provider, url, client, self._settings.url + CALLBACK)

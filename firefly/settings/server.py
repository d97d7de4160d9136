"""The settings of the server itself: where it listens, who reaches it how, what it says."""

import ipaddress
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator

from firefly.addresses import addresses, is_address

from .texts import Texts


class ServerSettings(BaseModel):
    """Addresses are `host:port`; `url` and `content_domain` are filled in where they are empty."""

    listen: str = Field(
        "127.0.0.1:8000", description="Addresses of the front door, `host:port` or `[::]:port`, separated by commas."
    )
    url: str = Field(
        "", description="How users reach the app. Empty: `http://localhost:<port>`, with certificates `https://…`."
    )
    content_domain: str = Field(
        "", description="Previews are `<label>.<content domain>`. Empty: `preview.localhost:<port>`."
    )
    database_url: str = Field("", description="A PostgreSQL server. Empty: the embedded one.")
    bootstrap_token: str = Field("", description="An API token for the first administrator, for scripts and tests.")
    secret_key: Texts = Field(
        (),
        description="Root of all keys. Empty: generated and kept in the data directory. Several, separated by "
        "commas, rotate it: the first seals, any opens.",
    )
    metrics_addresses: Texts = Field(
        (),
        description="Addresses or networks that may read `/metrics` without an administrator's token, separated by "
        "commas. Not that of a proxy in front which is not listed in `FIREFLY_TRUSTED_PROXIES`: everybody comes by it.",
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="Least level that is logged.")

    @field_validator("listen")
    @classmethod
    def _check_listen(cls, value: str) -> str:
        return check_addresses(value)

    @field_validator("metrics_addresses")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for network in value:
            ipaddress.ip_network(network, strict=False)
        return value

    @property
    def address(self) -> tuple[str, int]:
        """The first that the front door listens on."""
        return addresses(self.listen)[0]

    @property
    def app_host(self) -> str:
        """Host and, where it is not the scheme's own, port of the app, as in the Host field."""
        return urlsplit(self.url).netloc.lower()

    @property
    def scheme(self) -> str:
        return urlsplit(self.url).scheme

    def content_url(self, label: str) -> str:
        return f"{self.scheme}://{label}.{self.content_domain}"

    @property
    def content_port(self) -> str:
        """With its colon, or empty: browsers reach every host that is no app's by it."""
        _, colon, port = self.content_domain.partition(":")
        return colon + port

    def host_url(self, host: str) -> str:
        """Where browsers reach a host of the route table, which knows no ports."""
        return f"{self.scheme}://{host}{self.content_port}"


def check_addresses(value: str) -> str:
    """`value`, addresses separated by commas. Raises ValueError."""
    if not all(is_address(address) for address in value.split(",")):
        raise ValueError("must be `host:port`, as in 127.0.0.1:8000 or [::1]:8000")
    return value

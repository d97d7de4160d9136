"""Sites as browsers see them, and whether the hosts of an installation keep previews away from the app (decision 14).

Two hosts of one site share cookies that name it, and requests between them count as the user's own. What a site is
follows from the Public Suffix List: the shortest name below `com`, `co.uk` or `github.io` that somebody can own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from firefly.addresses import host_name, is_loopback, is_number
from firefly.errors import InvalidInput
from firefly.settings import Settings

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

LOCAL = "localhost"


@dataclass(frozen=True, slots=True)
class Concern:
    """A choice of hosts that is not safe. `allowed`: the operator said that it is meant."""

    what: str
    detail: str
    remedy: str
    allowed: bool


def concerns(settings: Settings) -> Iterator[Concern]:
    """What is wrong with the hosts of `settings`."""
    app, content = host_name(settings.app_host), host_name(settings.content_domain)
    if is_number(content):
        yield Concern(
            "content domain",
            f"{content} is an address, and previews are on names below the content domain.",
            "Set FIREFLY_CONTENT_DOMAIN to a name with a wildcard record in the DNS.",
            allowed=False,
        )
    elif site_of(app) == site_of(f"label.{content}"):
        yield Concern(
            "app and previews",
            f"{app} and *.{content} are one site to browsers ({site_of(app)}), so that people's code in previews could "
            "set cookies for the app and speak in its visitors' names.",
            "Give previews a domain of their own, as in FIREFLY_CONTENT_DOMAIN=firefly-content.example.net "
            "(FIREFLY_ALLOW_SAME_SITE=1 starts all the same).",
            allowed=settings.allow_same_site,
        )
    if settings.scheme != "https" and not (is_loopback(settings.app_host) and is_loopback(settings.content_domain)):
        yield Concern(
            "https",
            f"{settings.url} is not https: passwords and cookies would pass in the clear, and browsers would not keep "
            "the cookies anywhere but on localhost.",
            "Set FIREFLY_URL to an https:// address, with certificates (docs/operators/tls.md) or behind a proxy that "
            "has them (FIREFLY_ALLOW_HTTP=1 starts all the same).",
            allowed=settings.allow_http,
        )


def check(settings: Settings) -> list[Concern]:
    """What the operator allowed all the same. Raises InvalidInput for what nobody did, with what to do about it."""
    found = list(concerns(settings))
    refused = [f"{concern.detail} {concern.remedy}" for concern in found if not concern.allowed]
    if refused:
        raise InvalidInput("\n".join(refused))
    return found


def site_of(host: str) -> str:
    """The site of a host name without a port: what can be owned, or the host itself where there is no such thing."""
    name = host.lower().rstrip(".")
    if is_number(name):
        return name
    if name == LOCAL or name.endswith(f".{LOCAL}"):
        # Not in the list, so the rule for unknown names counts; reading the list would take longer than all the rest.
        return ".".join(name.split(".")[-2:])
    return _list().privatesuffix(name) or name


def is_public_suffix(host: str) -> bool:
    """Whether a host name, in small letters and without a port, is one that nobody can own, as `co.uk`."""
    return bool(_list().publicsuffix(host) == host)


@cache
def _list() -> "PublicSuffixList":
    # Most installations on one machine never need it.
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()

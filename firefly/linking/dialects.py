"""What differs between providers in how they give leave: addresses, scopes, small manners."""

from collections.abc import Mapping
from dataclasses import dataclass

from .model import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Paths begin at the provider's URL.

    `scopes`: the least for each need. `client_by_basic`: the client's secret goes into the Authorization field.
    `revoke` is a path for RFC 7009, None where the provider has no such thing; GitHub has its own way.
    """

    title: str
    authorize: str
    token: str
    user: str
    scopes: Mapping[Need, frozenset[str]]
    revoke: str | None = None
    client_by_basic: bool = False
    token_page: str


def _least(read: str, public: str, private: str) -> Mapping[Need, frozenset[str]]:
    texts = {Need.READ: read, Need.PUBLIC: public, Need.PRIVATE: private}
    return {need: frozenset(text.split()) for need, text in texts.items()}


DIALECTS: Mapping[str, Dialect] = {
    "github": Dialect(
        title="GitHub",
        authorize="/login/oauth/authorize",
        token="/login/oauth/access_token",
        user="/user",
        scopes=_least("read:org", "read:org public_repo admin:repo_hook", "read:org repo admin:repo_hook"),
        token_page="/settings/tokens",
    ),
    "gitlab": Dialect(
        title="GitLab",
        authorize="/oauth/authorize",
        token="/oauth/token",
        revoke="/oauth/revoke",
        user="/user",
        scopes=_least("read_api", "api write_repository", "api write_repository"),
        token_page="/-/user_settings/personal_access_tokens",
    ),
    "bitbucket": Dialect(
        title="Bitbucket",
        authorize="/site/oauth2/authorize",
        token="/site/oauth2/access_token",
        user="/user",
        scopes=_least(
            "account repository",
            "account repository:write repository:admin webhook pullrequest:write",
            "account repository:write repository:admin webhook pullrequest:write",
        ),
        client_by_basic=True,
        token_page="/account/settings/app-passwords",
    ),
    "bitbucketdc": Dialect(
        title="Bitbucket Data Center",
        authorize="/rest/oauth2/latest/authorize",
        token="/rest/oauth2/latest/token",
        revoke="/rest/oauth2/latest/revoke",
        # Each answer names who asked, beside it.
        user="/application-properties",
        scopes=_least("REPO_READ", "REPO_ADMIN", "REPO_ADMIN"),
        token_page="/account",
    ),
    "gitea": Dialect(
        title="Gitea or Forgejo",
        authorize="/login/oauth/authorize",
        token="/login/oauth/access_token",
        user="/user",
        scopes=_least(
            "read:user read:organization read:repository",
            "read:user read:organization write:repository",
            "read:user read:organization write:repository",
        ),
        token_page="/user/settings/applications",
    ),
}
# Scopes that hold others, as providers say of them.
_HOLDS: Mapping[str, frozenset[str]] = {
    "repo": frozenset({"public_repo", "admin:repo_hook"}),
    "admin:org": frozenset({"read:org"}),
    "write:org": frozenset({"read:org"}),
    "api": frozenset({"read_api", "write_repository", "read_repository", "read_user"}),
    "REPO_ADMIN": frozenset({"REPO_READ", "REPO_WRITE"}),
    "REPO_WRITE": frozenset({"REPO_READ"}),
    "repository:admin": frozenset({"repository"}),
    "repository:write": frozenset({"repository"}),
    "write:repository": frozenset({"read:repository"}),
    "write:user": frozenset({"read:user"}),
    "write:organization": frozenset({"read:organization"}),
    "all": frozenset({"read:user", "read:organization", "read:repository", "write:repository"}),
}


def api_url(provider: str, url: str) -> str:
    """Where the API of the provider at `url` is, without a slash at its end."""
    match provider:
        case "github":
            return "https://api.github.com" if url == "https://github.com" else f"{url}/api/v3"
        case "gitlab":
            return f"{url}/api/v4"
        case "bitbucket":
            return "https://api.bitbucket.org/2.0" if url == "https://bitbucket.org" else f"{url}/2.0"
        case "bitbucketdc":
            return f"{url}/rest/api/1.0"
        case _:
            return f"{url}/api/v1"


def missing(provider: str, need: Need, held: frozenset[str]) -> frozenset[str]:
    """What a token with the scopes `held` lacks."""
    implied = held.union(*(_HOLDS.get(scope, frozenset()) for scope in held))
    return DIALECTS[provider].scopes[need] - implied

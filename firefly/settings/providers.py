"""The settings of git providers: where they are, and as which application Firefly is known to them."""

from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator

_ID = "The id of the OAuth application that an administrator of {} has registered for Firefly. Empty: people connect "
_ID += "with a personal access token instead. Its redirect URL is `<FIREFLY_URL>/auth/connections/callback`."
_SECRET = "The secret of that application."


class ProviderSettings(BaseModel):
    """URLs are those of the pages; where a provider's API is follows from them."""

    github_url: str = Field("https://github.com", description="GitHub, or your own GitHub Enterprise Server.")
    github_client_id: str = Field("", description=_ID.format("GitHub") + " Of a GitHub App, its client id.")
    github_client_secret: str = Field("", description=_SECRET)
    github_app_id: str = Field(
        "",
        description="The id of a GitHub App, the recommended way: what it is installed on is reached with tokens that "
        "live for an hour and are good for that repository alone. Empty: the one that an administrator has made on "
        "`/admin/github-app`, if any.",
    )
    github_app_key: str = Field("", description="The private key of that App: a file in PEM, or what stands in one.")
    github_app_hook_secret: str = Field(
        "",
        description="The secret of that App's webhook, whose address is `<FIREFLY_URL>/hooks/github`. Empty: its "
        "webhook is off, and each linked repository gets a hook of its own.",
    )
    gitlab_url: str = Field("https://gitlab.com", description="GitLab, or your own.")
    gitlab_client_id: str = Field("", description=_ID.format("GitLab"))
    gitlab_client_secret: str = Field("", description=_SECRET)
    bitbucket_url: str = Field("https://bitbucket.org", description="Bitbucket Cloud.")
    bitbucket_client_id: str = Field("", description=_ID.format("the workspace at Bitbucket"))
    bitbucket_client_secret: str = Field("", description=_SECRET)
    bitbucketdc_url: str = Field("", description="Your own Bitbucket Data Center.")
    bitbucketdc_client_id: str = Field("", description=_ID.format("Bitbucket Data Center"))
    bitbucketdc_client_secret: str = Field("", description=_SECRET)
    gitea_url: str = Field("https://codeberg.org", description="Codeberg, or your own Gitea or Forgejo.")
    gitea_client_id: str = Field("", description=_ID.format("Gitea or Forgejo"))
    gitea_client_secret: str = Field("", description=_SECRET)

    @field_validator("github_url", "gitlab_url", "bitbucket_url", "bitbucketdc_url", "gitea_url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        return provider_url(value) if value else value


def provider_url(url: str) -> str:
    """In the one way in which it is compared. Raises ValueError for what is no address of a provider."""
    parts = urlsplit(url.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("must be a URL, as in https://git.example")
    if parts.username or parts.password:
        raise ValueError("must not have credentials")
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"

"""Connections to git providers, as the API shows them: never their tokens."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from .base import Input, Output

ProviderName = Literal["github", "gitlab", "bitbucket", "bitbucketdc", "gitea"]
NeedName = Literal["read", "public", "private"]
Url = Annotated[str, Field(max_length=500)]


class Provider(Output):
    provider: ProviderName
    title: str
    url: str
    ways: list[str] = Field(description="`app`, `oauth`, `token`: how one connects, the recommended way first.")
    token_page: str = Field(description="Where a personal access token is made.")


class Connection(Output):
    id: UUID
    provider: ProviderName
    url: str
    kind: Literal["oauth", "token"]
    login: str = Field(description="Who you are there.")
    scopes: Sequence[str]
    state: Literal["working", "broken"]
    reason: str = Field(description="Why it is broken. Connecting again mends it.")
    created_at: datetime
    checked_at: datetime


class Left(Output):
    """A hook or key that is still at a provider."""

    id: UUID
    project: str
    provider: ProviderName
    url: str
    repository: str
    reason: str
    due_at: datetime = Field(description="When it is tried again.")
    attempts: int


class Connections(Output):
    connections: list[Connection]
    providers: list[Provider]
    left: list[Left] = Field(description="Hooks and keys of unlinked projects that are still to be removed there.")
    app_page: str | None = Field(description="Where the GitHub App is installed on repositories; null: there is none.")


class NewConnection(Input):
    provider: ProviderName
    url: Url | None = Field(None, description="Of a provider of your own. Default: the one that Firefly is set up for.")
    token: str = Field(min_length=1, max_length=2000, description="A personal access token.")
    user: str = Field("", max_length=200, description="The name that it is sent with, where it needs one.")


class Authorize(Input):
    need: NeedName = Field("read", description="To look, to link what is public, or what is private.")
    next: str = Field("/account/connections", max_length=500, description="The path to come back to.")


class Authorization(Output):
    url: str = Field(description="The provider's page, where the browser is to go.")


class Disconnected(Output):
    left: str = Field(description="What is left for you to do at the provider; empty: nothing.")

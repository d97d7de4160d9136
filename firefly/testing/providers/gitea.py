"""Gitea's and Forgejo's API, as far as Firefly uses it: mostly GitHub's."""

from typing import TYPE_CHECKING, Literal

from aiohttp import web
from pydantic import Field

from .github import REPOSITORY, Common
from .model import Shape, StatusShape

if TYPE_CHECKING:
    from .server import ProviderServer

PREFIX = "/api/v1"
NAME = "gitea"


class HookConfigurationShape(Shape):
    url: str = Field(pattern="^https?://")
    content_type: Literal["json"]
    secret: str = Field(min_length=20)


class HookShape(Shape):
    type: Literal["gitea", "forgejo"]
    active: bool
    events: list[Literal["push", "create", "delete", "pull_request", "pull_request_sync", "repository"]]
    config: HookConfigurationShape


def set_up(app: web.Application, server: "ProviderServer") -> None:
    common = Common(server, NAME, size="limit")
    common.set_up(app, status=StatusShape, hook=HookShape)
    app.router.add_get(f"{REPOSITORY}/collaborators/{{user}}/permission", common.permission)

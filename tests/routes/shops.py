"""A route to begin with."""

from uuid import UUID, uuid4

from firefly.routes import Route, SandboxTarget

OLD, NEW = "shop--ann.preview.localhost", "store--ann.preview.localhost"


def shop(project_id: UUID | None = None, *, host: str = OLD) -> Route:
    return Route(host, SandboxTarget(uuid4()), project_id or uuid4())

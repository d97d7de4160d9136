"""The client's calls about projects themselves."""

from collections.abc import AsyncIterable, Mapping

from .api_transport import PATIENCE, ApiTransport, project_path, read
from .models import Page, Project


class ProjectCalls:
    """Every method raises ClientError."""

    def __init__(self, transport: ApiTransport) -> None:
        self._transport = transport

    async def all(self, *, deleted: bool = False) -> list[Project]:
        """All of them, page after page."""
        params = {"limit": "200", "deleted": str(deleted).lower()}
        return [project async for project in self._transport.each(Page[Project], "/projects", params=params)]

    async def get(self, owner: str, name: str) -> Project:
        return await self._transport.ask(Project, "GET", project_path(owner, name))

    async def create(self, name: str, **wanted: str | None) -> Project:
        """`wanted`: owner, description, visibility, and template, git_url or remix_of."""
        body = {"name": name, **{key: value for key, value in wanted.items() if value is not None}}
        return await self._transport.ask(Project, "POST", "/projects", body, timeout=PATIENCE)

    async def upload(self, name: str, archive: AsyncIterable[bytes], *, filename: str) -> Project:
        """Create a project from an archive: zip, tar or tar.gz."""
        fields = {"Content-Type": "application/octet-stream"}
        params = {"name": name, "filename": filename}
        async with self._transport.request(
            "POST", "/projects", data=archive, params=params, headers=fields, timeout=PATIENCE
        ) as response:
            return await read(Project, response)

    async def change(self, owner: str, name: str, change: Mapping[str, str]) -> Project:
        """`change` holds any of name, description, visibility."""
        return await self._transport.ask(Project, "PATCH", project_path(owner, name), dict(change))

    async def delete(self, owner: str, name: str) -> Project:
        return await self._transport.ask(Project, "DELETE", project_path(owner, name))

    async def restore(self, owner: str, name: str) -> Project:
        return await self._transport.ask(Project, "POST", f"{project_path(owner, name)}/restore")

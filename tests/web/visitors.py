"""Visitors of content hosts, and what lets them in."""

from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientResponse

from firefly.projects import Project

from .test_access import ACCESS
from .test_previews import NAVIGATION, cookie, value
from .world import World

VISIT = {**NAVIGATION, "Sec-Fetch-Site": "cross-site"}

NOWHERE = "nothing--here"


def visitor(world: World, host: str, address: str = "203.0.113.9", **more: str) -> Any:
    return world.visitor(host, **{"X-Firefly-Client-Address": address, "Origin": f"http://{host}", **more})


def verified(world: World, response: ClientResponse, project: Project) -> bool:
    field = cookie(response, "__Host-firefly-grant")
    return bool(field) and world.services.grants.verify(value(field).encode(), project.id, 1) is not None


async def link_of(world: World, **body: object) -> str:
    made = await (await (await world.program(world.ada)).post(f"{ACCESS}/links", json=body)).json()
    return str(urlsplit(made["url"]).path)


async def code_of(world: World, **body: object) -> str:
    made = await (await (await world.program(world.ada)).post(f"{ACCESS}/code", json=body)).json()
    return str(made["code"])


async def with_password(world: World, password: str = "a password to share") -> str:
    await (await world.program(world.ada)).post(f"{ACCESS}/password", json={"password": password})
    return password


def nowhere(world: World) -> str:
    return f"{NOWHERE}.{world.settings.content_domain}"


async def ask(world: World, host: str, **form: str) -> tuple[Any, ClientResponse]:
    """A browser that has asked, with its cookie, and the answer that it got."""
    sent = await visitor(world, host).post("/.firefly/ask", data={"name": "Sam", **form}, allow_redirects=False)
    assert sent.status == 303
    await world.services.access.requests.settled()
    kept = value(cookie(sent, "__Host-firefly-asked"))
    return visitor(world, host, Cookie=f"__Host-firefly-asked={kept}"), sent


def plain(response: ClientResponse) -> tuple[int, dict[str, str]]:
    kept = {name: text for name, text in response.headers.items() if name not in {"Date", "X-Request-ID", "Set-Cookie"}}
    return response.status, kept

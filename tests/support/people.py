"""Ordinary accounts of a live server, and their places in projects."""

import secrets
from dataclasses import dataclass
from typing import Any

import aiohttp

from .server import LiveServer

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Person:
    name: str
    cookies: str
    token: str


async def make_person(server: LiveServer, *scopes: str) -> Person:
    """An ordinary account, signed in, with a token of these scopes."""
    name = f"p{secrets.token_hex(4)}"
    async with server.client() as admin, admin.post("/api/v1/users", json={"name": name, "password": PASSWORD}) as made:
        assert made.status == 201, await made.text()
    async with server.client(token="") as client:
        body = {"name": name, "password": PASSWORD}
        async with client.post("/auth/sign-in", json=body, headers={"Origin": server.url}) as answer:
            assert answer.status == 204, await answer.text()
            cookies = "; ".join(field.partition(";")[0] for field in answer.headers.getall("Set-Cookie"))
        fields = {"Cookie": cookies, "Origin": server.url}
        wanted = {"name": "test", "scopes": list(scopes or ("write",))}
        async with client.post("/api/v1/tokens", json=wanted, headers=fields) as answer:
            return Person(name, cookies, (await answer.json())["token"])


async def add_member(owner: aiohttp.ClientSession, project: dict[str, Any], person: Person, role: str) -> None:
    path = f"/api/v1/projects/{project['owner']}/{project['name']}/members/{person.name}"
    async with owner.put(path, json={"role": role}) as answer:
        assert answer.status == 200, await answer.text()

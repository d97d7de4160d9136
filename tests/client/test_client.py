"""The typed client against a server that answers well, badly, or not at all."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from firefly.client import ClientError, FireflyClient

PROJECT = {
    "id": "00000000-0000-4000-8000-000000000001",
    "owner": "ada",
    "name": "site",
    "visibility": "members",
    "changed_at": "2026-11-20T00:00:00Z",
    "last_change": {"what": "created it", "who": "ada", "at": "2026-11-20T00:00:00Z"},
    "urls": {"editor": "e", "preview": "p", "git": "g"},
    "a_member_of_a_later_version": True,
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Server:
    """One handler for every path; `requests` keeps what was asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answers: list[web.Response] = []
        self.server = TestServer(self._application())

    def _application(self) -> web.Application:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        return app

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        self.requests.append((request.method, request.rel_url.raw_path_qs, dict(request.headers), body))
        return self.answers.pop(0)

    def answer(self, body: object, status: int = 200, kind: str = "application/json") -> None:
        self.answers.append(web.Response(text=json.dumps(body), status=status, content_type=kind))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    await made.server.start_server()
    yield made
    await made.server.close()


@pytest.fixture
async def client(server: Server) -> AsyncIterator[FireflyClient]:
    async with FireflyClient(str(server.server.make_url("/")), "secret") as made:
        yield made


async def test_the_token_goes_along_and_the_answer_is_typed(server: Server, client: FireflyClient) -> None:
    server.answer(PROJECT)
    project = await client.projects.get("ada", "site")
    assert project.path == "ada/site"
    method, path, headers, _ = server.requests[0]
    assert (method, path) == ("GET", "/api/v1/projects/ada/site")
    assert headers["Authorization"] == "Bearer secret"


async def test_names_cannot_leave_their_place_in_the_path(server: Server, client: FireflyClient) -> None:
    server.answer(PROJECT)
    await client.projects.get("ada/../x", "a?b#c")
    assert server.requests[0][1] == "/api/v1/projects/ada%2F..%2Fx/a%3Fb%23c"


async def test_all_pages_are_read(server: Server, client: FireflyClient) -> None:
    server.answer({"items": [PROJECT], "next": "abc"})
    server.answer({"items": [PROJECT], "next": None})
    assert len(await client.projects.all()) == 2
    assert "cursor=abc" in server.requests[1][1]


async def test_what_is_not_given_is_not_sent(server: Server, client: FireflyClient) -> None:
    server.answer(PROJECT, 201)
    await client.projects.create("site", template="static", description=None)
    assert json.loads(server.requests[0][3]) == {"name": "site", "template": "static"}


async def test_a_problem_becomes_an_error_with_its_sentence(server: Server, client: FireflyClient) -> None:
    problem = {"type": "urn:firefly:name-taken", "detail": "The name is taken.", "status": 409, "field": "name"}
    server.answer(problem, 409, "application/problem+json")
    with pytest.raises(ClientError, match=r"The name is taken\.") as caught:
        await client.projects.create("site", template="static")
    assert (caught.value.status, caught.value.kind, caught.value.problem["field"]) == (409, "name-taken", "name")


@pytest.mark.parametrize(("body", "status"), [("not JSON", 200), ("<html>", 502), ("[]", 500), ("{}", 200)])
async def test_what_no_firefly_says_is_an_error_too(
    server: Server, client: FireflyClient, body: str, status: int
) -> None:
    server.answers.append(web.Response(text=body, status=status))
    with pytest.raises(ClientError) as caught:
        await client.projects.get("ada", "site")
    assert caught.value.detail


async def test_a_server_that_is_away_is_an_error_with_its_address() -> None:
    async with FireflyClient("http://127.0.0.1:1") as client:
        with pytest.raises(ClientError, match=r"http://127\.0\.0\.1:1 does not answer"):
            await client.me()


async def test_events_are_read_one_by_one(server: Server, client: FireflyClient) -> None:
    text = ': open\n\nid: b-1\nevent: project.changed\ndata: {"a": 1}\n\nevent: other\ndata: {}\n\n'
    server.answers.append(web.Response(text=text, content_type="text/event-stream"))
    found = [(event.name, event.id, event.data) async for event in client.events(last_id="b-0")]
    assert found[0] == ("project.changed", "b-1", '{"a": 1}')
    assert server.requests[0][2]["Last-Event-ID"] == "b-0"


async def test_it_is_used_as_a_context_manager_only() -> None:
    with pytest.raises(RuntimeError):
        await FireflyClient("http://localhost").me()


async def test_a_session_that_was_given_stays_open(server: Server) -> None:
    import aiohttp

    server.answer({"items": []})
    async with aiohttp.ClientSession() as session:
        async with FireflyClient(str(server.server.make_url("/")), session=session) as client:
            assert await client.tokens.all() == []
        assert not session.closed


def test_a_jobs_end_is_known() -> None:
    from firefly.client.models import Job

    given: dict[str, Any] = {"id": PROJECT["id"], "kind": "import", "steps": []}
    assert Job(**given, state="failed").ended
    assert not Job(**given, state="running").ended

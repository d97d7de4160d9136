"""Anybody may run what answers as a provider: whatever it says is the provider's fault, and never ends a server."""

import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from firefly.errors import FireflyError, Unavailable
from firefly.git.providers import PROVIDERS, Branch, Credential, GitProvider, PullRequest, Transport
from firefly.weighing import MOST_VALUES

JSON = "application/json; charset=utf-8"


class Stranger:
    """Says the same to whoever asks for anything."""

    def __init__(self) -> None:
        self.body, self.status, self.headers = b"{}", 200, {"Content-Type": JSON}
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        return web.Response(body=self.body, status=self.status, headers=self.headers)


@pytest.fixture
async def stranger() -> AsyncIterator[Stranger]:
    made, app = Stranger(), web.Application()
    app.router.add_route("*", "/{any:.*}", made.answer)
    async with TestServer(app) as server:
        made.url = str(server.make_url("")).rstrip("/")
        yield made


@pytest.fixture
def asked(stranger: Stranger, transport: Transport, provider: str) -> GitProvider:
    return PROVIDERS[provider](transport, stranger.url, Credential("secret"))


async def test_an_answer_of_another_shape_is_the_providers_fault(stranger: Stranger, asked: GitProvider) -> None:
    deep = b"[" * 100_000
    for body in (b"{}", b"[1]", b'"x"', b"null", b'[{"id": "\\ud800"}]', b'{"values": 5}', b"\xff", deep):
        stranger.body = body
        for call in (
            lambda: asked.repository("acme/site"),
            lambda: asked.pull_request("acme/site", 1),
            lambda: asked.put_comment("acme/site", 1, "Hello"),
            lambda: asked.add_hook("acme/site", url="https://firefly.test", secret="secret"),
            asked.user,
        ):
            with pytest.raises(FireflyError):
                await call()


@pytest.mark.parametrize("provider", ["gitea"], indirect=True)
async def test_of_an_answer_of_ever_so_many_values_none_is_read(stranger: Stranger, asked: GitProvider) -> None:
    """For 16 MiB of empty lists the server would do nothing else for seconds, and take up half a GiB."""
    stranger.body = b"[" + b"[]," * MOST_VALUES + b"[]]"
    with pytest.raises(Unavailable, match="more than 200,000 values"):
        await asked.user()


async def test_a_way_on_that_is_no_address_is_the_providers_fault(stranger: Stranger, asked: GitProvider) -> None:
    stranger.status, stranger.headers = 302, {"Location": "http://[", "Content-Type": JSON}
    with pytest.raises(Unavailable):
        await asked.repository("acme/site")


async def test_a_token_that_no_header_can_hold_is_refused(stranger: Stranger, transport: Transport) -> None:
    asked = PROVIDERS["gitea"](transport, stranger.url, Credential("a\r\nX-Evil: 1"))
    with pytest.raises(Unavailable):
        await asked.user()


@pytest.mark.parametrize("provider", ["gitea"], indirect=True)
async def test_what_it_says_can_be_stored_and_its_links_run_nothing(stranger: Stranger, asked: GitProvider) -> None:
    side = {"ref": "a", "sha": "a" * 40, "repo": {"id": 1, "clone_url": "https://there/x.git"}}
    pull = {
        "number": 3,
        "title": "a\0b\ud800",
        "html_url": "javascript:alert(1)",
        "state": "open",
        "head": side,
        "base": side,
    }
    stranger.body = json.dumps(pull).encode()
    found = await asked.pull_request("acme/site", 3)
    assert (found.title, found.url) == ("a\ufffdb?", "")
    for wrong in ({"number": 1 << 40}, {"number": "3/../../heads/main"}, {"title": ["a"]}, {"state": None}):
        stranger.body = json.dumps(pull | wrong).encode()
        with pytest.raises(Unavailable, match="something else than it should"):
            await asked.pull_request("acme/site", 3)


def test_numbers_are_those_that_can_be_stored() -> None:
    with pytest.raises(TypeError):
        PullRequest(
            number=0, title="", author="", url="", state="open", base_ref="", head_ref="", head_commit="", is_fork=True
        )
    assert Branch("a\0", "b").name == "a\ufffd"

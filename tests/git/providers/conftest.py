"""The twin of all providers, with a repository at each, and our clients for them."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from firefly.git import AddressPolicy
from firefly.git.providers import PROVIDERS, Credential, GitProvider, Transport
from firefly.testing.providers import ProviderServer, TwinRepository
from tests.git.support import git, history

Client = Callable[..., GitProvider]


@pytest.fixture
async def server() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as made:
        yield made


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    made = Transport(AddressPolicy(["127.0.0.1"]))
    yield made
    await made.close()


@pytest.fixture(params=sorted(PROVIDERS))
def provider(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """`main` with two commits, and `feature/a` on the first of them."""
    source = history(tmp_path / "source", branch="main", commits=2)
    git(source, "branch", "feature/a", "main~1")
    git(tmp_path, "clone", "-q", "--mirror", str(source), "bare.git")
    return tmp_path / "bare.git"


@pytest.fixture
def repository(server: ProviderServer, provider: str, bare: Path) -> TwinRepository:
    """`acme/site`, private."""
    return server.add(TwinRepository(provider, "acme/site", bare))


@pytest.fixture
def client(server: ProviderServer, transport: Transport) -> Client:
    def make(provider: str, token: str = "") -> GitProvider:
        return PROVIDERS[provider](transport, server.base_url(provider), Credential(token or server.token))

    return make

"""The clients of the providers, against a twin that takes nothing but what they publish."""

from typing import Any

import pytest

from firefly.errors import Conflict, Forbidden, InvalidInput, NotFound, RateLimited, TimedOut, Unavailable
from firefly.git import AddressPolicy
from firefly.git.providers import (
    PROVIDERS,
    CommitState,
    Credential,
    CredentialRefused,
    Deployment,
    DeploymentState,
    Permission,
    Status,
    Transport,
    everything,
)
from firefly.testing.providers import ProviderServer, TwinPull, TwinRepository
from tests.git.hosting import answering, silent
from tests.git.support import git

from .conftest import Client

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ firefly"
SECRET = "a secret that is long enough"


async def test_repositories_are_listed_page_by_page_and_looked_at(
    server: ProviderServer, repository: TwinRepository, client: Client, provider: str
) -> None:
    for number in range(120):
        server.add(TwinRepository(provider, f"acme/r{number}", permissions={"octo": "read"}))
    mine = client(provider)

    assert await mine.user() == "octo"
    assert list(await mine.organisations()) == ["acme"]
    first = await mine.repositories("acme")
    assert first.next
    found = await everything(lambda cursor: mine.repositories("acme", cursor))
    assert len(found) == 121
    assert {one.path: one.permission for one in found}["acme/site"] is Permission.ADMIN
    assert {one.path: one.permission for one in found}["acme/r7"] is Permission.READ
    assert len(await everything(lambda cursor: mine.repositories(None, cursor))) == 121
    one = await mine.repository("acme/site")
    assert (one.default_branch, one.is_private, one.permission) == ("main", True, Permission.ADMIN)
    assert one.clone_url == f"{server.url}/git/{provider}/acme/site.git"
    with pytest.raises(NotFound):
        await mine.repository("acme/none")


async def test_permissions_of_others(repository: TwinRepository, client: Client, provider: str) -> None:
    repository.permissions |= {"bob": "read", "eve": "write"}
    mine = client(provider)

    assert await mine.permission("acme/site", "bob") is Permission.READ
    assert await mine.permission("acme/site", "eve") is Permission.WRITE
    assert await mine.permission("acme/site", "octo") is Permission.ADMIN
    assert await mine.permission("acme/site", "nobody") is Permission.NONE


async def test_branches_and_pull_requests(
    server: ProviderServer, repository: TwinRepository, client: Client, provider: str
) -> None:
    assert repository.folder is not None
    tip = git(repository.folder, "rev-parse", "feature/a")
    server.add(TwinRepository(provider, "eve/site"))
    repository.pulls[4] = TwinPull(4, "From a fork", "patch", tip, source="eve/site", author="eve")
    repository.pulls[5] = TwinPull(5, "Merged", "old", tip, state="merged")
    mine = client(provider)

    branches = {branch.name: branch.commit for branch in await everything(lambda c: mine.branches("acme/site", c))}
    assert branches == {"main": git(repository.folder, "rev-parse", "main"), "feature/a": tip}
    (fork,) = await everything(lambda c: mine.pull_requests("acme/site", c))
    assert (fork.number, fork.title, fork.author, fork.state) == (4, "From a fork", "eve", "open")
    assert (fork.head_ref, fork.base_ref, fork.is_fork) == ("patch", "main", True)
    assert tip.startswith(fork.head_commit)
    assert (await mine.pull_request("acme/site", 5)).state == "merged"
    made = await mine.open_pull_request("acme/site", title="Mine", body="Look", head="feature/a", base="main")
    assert (made.state, made.is_fork, tip.startswith(made.head_commit)) == ("open", False, True)
    assert "feature" in mine.compare_url("acme/site", "main", "feature/a")


async def test_statuses_and_comments(repository: TwinRepository, client: Client, provider: str) -> None:
    mine, commit = client(provider), "a" * 40
    for state in CommitState:
        await mine.set_status("acme/site", Status(commit, state, "Built in 3 s. " * 20, "https://firefly.test/b/1"))
    comment = await mine.put_comment("acme/site", 4, "Building")
    assert await mine.put_comment("acme/site", 4, "Built", comment) == comment

    assert len(repository.statuses) == 4
    assert all("firefly/build" in status.values() for status in repository.statuses)
    assert all("https://firefly.test/b/1" in status.values() for status in repository.statuses)
    assert len({status["state"] for status in repository.statuses}) == 4
    assert repository.comments == {comment: {"pull": 4, "text": "Built", "changed": 1}}
    with pytest.raises(NotFound):
        await mine.put_comment("acme/site", 4, "Built", "999999")


async def test_keys_and_hooks_come_and_go(repository: TwinRepository, client: Client, provider: str) -> None:
    mine = client(provider)
    key = await mine.add_key("acme/site", title="Firefly", key=KEY, read_only=True)
    hook = await mine.add_hook("acme/site", url="https://firefly.test/hooks/x", secret=SECRET)

    assert [(one.id, one.key, one.is_read_only) for one in await mine.keys("acme/site")] == [(key, KEY, True)]
    assert [(one.id, one.url, one.is_active) for one in await mine.hooks("acme/site")] == [
        (hook, "https://firefly.test/hooks/x", True)
    ]
    for _ in range(2):  # what is gone already is none to complain of
        await mine.remove_key("acme/site", key)
        await mine.remove_hook("acme/site", hook)
    assert (repository.keys, repository.hooks) == ({}, {})


async def test_a_repository_is_made_and_its_name_taken_but_once(
    server: ProviderServer, client: Client, provider: str
) -> None:
    mine = client(provider)
    made = await mine.create_repository("fresh", organisation="acme", description="New")
    assert (made.path, made.is_private) == ("acme/fresh", True)
    with pytest.raises(Conflict):
        await mine.create_repository("fresh", organisation="acme")


@pytest.mark.parametrize("provider", ["github", "gitlab"])
async def test_deployments_where_there_are_any(repository: TwinRepository, client: Client, provider: str) -> None:
    mine = client(provider)
    plan: dict[str, Any] = {
        "environment": "main", "ref": "refs/heads/main", "commit": "b" * 40, "url": "https://main--site.test",
        "log_url": "https://firefly.test/b/1", "description": "Build 1",
    }  # fmt: skip
    made = await mine.put_deployment("acme/site", Deployment(id=None, state=DeploymentState.PENDING, **plan))
    again = await mine.put_deployment("acme/site", Deployment(id=made, state=DeploymentState.SUCCESS, **plan))

    assert made is not None
    assert made == again
    assert len(repository.deployments) == 1
    states = repository.deployments[made]["states"]
    assert [state if provider == "gitlab" else state["state"] for state in states][-1] == "success"
    assert "https://main--site.test" in str([*repository.environments.values(), *states])


async def test_what_goes_wrong_is_told_apart(
    server: ProviderServer, repository: TwinRepository, client: Client, provider: str
) -> None:
    with pytest.raises(CredentialRefused):
        await client(provider, "an old token").repository("acme/site")
    server.broken = True
    with pytest.raises(Unavailable, match="500"):
        await client(provider).repository("acme/site")
    server.broken, server.quiet = False, 60
    with pytest.raises(RateLimited) as told:
        await client(provider).repository("acme/site")
    assert 50 < told.value.retry_after <= 60
    server.quiet = 0
    before = len(server.calls)
    with pytest.raises(RateLimited):
        await client(provider).repository("acme/site")
    assert len(server.calls) == before, "who was told to wait asks nothing"


async def test_what_is_known_is_not_sent_again(
    server: ProviderServer, repository: TwinRepository, client: Client, provider: str
) -> None:
    first, second = [await client(provider).branches("acme/site") for _ in range(2)]
    assert first == second
    assert server.unchanged == 1
    with pytest.raises(CredentialRefused):
        await client(provider, "somebody else's").branches("acme/site")


@pytest.mark.parametrize("provider", ["gitlab"])
async def test_only_addresses_that_are_permitted_are_asked(server: ProviderServer, provider: str) -> None:
    for policy, base in (
        (AddressPolicy([]), server.base_url(provider)),
        (AddressPolicy([]), "https://localhost"),
        (AddressPolicy([]), "https://169.254.169.254"),
        (AddressPolicy(["127.0.0.1"]), "ftp://127.0.0.1"),
    ):
        closed = Transport(policy)
        with pytest.raises(InvalidInput):
            await PROVIDERS[provider](closed, base, Credential(server.token)).user()
        await closed.close()
    assert server.calls == []


@pytest.mark.parametrize("provider", ["github"])
async def test_one_that_is_silent_is_given_up(provider: str) -> None:
    impatient = Transport(AddressPolicy(["127.0.0.1"]), limit=0.2)
    async with silent() as url:
        with pytest.raises(TimedOut):
            await PROVIDERS[provider](impatient, url, Credential("token")).user()
    await impatient.close()


@pytest.mark.parametrize("provider", ["github", "gitea"])
async def test_a_new_name_is_followed_at_the_same_host_alone(
    server: ProviderServer, repository: TwinRepository, client: Client, transport: Transport, provider: str
) -> None:
    server.renamed[provider, "acme/old"] = "acme/site"
    assert (await client(provider).repository("acme/old")).path == "acme/site"
    async with answering(301, Location="https://elsewhere.test/api") as url:
        with pytest.raises(Conflict, match="301"):
            await transport.send("GET", f"{url}/api", headers={"Authorization": f"token {server.token}"})


@pytest.mark.parametrize("provider", ["bitbucketdc"])
async def test_what_an_account_may_not_see_is_no_refused_token(
    repository: TwinRepository, client: Client, provider: str
) -> None:
    del repository.permissions["octo"]
    with pytest.raises(NotFound):
        await client(provider).repository("acme/site")
    with pytest.raises(Forbidden) as refused:
        await client(provider).add_hook("acme/site", url="https://firefly.test/hooks/x", secret=SECRET)
    assert not isinstance(refused.value, CredentialRefused)


def test_forbidden_is_the_base_of_a_refused_token() -> None:
    assert issubclass(CredentialRefused, Forbidden)

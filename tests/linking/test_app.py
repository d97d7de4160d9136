"""The GitHub App: made by GitHub from a manifest, installed and taken away, with tokens of one repository each."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import pytest

from firefly.adapters.hooks import LinkedRepositories
from firefly.auth import Account, Identity
from firefly.errors import Conflict, Forbidden, InvalidInput, NotFound
from firefly.git.links import LinkState, ProviderLink
from firefly.git.providers import CredentialRefused
from firefly.git.providers.payloads.audience import Audience
from firefly.git.providers.signatures import Envelope
from firefly.linking.apps import AppKeys, Apps
from firefly.linking.making import AppMaking
from firefly.linking.model import State
from firefly.projects import Project, UpdateProject, Visibility
from firefly.secrets import Keyring
from firefly.settings import Settings
from firefly.store import Database
from firefly.testing.clock import ManualClock
from firefly.testing.providers import TwinRepository

from .conftest import EVERYTHING, person
from .linked import Linked

PEM = "-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\n"


@pytest.fixture
async def root(database: Database) -> Identity:
    """An administrator."""
    made = await person(database, "root")
    async with database.connection() as connection:
        row = await connection.fetchrow(
            "update accounts set is_administrator = true where id = $1 returning *", made.account.id
        )
    assert row is not None
    return Identity(Account.from_row(dict(row)), EVERYTHING, "session", session_id=made.session_id)


async def come_back(linked: Linked, root: Identity, organisation: str = "") -> dict[str, str]:
    """What GitHub's page sends back, once a browser has posted the manifest to it."""
    making = await linked.making.begin(root, name="Firefly of Acme", organisation=organisation)
    async with (
        aiohttp.ClientSession() as browser,
        browser.post(making.url, data={"manifest": json.dumps(making.manifest)}, allow_redirects=False) as answer,
    ):
        assert answer.status == 302, await answer.text()
        target = urlsplit(answer.headers["location"])
    assert (target.netloc, target.path) == ("firefly.test", "/admin/github-app/made")
    return dict(parse_qsl(target.query))


async def make(linked: Linked, root: Identity) -> AppKeys:
    linked.twin.app.now = linked.house.clock.time
    return await linked.making.complete(root, await come_back(linked, root))


async def installed(linked: Linked, ada: Identity, root: Identity) -> tuple[TwinRepository, Project]:
    """A project that was imported while the App was installed on its repository."""
    await make(linked, root)
    there = linked.repository(provider="github")
    linked.twin.app.install(there)
    await linked.connect(ada, "github")
    return there, await linked.imported(ada, provider="github")


async def link_of(linked: Linked, project: Project) -> ProviderLink:
    found = await linked.links.of_project(project.id)
    assert found is not None
    return found


async def test_github_makes_it_from_a_manifest_and_its_keys_are_sealed(
    linked: Linked, ada: Identity, root: Identity, settings: Settings, keyring: Keyring, clock: ManualClock
) -> None:
    database = linked.house.database
    for refused in (linked.making.begin(ada, name="Firefly"), linked.making.shown(ada), linked.making.forget(ada)):
        with pytest.raises(Forbidden):
            await refused
    query = await come_back(linked, root, "acme")
    with pytest.raises(Forbidden, match="did not begin"):
        await linked.making.complete(root, query | {"state": "another"})
    made = await linked.making.complete(root, query)
    app = linked.twin.app
    assert (made.app_id, made.hook_secret, app.owner) == ("4711", app.hook_secret, "acme")
    assert app.manifest["hook_attributes"] == {"url": "https://firefly.test/hooks/github", "active": True}
    with pytest.raises(Forbidden, match="did not begin"):
        await linked.making.complete(root, query)
    assert await linked.making.shown(root) == made
    (offer,) = [one for one in await linked.connections.offers.list() if one.provider == "github"]
    assert offer.ways == ["app", "oauth", "token"]
    async with database.connection() as connection:
        row = str(await connection.fetchrow("select * from github_apps"))
        assert not any(secret in row for secret in ("PRIVATE", app.hook_secret, app.client_secret))
        await connection.execute("update github_apps set url = url || '/elsewhere'")
    moved = Apps(
        database,
        keyring,
        clock,
        settings.model_copy(update={"github_url": f"{linked.twin.base_url('github')}/elsewhere"}),
    )
    with pytest.raises(Conflict, match="row of another"):
        await moved.opened()
    assert await moved.current() is None
    with pytest.raises(NotFound):
        await linked.making.forget(root)
    near = AppMaking(
        database=database, clock=clock, audit=linked.house.audit, apps=Apps(database, keyring, clock, settings),
        transport=linked.transport, app_url="http://localhost:8000",
    )  # fmt: skip
    with pytest.raises(InvalidInput, match="Set FIREFLY_URL"):
        await near.begin(root, name="Firefly")


async def test_that_of_the_settings_counts_and_its_key_is_a_text_or_a_file(
    settings: Settings, database: Database, keyring: Keyring, clock: ManualClock, tmp_path: Path
) -> None:
    (tmp_path / "app.pem").write_text(PEM)
    for key in (PEM.replace("\n", "\\n"), str(tmp_path / "app.pem")):
        given = settings.model_copy(update={"github_app_id": "7", "github_app_key": key, "github_client_id": "Iv1.x"})
        current = await Apps(database, keyring, clock, given).current()
        assert current is not None
        assert (current.app_id, current.key, current.client_id, current.is_set) == ("7", PEM, "Iv1.x", True)
    missing = settings.model_copy(update={"github_app_id": "7", "github_app_key": "/nowhere.pem"})
    with pytest.raises(InvalidInput, match="FIREFLY_GITHUB_APP_KEY"):
        Apps(database, keyring, clock, missing)
    assert await Apps(database, keyring, clock, settings).current() is None


async def test_with_it_no_hook_is_added_and_tokens_are_of_one_repository(
    linked: Linked, ada: Identity, root: Identity, clock: ManualClock
) -> None:
    there, project = await installed(linked, ada, root)
    (job,) = await linked.house.jobs.list(ada, project_id=project.id)
    details = {step.name: step.detail for step in job.steps}
    assert details["Add the hook"] == "Not needed: the GitHub App tells of everything"
    link = await link_of(linked, project)
    assert (there.hooks, link.hook_id, link.told_by_app) == ({}, None, True)
    await linked.removing.restore()
    assert there.hooks == {}
    assert set(linked.twin.app.tokens.values()) == {there.number}
    asked = len(linked.twin.app.tokens)
    await linked.access.credential(link)
    assert len(linked.twin.app.tokens) == asked
    clock.advance(56 * 60)
    await linked.access.credential(link)
    assert len(linked.twin.app.tokens) == asked + 1
    # Of another repository that was given the name it knows nothing.
    given_away = replace(link, repository_id="7", repository="octo/garden")
    assert await linked.access.app.token(given_away) is None
    # In the bin nothing is heard of it.
    whom = Audience(repositories=frozenset({str(there.number)}))
    assert [one.id for one in await linked.news.concerned(whom)] == [link.id]
    await linked.house.projects.delete(ada, "ada", "garden")
    assert await linked.news.concerned(whom) == []
    await linked.house.projects.restore(ada, "ada", "garden")
    # Forgotten, its repositories get hooks of their own again.
    assert await linked.making.forget(root) == "Firefly of Acme"
    await linked.removing.restore()
    assert (len(there.hooks), await linked.projects.app_page()) == (1, None)


async def test_taken_away_suspended_and_given_back_it_is_followed(
    linked: Linked, ada: Identity, root: Identity, clock: ManualClock
) -> None:
    there, project = await installed(linked, ada, root)
    heed = LinkedRepositories(cast(Any, linked), linked.house.repositories)
    app = linked.twin.app

    async def reinstalled() -> tuple[str, ProviderLink]:
        clock.advance(1)
        told = await heed.reinstalled(await link_of(linked, project))
        return told, await link_of(linked, project)

    app.uninstall(there)
    told, link = await reinstalled()
    assert (told, link.state, link.told_by_app, len(there.hooks)) == ("The hook was added.", LinkState.LINKED, False, 1)
    app.install(there)
    told, link = await reinstalled()
    assert (told, link.hook_id, link.told_by_app, there.hooks) == (
        "Not needed: the GitHub App tells of everything.", None, True, {},
    )  # fmt: skip
    app.is_suspended = True
    told, link = await reinstalled()
    assert (link.state, "suspended" in link.reason, "suspended" in told) == (LinkState.BROKEN, True, True)
    app.is_suspended = False
    told, link = await reinstalled()
    assert (link.state, link.told_by_app) == (LinkState.LINKED, True)
    # Its key is another there: who linked the repository gets in instead, and his connection is not to blame.
    app.make()
    told, link = await reinstalled()
    assert (told, link.state, link.told_by_app) == ("The hook was added.", LinkState.LINKED, False)
    # Without the App, and without whoever linked it, nobody gets in: somebody has to connect.
    app.uninstall(there)
    (connection,) = await linked.connections.list(ada.account.id)
    await linked.connections.disconnect(ada, connection.id)
    told, link = await reinstalled()
    assert (link.state, "Connect again" in link.reason) == (LinkState.BROKEN, True)


async def test_a_new_name_is_followed_and_what_is_hidden_there_is_not_public_here(
    linked: Linked, ada: Identity, root: Identity
) -> None:
    there, project = await installed(linked, ada, root)
    there.is_private = False
    await linked.house.projects.update(ada, "ada", "garden", UpdateProject(visibility=Visibility.PUBLIC))
    del linked.twin.repositories["github", "octo/garden"]
    there.path = "acme/orchard"
    linked.twin.add(there)
    linked.twin.renamed["github", "octo/garden"] = "acme/orchard"
    await linked.removing.ask_one(await link_of(linked, project))
    link = await link_of(linked, project)
    assert (link.repository, link.state) == ("acme/orchard", LinkState.LINKED)
    assert await linked.access.credential(link)
    found = await linked.news.concerned(Audience(owners=frozenset({"acme"})))
    assert [one.id for one in found] == [link.id]
    assert await linked.news.concerned(Audience(owners=frozenset({"octo"}))) == []
    assert (await linked.house.projects.get(ada, "ada", "garden")).visibility is Visibility.PUBLIC
    del linked.twin.repositories["github", "acme/orchard"]
    await linked.removing.ask_one(link)
    assert (await link_of(linked, project)).state is LinkState.BROKEN
    assert (await linked.house.projects.get(ada, "ada", "garden")).visibility is Visibility.MEMBERS


async def test_leave_that_was_taken_back_is_shown_and_what_came_is_kept_for_a_month(
    linked: Linked, ada: Identity, root: Identity, clock: ManualClock
) -> None:
    await make(linked, root)
    id = await linked.connect(ada, "github")
    async with linked.house.database.connection() as connection:
        await connection.execute("update provider_connections set kind = 'oauth'")
    await linked.news.revoked("1")
    assert (await linked.connections.list(ada.account.id))[0].state is State.WORKING
    linked.twin.token = "another"
    await linked.news.revoked("2")
    assert (await linked.connections.list(ada.account.id))[0].state is State.WORKING
    await linked.news.revoked("1")
    (found,) = await linked.connections.list(ada.account.id)
    assert (found.state, "Connect it again" in found.reason) == (State.BROKEN, True)
    with pytest.raises(CredentialRefused):
        await linked.connections.credential(id)
    assert await linked.news.note(Envelope("one", "ping"), "ping", "", 0)
    assert not await linked.news.note(Envelope("one", "ping"), "ping", "", 0)
    assert [one.event for one in await linked.news.list()] == ["ping"]
    clock.advance(31 * 24 * 3600)
    await linked.news.forget()
    assert await linked.news.list() == []

"""Access.authorise: every role against every action, visitors, administrators, scopes; and what is written down."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from firefly.audit import Audit
from firefly.auth import Account, Identity
from firefly.errors import FireflyError, Forbidden, NotFound, Unauthenticated
from firefly.projects import Access, Action, LastChange, Project, Role, Visibility
from firefly.store import Database
from firefly.testing.clock import ManualClock

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALL = frozenset({"read", "write", "admin", "git"})
ALLOWED = {
    None: set(),
    Role.VIEWER: {Action.READ, Action.FOLLOW, Action.FETCH, Action.PREVIEW},
    Role.EDITOR: {Action.READ, Action.FOLLOW, Action.FETCH, Action.PREVIEW, Action.PUSH, Action.WRITE, Action.RUN},
    Role.MAINTAINER: set(Action) - {Action.PUBLISH, Action.DELETE},
    Role.OWNER: set(Action),
}


def project(role: Role | None = None, visibility: Visibility = Visibility.MEMBERS) -> Project:
    return Project(
        id=uuid4(),
        owner="ada",
        name="garden",
        description="",
        visibility=visibility,
        default_branch="main",
        workspace_id=None,
        created_at=NOW,
        changed_at=NOW,
        deleted_at=None,
        role=role,
        last_change=LastChange("created it", "ada", NOW),
        owner_id=uuid4(),
    )


def identity(*, administrator: bool = False, scopes: frozenset[str] = ALL) -> Identity:
    return Identity(Account(uuid4(), "eve", "Eve", None, administrator, NOW), scopes, "token")


@pytest.fixture
def audit(database: Database) -> Audit:
    return Audit(database)


@pytest.fixture
def access(audit: Audit) -> Access:
    return Access(audit, ManualClock())


async def verdict(access: Access, who: Identity | None, what: Project, action: Action) -> type[FireflyError] | None:
    try:
        await access.authorise(who, what, action)
    except FireflyError as error:
        return type(error)
    return None


@pytest.mark.parametrize("role", [None, *Role])
async def test_each_role_may_do_what_the_table_says(access: Access, role: Role | None) -> None:
    found = {action for action in Action if await verdict(access, identity(), project(role), action) is None}

    assert found == ALLOWED[role]


async def test_an_outsider_cannot_tell_forbidden_from_unknown(access: Access) -> None:
    for who in (None, identity()):
        assert {await verdict(access, who, project(), action) for action in Action} == {NotFound}


async def test_members_are_told_that_they_may_not_and_it_is_written_down(access: Access, audit: Audit) -> None:
    mine = project(Role.VIEWER)
    with pytest.raises(Forbidden, match=r"viewer; this needs editor"):
        await access.authorise(identity(), mine, Action.WRITE)

    entry = (await audit.list())[0]
    assert (entry.action, entry.resource) == ("project.refused", f"project:{mine.id}")
    assert entry.detail == {"action": "write", "project": "ada/garden"}


async def test_visitors_read_and_fetch_what_is_public_and_nothing_else(access: Access) -> None:
    public = project(visibility=Visibility.PUBLIC)
    for who, refusal in ((None, Unauthenticated), (identity(), Forbidden)):
        verdicts = {action: await verdict(access, who, public, action) for action in Action}
        # What the application prints is for members: it was never meant for everybody's eyes.
        open_to_all = ALLOWED[Role.VIEWER] - {Action.FOLLOW}
        assert {action for action, found in verdicts.items() if found is None} == open_to_all
        assert {found for found in verdicts.values() if found} == {refusal}


async def test_a_deleted_public_project_is_unknown_to_visitors(access: Access) -> None:
    gone = replace(project(visibility=Visibility.PUBLIC), deleted_at=NOW)

    assert await verdict(access, None, gone, Action.READ) is NotFound
    assert await verdict(access, identity(), gone, Action.READ) is NotFound


@pytest.mark.parametrize(
    ("scopes", "allowed"),
    [
        ({"read"}, {Action.READ, Action.FOLLOW}),
        ({"git"}, {Action.FETCH, Action.PUSH}),
        ({"write"}, set(Action) - {Action.PREVIEW}),
        ({"preview:ada/garden"}, {Action.PREVIEW}),
        ({"preview:ada/other"}, set()),
        ({"preview:*"}, {Action.PREVIEW}),
        (set(), set()),
    ],
)
async def test_a_credential_narrows_what_its_owner_may(access: Access, scopes: set[str], allowed: set[Action]) -> None:
    who = identity(scopes=frozenset(scopes))
    found = {action for action in Action if await verdict(access, who, project(Role.OWNER), action) is None}

    assert found == allowed


async def test_administrators_may_enter_and_it_is_written_down_once_an_hour(audit: Audit) -> None:
    clock = ManualClock()
    access, boss, theirs = Access(audit, clock), identity(administrator=True), project()
    for _ in range(3):
        assert await verdict(access, boss, theirs, Action.READ) is None
    assert [entry.action for entry in await audit.list()] == ["project.entered"]
    clock.advance(3601)
    assert await verdict(access, boss, theirs, Action.READ) is None
    assert len(await audit.list()) == 2


async def test_an_administrators_token_without_the_scope_opens_nothing(access: Access) -> None:
    who = identity(administrator=True, scopes=frozenset({"write"}))

    assert {await verdict(access, who, project(), action) for action in Action} == {NotFound}


async def test_being_named_administrator_in_a_scope_makes_nobody_one(access: Access) -> None:
    assert await verdict(access, identity(scopes=frozenset({"admin"})), project(), Action.READ) is NotFound

"""Which requests on content hosts pass: by whom they are sent, and which page rides on whose cookie."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from firefly.adapters.gate import PreviewGate
from firefly.errors import DatabaseUnavailable, NotFound, Unauthenticated
from firefly.projects import Action, Role
from firefly.proxy import Head, Verdict
from firefly.proxy.heads import parse
from firefly.routes import Access, Route, RouteTable, SandboxTarget

MINE, OTHER = uuid4(), uuid4()
HOST = "site--ada.preview.localhost"
SIBLING = "site--eve.preview.localhost"
GRANT = "good-grant"


class Grants:
    """Stands for auth.PreviewGrants: one cookie is good for one project at one version of its policy."""

    def verify(self, value: bytes, project_id: UUID, policy_version: int) -> object | None:
        return object() if (value, project_id, policy_version) == (GRANT.encode(), MINE, 3) else None


class Tokens:
    async def verify(self, secret: str) -> object:
        if secret == "nobody can tell":
            raise DatabaseUnavailable("The database is away.")
        if secret != "member":
            raise Unauthenticated("no")
        return object()


class Projects:
    async def get_by_id(self, identity: object, project_id: UUID, action: Action) -> object:
        if project_id != MINE or action is not Action.PREVIEW:
            raise NotFound("no")
        return SimpleNamespace(role=Role.VIEWER)


def gate(*, access: Access = Access.MEMBERS) -> tuple[PreviewGate, Route]:
    mine = Route(HOST, SandboxTarget(uuid4()), MINE, access, 3)
    other = Route(SIBLING, SandboxTarget(uuid4()), OTHER, Access.MEMBERS, 1)
    made = PreviewGate(
        grants=cast(Any, Grants()),
        tokens=cast(Any, Tokens()),
        projects=cast(Any, Projects()),
        table=RouteTable([mine, other]),
    )
    return made, mine


def head(method: str = "GET", **fields: str) -> Head:
    lines: Mapping[str, str] = {"Host": HOST, **{name.replace("_", "-"): value for name, value in fields.items()}}
    text = f"{method} / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
    return parse(text.encode())


COOKIE = f"__Host-firefly-grant={GRANT}"
NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"}


def test_a_navigation_without_grant_goes_over_to_the_app_whether_or_not_the_host_exists() -> None:
    made, route = gate()
    assert made.decide(route, head(**NAVIGATION)) is Verdict.TO_APP
    assert made.decide(None, head(**NAVIGATION)) is Verdict.TO_APP


def test_anything_else_without_grant_is_refused_whether_or_not_the_host_exists() -> None:
    made, route = gate()
    assert made.decide(route, head()) is Verdict.REFUSE
    assert made.decide(None, head()) is Verdict.REFUSE
    assert made.decide(None, head(Cookie=COOKIE)) is Verdict.REFUSE


def test_a_public_route_is_open() -> None:
    made, route = gate(access=Access.PUBLIC)
    assert made.decide(route, head()) is Verdict.ALLOW
    assert made.decide(route, head(Cookie=COOKIE)) is Verdict.MEMBER


@pytest.mark.parametrize(
    "fields",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {},
        NAVIGATION,
        {**NAVIGATION, "Sec-Fetch-Dest": "iframe"},
        {"Sec-Fetch-Site": "same-site", "Origin": f"http://8080--{HOST}:8000"},
        {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": f"http://{HOST}:8000"},
    ],
)
def test_the_visitors_own_requests_may_use_the_grant(fields: dict[str, str]) -> None:
    made, route = gate()
    assert made.decide(route, head(Cookie=COOKIE, **fields)) is Verdict.MEMBER


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("POST", {"Sec-Fetch-Site": "same-site", "Origin": f"http://{SIBLING}:8000"}),
        ("GET", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "script"}),
        ("GET", {"Connection": "Upgrade", "Upgrade": "websocket", "Origin": f"http://{SIBLING}:8000"}),
        ("GET", {"Connection": "Upgrade", "Upgrade": "websocket"}),
        ("POST", {}),
        ("POST", {"Origin": "null"}),
        ("POST", NAVIGATION),
    ],
)
def test_a_hostile_page_cannot_ride_on_the_grant(method: str, fields: dict[str, str]) -> None:
    made, route = gate()
    assert made.decide(route, head(method, Cookie=COOKIE, **fields)) is not Verdict.MEMBER


def test_a_grant_of_another_project_or_policy_is_none() -> None:
    made, route = gate()
    other = Route(SIBLING, SandboxTarget(uuid4()), OTHER, Access.MEMBERS, 3)
    changed = Route(HOST, route.target, MINE, Access.MEMBERS, 4)
    for wrong in (other, changed):
        assert made.decide(wrong, head(Cookie=COOKIE)) is Verdict.REFUSE


async def test_a_program_asks_with_a_token() -> None:
    made, route = gate()
    asked = head(**{"X-Firefly-Preview-Token": "member"})
    assert made.decide(route, asked) is Verdict.ASK
    assert made.decide(None, asked) is Verdict.ASK
    assert await made.ask(route, asked) is Verdict.MEMBER
    assert await made.ask(None, asked) is Verdict.REFUSE
    assert await made.ask(route, head(**{"X-Firefly-Preview-Token": "wrong"})) is Verdict.REFUSE


async def test_a_wrong_token_does_not_close_a_public_route() -> None:
    made, route = gate(access=Access.PUBLIC)
    assert await made.ask(route, head(**{"X-Firefly-Preview-Token": "wrong"})) is Verdict.ALLOW


async def test_while_the_database_is_away_nobody_is_told_that_a_good_token_is_wrong() -> None:
    asked = head(**{"X-Firefly-Preview-Token": "nobody can tell"})
    made, route = gate()
    for one in (route, None):
        with pytest.raises(DatabaseUnavailable):
            await made.ask(one, asked)
    made, public = gate(access=Access.PUBLIC)
    assert await made.ask(public, asked) is Verdict.ALLOW


async def test_a_host_that_does_not_exist_is_asked_about_like_one_that_does() -> None:
    """Else the time of a refusal would tell which hosts there are."""
    made, route = gate()
    checked: list[str] = []

    async def verify(secret: str) -> object:
        checked.append(secret)
        raise Unauthenticated("no")

    made._tokens.verify = verify  # type: ignore[method-assign, assignment]
    for one in (route, None):
        assert await made.ask(one, head(**{"X-Firefly-Preview-Token": "guess"})) is Verdict.REFUSE
    assert checked == ["guess", "guess"]

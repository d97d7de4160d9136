"""The gate on tables of its own, and whoever comes to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_network
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from firefly import hostnames
from firefly.access import Policy
from firefly.adapters.gate import PreviewGate, TokenPasses
from firefly.auth import Grant, Kind, PreviewGrants
from firefly.errors import DatabaseUnavailable, NotFound, Unauthenticated
from firefly.projects import Action, Role
from firefly.proxy import Head, Verdict
from firefly.proxy.forwarded import TrustedProxies, Visitor
from firefly.proxy.heads import parse
from firefly.routes import Access, AppTarget, Route, RouteTable, SandboxTarget, Spread
from firefly.secrets import Keyring
from firefly.testing.clock import ManualClock

MINE, OTHER = uuid4(), uuid4()


HOST = "site--ada.preview.localhost"

SIBLING = "site--eve.preview.localhost"

VERSION = 3


INSIDE, OUTSIDE = "192.0.2.7", "203.0.113.9"


class Revocations:
    """Stands for auth.Revocations: `ended` holds what grants are refused by."""

    def __init__(self) -> None:
        self.ended: set[UUID] = set()
        self._listeners: list[Callable[[object], None]] = []

    def on_record(self, listener: Callable[[object], None]) -> None:
        self._listeners.append(listener)

    def record(self, id: UUID) -> None:
        self.ended.add(id)
        for listener in self._listeners:
            listener(id)

    def refuses(self, *, grant_ids: tuple[UUID, ...], **ids: object) -> bool:
        return not self.ended.isdisjoint(grant_ids)


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


class Visits:
    def __init__(self) -> None:
        self.noted: list[Grant] = []

    def note(self, grant: Grant) -> None:
        self.noted.append(grant)


@dataclass
class House:
    gate: PreviewGate
    table: RouteTable
    grants: PreviewGrants
    revocations: Revocations
    policies: dict[UUID, Policy]
    visits: Visits
    clock: ManualClock

    def cookie(self, kind: Kind = Kind.MEMBER, *, project: UUID = MINE, version: int = VERSION) -> str:
        return f"__Host-firefly-grant={self.grants.seal(self.make(kind, project=project, version=version))}"

    def make(self, kind: Kind, *, project: UUID = MINE, version: int = VERSION) -> Grant:
        return self.grants.make(kind, project, version, source_id=None if kind is Kind.MEMBER else uuid4())


def route(access: Access = Access.MEMBERS, *, host: str = HOST) -> Route:
    return Route(host, SandboxTarget(UUID(int=5)), MINE, access, VERSION)


@pytest.fixture
def house(keyring: Keyring, clock: ManualClock) -> House:
    revocations, visits, policies = Revocations(), Visits(), dict[UUID, Policy]()
    grants = PreviewGrants(cast(Any, None), keyring, cast(Any, revocations), clock)
    other = Route(SIBLING, SandboxTarget(uuid4()), OTHER, Access.MEMBERS, 1)
    table = RouteTable([*NAMED, other])
    gate = PreviewGate(
        grants=grants,
        opens=TokenPasses(cast(Any, Tokens()), cast(Any, Projects())),
        table=table,
        policies=cast(Any, policies),
        visits=cast(Any, visits),
    )
    return House(gate, table, grants, revocations, policies, visits, clock)


def head(method: str = "GET", path: str = "/", *, address: str = OUTSIDE, host: str = HOST, **fields: str) -> Head:
    lines: Mapping[str, str] = {"Host": host, **{name.replace("_", "-"): value for name, value in fields.items()}}
    text = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
    made = parse(text.encode())
    made.visitor = Visitor(address, TrustedProxies([]))
    return made


NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "cross-site"}

UPGRADE = {"Connection": "Upgrade", "Upgrade": "websocket"}

WEBSOCKET = {**UPGRADE, "Origin": f"http://{HOST}:8000"}

# Every label that the grammar has a kind for, beside hosts of other kinds.
LABELS: tuple[hostnames.Label, ...] = (
    hostnames.WorkspaceLabel("site", "ada"),
    hostnames.WorkspaceLabel("site", "ada", 8080),
    hostnames.MemberLabel("eve", "site", "ada"),
    hostnames.BranchLabel("topic", "site", "ada"),
    hostnames.PullRequestLabel(7, "site", "ada"),
    hostnames.BuildLabel(12, "site", "ada"),
    hostnames.ExtraLabel("docs", "topic", "site", "ada"),
    hostnames.ChannelLabel("staging", "site", "ada"),
    hostnames.ChannelLabel("production", "site", "ada"),
    hostnames.EnvironmentLabel("web", "friday"),
)

SPREAD = Spread((SandboxTarget(UUID(int=6)), SandboxTarget(UUID(int=7), 8080)))

ROUTES = {
    **{(label := hostnames.format(one)): route(host=f"{label}.preview.localhost") for one in LABELS},
    "port of an instance": route(host=f"9000--{hostnames.format(LABELS[2])}.preview.localhost"),
    "alias": route(host="shop.preview.localhost"),
    "custom domain": route(host="www.example"),
    "several instances": replace(route(host="many.preview.localhost"), target=SPREAD),
    "renamed": replace(route(host="old--ada.preview.localhost"), redirect_to=HOST),
    "taken over": replace(route(host="former.preview.localhost"), taken_over_at=1.0),
    "app": replace(route(host="pages.example"), target=AppTarget()),
}

# Those of ports derive from the workspace's.
NAMED = [one for one in ROUTES.values() if not hostnames.port_of(one.host)]

POLICIES = {
    "members": Policy(),
    "public": Policy(is_public=True),
    "addresses": Policy(networks=(ip_network("192.0.2.0/24"),)),
    "public path": Policy(public_paths=frozenset({b"/healthz"})),
    "preflights": Policy(public_preflights=True),
}


WHO = {
    "member": (Kind.MEMBER, Verdict.MEMBER),
    "person": (Kind.PERSON, Verdict.ALLOW),
    "link": (Kind.LINK, Verdict.ALLOW),
    "code": (Kind.CODE, Verdict.ALLOW),
    "password": (Kind.PASSWORD, Verdict.ALLOW),
    "request": (Kind.REQUEST, Verdict.ALLOW),
    "revoked": (Kind.LINK, None),
    "its source revoked": (Kind.CODE, None),
    "all revoked": (Kind.MEMBER, None),
    "expired": (Kind.PASSWORD, None),
    "of another project": (Kind.LINK, None),
    "of an older policy": (Kind.MEMBER, None),
    "nobody": (None, None),
}


def credentials(house: House, who: str) -> dict[str, str]:
    """What somebody sends, after what was done to his grant."""
    kind = WHO[who][0]
    if kind is None:
        return {}
    made = house.make(kind)
    if who == "of another project":
        made = house.make(kind, project=OTHER)
    if who == "of an older policy":
        made = house.make(kind, version=VERSION - 1)
    cookie = f"__Host-firefly-grant={house.grants.seal(made)}"
    if who == "revoked":
        house.revocations.ended.add(made.id)
    if who == "its source revoked":
        assert made.source_id
        house.revocations.ended.add(made.source_id)
    if who == "all revoked":
        house.revocations.ended.add(MINE)
    if who == "expired":
        house.clock.advance(3600)
    return {"Cookie": cookie}

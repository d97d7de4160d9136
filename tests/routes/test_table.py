"""Looking hosts up in memory."""

import time
from uuid import uuid4

import pytest

from firefly import hostnames
from firefly.hostnames import WorkspaceLabel
from firefly.routes import Access, AppTarget, Route, RouteTable, SandboxTarget
from firefly.routes import table as table_module

HOST = "shop--ann.preview.localhost"


def shop(*, port: int | None = None, redirect_to: str | None = None) -> Route:
    return Route(HOST, SandboxTarget(uuid4(), port), uuid4(), Access.MEMBERS, 3, redirect_to)


@pytest.mark.parametrize("spelling", [HOST, HOST + ":8000", HOST.upper() + ":80", "Shop--Ann.preview.localhost"])
def test_a_host_is_found_in_any_spelling(spelling: str) -> None:
    route = shop()
    table = RouteTable([route])
    assert table.find(spelling.encode()) is route
    assert table.find(spelling.encode()) is route


@pytest.mark.parametrize("host", [b"", b"x", b"ann.preview.localhost", HOST.encode() + b".", b"\xff" + HOST.encode()])
def test_what_is_not_there_is_not_found(host: bytes) -> None:
    assert RouteTable([shop()]).find(host) is None


def test_a_port_derives_from_the_workspace() -> None:
    route = shop()
    found = RouteTable([route]).find(b"5173--shop--ann.preview.localhost:8000")
    assert isinstance(route.target, SandboxTarget)
    assert found == Route(
        f"5173--{HOST}",
        SandboxTarget(route.target.workspace_id, 5173),
        route.project_id,
        route.access,
        route.policy_version,
    )


def test_a_port_of_a_long_name_derives_too() -> None:
    label = hostnames.format(WorkspaceLabel("n" * 39, "o" * 39))
    port_label = hostnames.format(WorkspaceLabel("n" * 39, "o" * 39, 8080))
    table = RouteTable([Route(f"{label}.x", SandboxTarget(uuid4()), uuid4())])
    found = table.find(f"{port_label}.x".encode())
    assert found is not None
    assert isinstance(found.target, SandboxTarget)
    assert found.target.port == 8080


def test_a_port_of_a_renamed_workspace_redirects_to_the_same_port() -> None:
    found = RouteTable([shop(redirect_to="store--ann.preview.localhost")]).find(f"81--{HOST}".encode())
    assert found is not None
    assert found.redirect_to == "81--store--ann.preview.localhost"


@pytest.mark.parametrize("route", [shop(port=80), Route(HOST, AppTarget(), None)])
def test_what_is_no_workspace_has_no_ports(route: Route) -> None:
    assert RouteTable([route]).find(f"5173--{HOST}".encode()) is None


@pytest.mark.parametrize("port", ["0", "65536", "00080", "x", "", "-1"])
def test_what_is_no_port(port: str) -> None:
    assert RouteTable([shop()]).find(f"{port}--{HOST}".encode()) is None


def test_a_change_is_seen_at_once() -> None:
    table = RouteTable([shop()])
    derived = f"81--{HOST}".encode()
    assert table.find(derived)
    table.put(public := Route(HOST, SandboxTarget(uuid4()), uuid4(), Access.PUBLIC))
    found = table.find(derived)
    assert found is not None
    assert found.access is Access.PUBLIC
    assert table.find(HOST.encode()) is public
    table.remove(HOST, "never.there")
    assert table.find(HOST.encode()) is table.find(derived) is None


def test_a_change_leaves_other_spellings_known() -> None:
    table = RouteTable([shop(), Route("other.example", AppTarget(), None)])
    assert table.find(b"Other.example")
    assert table.find(f"81--{HOST}:8000".encode())
    table.put(Route("third.example", AppTarget(), None))
    table.remove("other.example")
    assert set(table._found) == {f"81--{HOST}:8000".encode()}
    table.put(shop())
    assert not table._found
    assert not table._spellings


def test_a_host_of_its_own_takes_the_place_of_a_derived_one() -> None:
    table = RouteTable([shop()])
    derived = f"81--{HOST}"
    assert table.find(derived.encode())
    table.put(own := Route(derived, AppTarget(), None))
    assert table.find(derived.encode()) is own
    table.remove(derived)
    found = table.find(derived.encode())
    assert found is not None
    assert isinstance(found.target, SandboxTarget)


def test_whoever_plays_with_one_host_crowds_out_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "MOST_OF_ONE", 10)
    table = RouteTable([shop(), Route("other.example", AppTarget(), None)])
    assert table.find(b"other.example")
    for port in range(1, 100):
        assert table.find(f"{port}--{HOST}".encode())
    assert len(table._found) <= 11
    assert b"other.example" in table._found


def test_replace_takes_everything_else_away() -> None:
    table = RouteTable([shop()])
    assert table.find(HOST.encode())
    table.replace([Route("new.example", AppTarget(), None)])
    assert table.find(HOST.encode()) is None
    assert [route.host for route in table] == ["new.example"]
    assert len(table) == 1


def test_spellings_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_module, "MOST_SPELLINGS", 10)
    table = RouteTable([shop()])
    for port in range(1000):
        assert table.find(f"{HOST}:{port}".encode())
    assert len(table._found) <= 10


def test_a_hundred_thousand_routes_are_looked_up_as_fast_as_ten() -> None:
    target = SandboxTarget(uuid4())
    table = RouteTable(Route(f"p{n}--ann.preview.localhost", target, None) for n in range(100_000))
    began = time.thread_time()
    for n in range(10_000):
        assert table.find(b"p%d--ann.preview.localhost:8000" % n)
    assert time.thread_time() - began < 1
    began = time.thread_time()
    table.put(Route("new--ann.preview.localhost", target, None))
    assert table.find(b"new--ann.preview.localhost")
    assert time.thread_time() - began < 0.05

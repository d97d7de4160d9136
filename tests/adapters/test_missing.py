"""Who is led round all hosts of a project: whoever has a page of it open that was refused at one of them."""

from uuid import uuid4

import pytest

from firefly.adapters import missing
from firefly.adapters.missing import MissingGrants
from firefly.auth import Grant, Kind
from firefly.proxy import Verdict
from firefly.routes import Access, Route, SandboxTarget

from .gating import HOST, MINE, NAVIGATION, OTHER, SIBLING, House, head, house, route

__all__ = ["house"]
SHOWN = {**NAVIGATION, "Sec-Fetch-Site": "same-origin"}
CALL = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-site"}
PORT = route(host=f"8081--{HOST}")


def refuse(house: House, origin: str = f"http://{HOST}:8000") -> None:
    asked = head(host=PORT.host, Origin=origin, **CALL)
    assert house.gate.decide(PORT, asked) is Verdict.REFUSE


def test_after_a_refusal_the_next_page_goes_by_way_of_all_hosts_and_no_other_request(house: House) -> None:
    cookie = house.cookie()
    house.clock.advance(1)
    refuse(house)
    assert (
        house.gate.decide(route(), head(Cookie=cookie, **{**CALL, "Sec-Fetch-Site": "same-origin"})) is Verdict.MEMBER
    )
    assert house.gate.decide(route(), head("POST", Cookie=cookie, **SHOWN)) is Verdict.MEMBER
    ahead = head(Cookie=cookie, **SHOWN, **{"Sec-Purpose": "prefetch"})
    assert house.gate.decide(route(), ahead) is Verdict.MEMBER
    for path in ("//x/y", "/" + "x" * 2000):
        there = head(path=path, Cookie=cookie, **SHOWN)
        assert house.gate.decide(route(), there) is Verdict.MEMBER, "he would not be led back there"
    assert house.gate.decide(route(), head(Cookie=cookie, **SHOWN)) is Verdict.TO_APP
    assert house.gate.decide(route(), head(Cookie=cookie, **SHOWN)) is Verdict.MEMBER, "once for each cookie"
    house.clock.advance(1)
    assert house.gate.decide(route(), head(Cookie=house.cookie(), **SHOWN)) is Verdict.MEMBER, "a cookie made since"


@pytest.mark.parametrize(
    "origin", [f"http://{SIBLING}:8000", f"http://{PORT.host}:8000", "https://evil.example", "null"]
)
def test_pages_of_others_lead_nobody_round(house: House, origin: str) -> None:
    cookie = house.cookie()
    house.clock.advance(1)
    refuse(house, origin)
    assert house.gate.decide(route(), head(Cookie=cookie, **SHOWN)) is Verdict.MEMBER


def test_however_often_somebody_is_refused_visitors_make_one_detour_in_a_while(house: House) -> None:
    detours = 0
    for _ in range(60):
        refuse(house)
        detours += house.gate.decide(route(), head(Cookie=house.cookie(), **SHOWN)) is Verdict.TO_APP
        house.clock.advance(1)
    assert detours == 12


def grant(house: House) -> Grant:
    return house.make(Kind.MEMBER)


def test_memory_is_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(missing, "MOST_PROJECTS", 3)
    monkeypatch.setattr(missing, "MOST_GRANTS", 2)
    found = MissingGrants(house.clock.time)
    assert not found.rounds
    projects = [MINE, *(uuid4() for _ in range(5))]
    for project in reversed(projects):
        found.note(project)
    assert len(found.rounds) == 3
    shown = head(**SHOWN)
    assert [found.lead_round(grant(house), shown) for _ in range(4)] == [True, True, False, False]
    house.clock.advance(601)
    found.note(uuid4())
    assert len(found.rounds) == 1


def test_what_was_concluded_before_is_concluded_anew_and_for_others_kept_again(house: House) -> None:
    shown, call = (
        head(Cookie=house.cookie(), **SHOWN),
        head(Cookie=house.cookie(), **{**CALL, "Sec-Fetch-Site": "none"}),
    )
    for one in (shown, call):
        assert house.gate.decide(route(), one) is Verdict.MEMBER
        assert one.fields.opened is not None
    house.clock.advance(1)
    refuse(house)
    assert house.gate.decide(route(), shown) is Verdict.TO_APP
    elsewhere = Route(SIBLING, SandboxTarget(uuid4()), OTHER, Access.MEMBERS, 3)
    other = head(host=SIBLING, Cookie=house.cookie(project=OTHER), **SHOWN)
    before = other.fields.opened
    assert house.gate.decide(elsewhere, other) is Verdict.MEMBER
    assert other.fields.opened is not before
    mine = head(Cookie=house.cookie(), **{**CALL, "Sec-Fetch-Site": "same-origin"})
    assert house.gate.decide(route(), mine) is Verdict.MEMBER
    assert mine.fields.opened is None, "not while its visitors may have to be led round"


def test_each_is_told_once(house: House) -> None:
    told: list[object] = []
    found = MissingGrants(house.clock.time)
    found.on_note(told.append)
    for _ in range(3):
        found.note(MINE)
    house.clock.advance(31)
    found.note(MINE)
    assert told == [MINE, MINE]

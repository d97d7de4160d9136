"""Hosts that changed hands: browsers are made to forget the former holder, once, and the new one is left alone."""

import time
from dataclasses import replace
from typing import Any

import pytest

from firefly.proxy import Verdict
from firefly.proxy.takeover import CLEARED_FOR
from firefly.routes import Route, SandboxTarget

from .house import HOST, Answer, House

SITE: dict[str, Any] = {"Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document", "Sec_Fetch_Site": "none"}


@pytest.fixture
def taken(house: House) -> float:
    """When HOST was taken over: a moment ago."""
    route = house.table.get(HOST)
    assert route is not None
    at = time.time() - 60
    house.table.put(replace(route, taken_over_at=at))
    return at


def cookies(answer: Answer) -> list[str]:
    lines = answer.head.decode().split("\r\n")
    return [line.partition(": ")[2] for line in lines if line.lower().startswith("set-cookie:")]


def mark(at: float) -> str:
    return f"__Host-firefly-fresh={int(at)}"


async def test_a_browser_without_cookies_is_cleared_along_with_the_answer(house: House, taken: float) -> None:
    answer = await house.ask(**SITE)
    assert (answer.status, answer.fields["clear-site-data"]) == (200, '"cache", "storage"')
    (cookie,) = [cookie for cookie in cookies(answer) if "firefly" in cookie]
    assert cookie.startswith(f"{mark(taken)}; Max-Age=")
    for attribute in ("Path=/", "Secure", "HttpOnly", "SameSite=None", "Partitioned"):
        assert attribute in cookie


async def test_cookies_end_before_the_application_is_asked(house: House, taken: float) -> None:
    answer = await house.ask(
        "//evil.example/a/b;Domain=x/page?q=1", Cookie="old=1; __Host-firefly-grant=g; two=2", **SITE
    )
    assert (answer.status, answer.fields["location"]) == (307, f"//{HOST}:8000//evil.example/a/b;Domain=x/page?q=1")
    assert answer.fields["clear-site-data"] == '"cache", "storage"'
    ended = [cookie for cookie in cookies(answer) if "Max-Age=0" in cookie]
    assert {cookie.partition("=")[0] for cookie in ended} == {"old", "two"}
    assert {cookie.split("; ")[2] for cookie in ended} == {
        "Path=/",
        "Path=//evil.example",
        "Path=//evil.example/a",
    }
    assert not [cookie for cookie in ended if "domain" in cookie.lower()]
    assert house.dialer.dialed == []


@pytest.mark.parametrize(
    "fields",
    [
        {"Cookie": "mark; new=1"},
        {"Cookie": "new=1", "Sec_Fetch_Mode": ""},
        {"Cookie": "new=1", "later": "1"},
    ],
)
async def test_who_was_cleared_programs_and_later_visitors_are_left_alone(
    house: House, taken: float, fields: dict[str, Any]
) -> None:
    route = house.table.get(HOST)
    assert route is not None
    if "later" in fields:
        house.table.put(replace(route, taken_over_at=time.time() - CLEARED_FOR - 1))
    given = {**SITE, **fields}
    given.pop("later", None)
    given["Cookie"] = given["Cookie"].replace("mark", mark(taken))
    answer = await house.ask(**{name: text for name, text in given.items() if text})
    assert (answer.status, "clear-site-data" in answer.fields) == (200, False)
    assert b"new=1" in house.upstream.received[-1]


async def test_the_mark_of_an_older_change_is_none(house: House, taken: float) -> None:
    answer = await house.ask(Cookie=f"{mark(taken - 1000)}", **SITE)
    assert answer.fields["clear-site-data"] == '"cache", "storage"'


async def test_what_cannot_be_asked_again_goes_on_without_the_former_one_s_cookies(house: House, taken: float) -> None:
    answer = await house.ask(method="POST", body=b"x=1", Cookie="old=1", **{**SITE, "Sec_Fetch_Mode": "cors"})
    assert (answer.status, "clear-site-data" in answer.fields) == (200, False)
    assert b"old=1" not in house.upstream.received[-1]


async def test_strangers_do_not_learn_that_it_changed_hands(house: House, taken: float) -> None:
    house.table.put(Route("other--eve.preview.localhost", SandboxTarget(house.workspace), None))
    house.gate.default = Verdict.REFUSE
    house.gate.verdicts[HOST] = Verdict.REFUSE
    fields = {**SITE, "Cookie": "old=1", "Service_Worker": "script"}
    assert await house.ask(**fields) == await house.ask(host="other--eve.preview.localhost", **fields)


async def test_a_former_service_worker_goes_when_it_looks_for_a_newer_one(house: House, taken: float) -> None:
    house.gate.verdicts[HOST] = Verdict.NO_WORKER
    asked: dict[str, Any] = {"Service_Worker": "script", "Sec_Fetch_Mode": "same-origin"}
    refused = await house.ask("/sw.js", **asked)
    assert (refused.status, refused.fields["clear-site-data"]) == (403, '"cache", "storage"')
    refused = await house.ask("/sw.js", Cookie=mark(taken), **asked)
    assert (refused.status, "clear-site-data" in refused.fields) == (403, False)

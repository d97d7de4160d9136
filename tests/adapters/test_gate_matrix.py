"""Every kind of host, under every policy, for everybody who may come; and that no host tells whether it exists."""

from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firefly import hostnames
from firefly.proxy import Verdict

from .gating import (
    HOST,
    INSIDE,
    LABELS,
    MINE,
    NAVIGATION,
    OTHER,
    OUTSIDE,
    POLICIES,
    ROUTES,
    SIBLING,
    UPGRADE,
    WEBSOCKET,
    WHO,
    House,
    credentials,
    head,
    house,
    route,
)

__all__ = ["house"]


def test_the_matrix_has_every_kind_of_label() -> None:
    assert {type(label) for label in LABELS} == set(get_args(hostnames.Label))
    assert {label.channel for label in LABELS if isinstance(label, hostnames.ChannelLabel)} == set(hostnames.CHANNELS)


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("kind", ROUTES)
@pytest.mark.parametrize("policy", POLICIES)
def test_the_matrix(house: House, policy: str, kind: str, who: str) -> None:
    """Every policy × every kind of route × everybody × page, request of a page, WebSocket."""
    host, fields = ROUTES[kind].host, credentials(house, who)
    wanted = house.table.find(f"{host}:8000".encode())
    assert wanted is not None
    assert (wanted.host, wanted.project_id) == (host, MINE)
    house.policies[MINE] = POLICIES[policy]
    granted = WHO[who][1]
    for address in (INSIDE, OUTSIDE):
        is_open = policy == "public" or (policy == "addresses" and address == INSIDE)
        own = granted or (Verdict.ALLOW if is_open else None)
        page = house.gate.decide(wanted, head(address=address, host=host, **fields, **NAVIGATION))
        assert page is (own or Verdict.TO_APP)
        request = house.gate.decide(wanted, head(address=address, host=host, **fields, Sec_Fetch_Site="same-origin"))
        assert request is (own or Verdict.REFUSE)
        for origin in (f"http://{host}:8000", f"http://{HOST}:8000", f"http://9999--{HOST}:8000"):
            upgrade = {**WEBSOCKET, "Origin": origin}
            socket = house.gate.decide(wanted, head(address=address, host=host, **fields, **upgrade))
            assert socket is (own or Verdict.REFUSE)
        foreign = {**WEBSOCKET, "Origin": f"http://{SIBLING}:8000"}
        socket = house.gate.decide(wanted, head(address=address, host=host, **fields, **foreign))
        assert socket is (Verdict.ALLOW if policy == "public" else Verdict.REFUSE)


@pytest.mark.parametrize("fields", [NAVIGATION, {}, WEBSOCKET, {"Sec-Fetch-Site": "same-origin"}, {"Origin": "null"}])
@pytest.mark.parametrize("policy", POLICIES)
def test_a_host_that_does_not_exist_is_answered_like_a_private_one(
    house: House, policy: str, fields: dict[str, str]
) -> None:
    unknown = house.gate.decide(None, head(host="nothing--here.preview.localhost", **fields))
    assert unknown is house.gate.decide(route(), head(**fields))
    house.policies[OTHER] = POLICIES[policy]
    assert unknown is house.gate.decide(None, head(**fields, Cookie=house.cookie()))


# What a stranger may put into any field of a request.
ANYTHING = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40).map(str.strip)

ORIGINS = st.one_of(
    st.sampled_from(["http://[", "http://a]b", "//[x", f"http://{HOST}:x"]), ANYTHING.map("http://".__add__)
)


@given(cookie=ANYTHING, origin=st.one_of(ORIGINS, ANYTHING), upgrade=st.booleans(), policy=st.sampled_from([*POLICIES]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_stranger_sends_hosts_that_exist_look_like_others(
    house: House, cookie: str, origin: str, upgrade: bool, policy: str
) -> None:
    house.policies[OTHER] = POLICIES[policy]
    fields = {"Cookie": f"__Host-firefly-grant={cookie}", "Origin": origin, **(UPGRADE if upgrade else {})}
    assert house.gate.decide(route(), head(**fields)) is house.gate.decide(None, head(**fields))

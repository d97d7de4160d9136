"""What Prometheus is told, and who may ask."""

from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient
from prometheus_client.parser import text_string_to_metric_families

from firefly.proxy.numbers import together
from firefly.web.metrics import FAMILIES, exposition
from tests.proxy.house import House

from .world import World

NUMBERS = {
    'front_door_requests_total{kind="preview",visitor="guest",status="2xx"}': 3.0,
    'front_door_request_seconds_bucket{kind="app",le="0.001024"}': 1.0,
    'front_door_request_seconds_bucket{kind="app",le="+Inf"}': 2.0,
    'front_door_request_seconds_count{kind="app"}': 2.0,
    'front_door_request_seconds_sum{kind="app"}': 0.5,
    "front_door_held": 4.0,
}


async def read(client: TestClient[Any, Any]) -> tuple[int, str]:
    answer = await client.get("/metrics")
    return answer.status, await answer.text()


async def test_an_administrator_may_read_them(world: World) -> None:
    for client in (await world.program(world.ada, "admin"), await world.browser(world.ada)):
        status, text = await read(client)
        assert status == 200
        assert "# TYPE firefly_up gauge\nfirefly_up 1.0\n" in text


async def test_others_may_not(world: World) -> None:
    assert (await read(world.client()))[0] == 401
    assert (await read(await world.program(world.ada, "read")))[0] == 403
    assert (await read(await world.program(world.bob)))[0] == 403


@pytest.mark.parametrize(("address", "status"), [("10.1.2.3", 200), ("::ffff:10.1.2.3", 200), ("10.2.0.1", 401)])
async def test_a_listed_address_needs_no_token(
    world: World, monkeypatch: pytest.MonkeyPatch, address: str, status: int
) -> None:
    monkeypatch.setitem(vars(world.settings), "metrics_addresses", ("192.0.2.1", "10.1.0.0/16"))
    assert (await read(world.client(**{"X-Firefly-Client-Address": address})))[0] == status


def test_numbers_are_told_as_the_families_that_they_are() -> None:
    families = {family.name: family for family in text_string_to_metric_families(exposition(NUMBERS).decode())}
    requests, seconds = families["firefly_front_door_requests"], families["firefly_front_door_request_seconds"]
    assert (requests.type, seconds.type, families["firefly_front_door_held"].type) == ("counter", "histogram", "gauge")
    assert requests.samples[0].labels == {"kind": "preview", "visitor": "guest", "status": "2xx"}
    assert [sample.value for sample in seconds.samples] == [1.0, 2.0, 2.0, 0.5]
    assert families["process_open_fds"].samples[0].value > 0


def test_numbers_of_several_processes_add_up() -> None:
    assert together([NUMBERS, NUMBERS, {"up": 1.0}]) == {name: 2 * value for name, value in NUMBERS.items()} | {"up": 1}


def test_every_number_of_the_front_door_is_explained(tmp_path: Path) -> None:
    text = exposition(House(tmp_path).door.numbers()).decode()
    for family in text_string_to_metric_families(text):
        if family.name.startswith("firefly_"):
            name = family.name.removeprefix("firefly_") + ("_total" if family.type == "counter" else "")
            assert name in FAMILIES

"""The last minute, as administrators see it."""

from dataclasses import replace

from firefly.errors import SandboxFailed
from firefly.proxy.report import SECONDS, TOP, Pooled, Talker, merged

from .house import HOST, House


async def test_what_happened_is_told(house: House) -> None:
    minute = house.door._minute
    minute.note()
    for _ in range(3):
        await house.ask()
    house.dialer.serve(house.target, SandboxFailed("It stopped."), instance="two")
    await house.ask()
    minute.note()
    report = house.door.report()
    assert (report.requests, report.errors, sum(report.spans)) == (4, 1, 4)
    assert [(talker.name, talker.requests, talker.errors) for talker in report.hosts] == [(HOST, 4, 1)]
    assert [talker.name for talker in report.clients] == ["127.0.0.1"]
    assert [failure.reason for failure in report.failures] == ["It stopped."]
    assert ("preview", house.workspace) in {(slot.kind, slot.workspace_id) for slot in report.pool}


async def test_a_minute_later_it_is_forgotten(house: House) -> None:
    await house.ask()
    for _ in range(SECONDS + 1):
        house.door._minute.note()
    assert house.door.report().requests == 0


async def test_reports_of_several_processes_add_up(house: House) -> None:
    one = house.door.report()
    first = replace(
        one, requests=3, seconds=50.0, hosts=[Talker("a", 2, 10, 1), Talker("b", 1, 5, 0)], longest_lag=0.5,
        pool=[Pooled("preview", None, None, 1, 0)],
    )  # fmt: skip
    second = replace(
        one, requests=4, seconds=60.0, hosts=[Talker("b", 9, 5, 0)], longest_lag=0.1,
        pool=[Pooled("preview", None, None, 2, 0)],
    )  # fmt: skip
    both = merged([first, second])
    assert (both.requests, both.seconds, both.longest_lag) == (7, 60.0, 0.5)
    assert both.hosts == [Talker("b", 10, 10, 0), Talker("a", 2, 10, 1)]
    assert [slot.open for slot in both.pool] == [2, 1]
    many = replace(one, hosts=[Talker(str(number), 1, 1, 0) for number in range(TOP + 5)])
    assert len(merged([many]).hosts) == TOP
    assert merged([]).requests == 0

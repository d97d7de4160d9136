"""What the bridge says that must not be interrupted, and what it tells of firefly.yml."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from firefly.protocol.activity import Activity, Wishes
from tests.bridge.conftest import CONFIGURATION, Running
from tests.support.waiting import eventually


async def shows(house: Running, condition: Callable[[Activity], bool]) -> Activity:
    async def asked() -> Activity | None:
        told = await house.client.activity()
        return told if condition(told) else None

    found = await eventually(asked)
    assert found is not None
    return found


async def test_commands_and_installs_are_told_while_they_run_and_wishes_from_firefly_yml(
    house: Running, tmp_path: Path
) -> None:
    told = await house.client.activity()
    assert (told.busy, told.wishes) == ([], None)
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    command = asyncio.create_task(house.client.execute(f"cat {gate}"))
    assert (await shows(house, lambda told: bool(told.busy))).busy == ["a command runs"]
    await asyncio.to_thread(gate.write_text, "go on")
    await command
    assert (await house.client.activity()).busy == []
    (house.tree / "firefly.yml").write_text(
        f"install: cat {gate}\nrun: sleep 60\nidle: {{freeze: 2m, stop: 1h}}\nresources: {{memory: 512m, disk: 1g}}\n"
    )
    await house.client.configure(CONFIGURATION)
    told = await shows(house, lambda told: bool(told.busy))
    assert told.busy == [f"an install runs (Install: cat {gate})"]
    assert told.wishes == Wishes(freeze=120, stop=3600, memory=512 << 20, disk=1 << 30)
    await asyncio.to_thread(gate.write_text, "go on")
    await shows(house, lambda told: not told.busy)

"""Links that come and go while the file service works: nothing outside the workspace is ever read or touched."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count

import pytest

from firefly.client.bridge import BridgeClient
from firefly.client.bridge_connection import BridgeConnection
from firefly.errors import FireflyError
from firefly.protocol.workspace import Member, Role
from tests.sandbox import backends
from tests.sandbox.backends import Backend, Ground

pytestmark = pytest.mark.timeout(120)

MEMBER = Member(id="1", name="ada", role=Role.EDITOR)
ROUNDS = 40
# Outside the workspace, but where the bridge's own user may do everything.
OUTSIDE = "/home/firefly/outside"
SWAP = f"""
import os
while True:
    os.rename("swapped", "aside")
    os.symlink("{OUTSIDE}", "swapped")
    os.unlink("swapped")
    os.rename("aside", "swapped")
"""


@pytest.fixture(params=backends.params(isolated=True))
async def ground(request: pytest.FixtureRequest) -> AsyncIterator[Ground]:
    backend: Backend = request.param
    async with backend.opening(request) as opened:
        yield opened


async def tried(results: Counter[str], call: Callable[[], Awaitable[object]]) -> object:
    try:
        result = await call()
    except FireflyError as error:
        results[type(error).__name__] += 1
        return None
    results["done"] += 1
    return result


async def one_round(bridge: BridgeClient, connection: BridgeConnection, number: int, results: Counter[str]) -> None:
    file = await tried(results, lambda: bridge.read_file("swapped/secret"))
    assert file is None or getattr(file, "data", b"") == b"plain\n"
    listing = await tried(results, lambda: bridge.list_folder("swapped"))
    assert "treasure" not in str(listing)
    await tried(results, lambda: bridge.write_file(f"swapped/new-{number % 3}", b"ours"))
    await tried(results, lambda: connection.copy("swapped", f"copy-{number}"))
    await tried(results, lambda: connection.rename(f"swapped/new-{number % 3}", f"swapped/moved-{number}"))
    await tried(results, lambda: connection.create(f"swapped/folder-{number}", folder=True))
    await tried(results, lambda: bridge.delete_file(f"swapped/moved-{number}"))


async def test_a_folder_that_turns_into_a_link_leads_nobody_out(ground: Ground) -> None:
    sandbox = await ground.start()
    await sandbox.run(f"mkdir -p swapped {OUTSIDE}; echo plain > swapped/secret; echo treasure > {OUTSIDE}/secret")
    await sandbox.run(f"echo kept > {OUTSIDE}/new-0; touch {OUTSIDE}/treasure")
    before = (await sandbox.run(f"cd {OUTSIDE}; ls -laR --time-style=full-iso; cat *")).stdout
    await ground.leave(sandbox, SWAP)
    results = Counter[str]()
    async with sandbox.bridge() as bridge, bridge.connect(member=MEMBER) as connection:
        for number in count():
            async with asyncio.timeout(60):
                await one_round(bridge, connection, number, results)
            # On a busy machine it may lie in the way for most of them.
            if number + 1 >= ROUNDS and ROUNDS < results["done"] < results.total():
                break
    after = (await sandbox.run(f"cd {OUTSIDE}; ls -laR --time-style=full-iso; cat *")).stdout
    assert after == before
    copied = await sandbox.run("grep -rl treasure copy-*; find copy-* -name treasure")
    assert copied.stdout == ""
    assert results["done"] > ROUNDS
    assert results.total() > results["done"], "nothing was ever in the way"
    with contextlib.suppress(FireflyError):
        await ground.backend.stop(sandbox.instance.id, reason="enough")

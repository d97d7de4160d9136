"""Real shells on real pseudo-terminals, that outlive the connections that look at them."""

import asyncio
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from firefly.client.bridge_connection import BridgeConnection, Notification
from firefly.errors import LimitReached, NotFound
from firefly.protocol.errors import RefusedPath
from firefly.protocol.frames import Frame
from firefly.protocol.terminal import Opened
from tests.bridge.conftest import Running
from tests.support.waiting import eventually


class Screen:
    """What one connection has seen of its terminals, by channel, and the notifications beside it."""

    def __init__(self, bridge: BridgeConnection) -> None:
        self.seen: dict[int, bytes] = {}
        self.notifications: list[Notification] = []
        self._task = asyncio.create_task(self._read(bridge))

    async def _read(self, bridge: BridgeConnection) -> None:
        async for item in bridge.incoming():
            if isinstance(item, Frame):
                self.seen[item.channel] = self.seen.get(item.channel, b"") + item.payload
            else:
                self.notifications.append(item)

    async def shows(self, opened: Opened, text: bytes) -> None:
        await eventually(lambda: text in self.seen.get(opened.channel, b""))

    def close(self) -> None:
        self._task.cancel()


async def test_a_shell_in_the_workspace(house: Running) -> None:
    (house.tree / "sub").mkdir()
    async with house.connected() as bridge:
        screen = Screen(bridge)
        opened = await bridge.open_terminal(cols=100, rows=30, cwd="sub")
        await bridge.type(opened.channel, b'echo "$PWD:$(tput cols):$TERM:$GIT_AUTHOR_NAME:$(tty)"\r')
        await screen.shows(opened, f"{house.tree}/sub:100:xterm-256color:Ada:/dev/pts/".encode())
        await bridge.resize_terminal(opened.id, cols=132, rows=40)
        await bridge.type(opened.channel, b"stty size\r")
        await screen.shows(opened, b"40 132")
        assert b"command not found" not in screen.seen[opened.channel]
        screen.close()


@pytest.fixture
def _in_the_background() -> Iterator[None]:
    """As a server is that a script has started with `&`."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGQUIT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("_in_the_background")
async def test_control_characters_reach_the_program(house: Running) -> None:
    async with house.connected() as bridge:
        screen = Screen(bridge)
        opened = await bridge.open_terminal()
        # Said by what is interrupted, which by then is in the foreground; the shell itself would swallow the key.
        await bridge.type(opened.channel, b"sh -c \"echo sta'r'ted; exec sleep 60\"\r")
        await screen.shows(opened, b"started")
        await bridge.type(opened.channel, b"\x03")
        # What is typed before the prompt is back may be thrown away with what the interrupt ended.
        await eventually(lambda: re.search(rb"\^C.*[$#] ", screen.seen[opened.channel], re.DOTALL))
        await bridge.type(opened.channel, b"echo code:$?\r")
        await screen.shows(opened, b"code:130")
        assert [one.id for one in (await bridge.terminals()).terminals] == [opened.id]
        screen.close()


async def test_a_terminal_survives_its_connection_and_shows_what_was_missed(house: Running) -> None:
    async with house.connected() as bridge:
        screen = Screen(bridge)
        opened = await bridge.open_terminal()
        await bridge.type(opened.channel, b"name=kept; echo fir''st\r")
        await screen.shows(opened, b"first")
        await bridge.type(opened.channel, b"sleep 0.2; echo while-awa''y\r")
        screen.close()
    async with house.connected(name="Grace") as bridge:
        screen = Screen(bridge)
        listed = (await bridge.terminals()).terminals
        assert [(terminal.id, terminal.running, terminal.member) for terminal in listed] == [(opened.id, True, "Ada")]
        again = await bridge.attach_terminal(opened.id)
        await screen.shows(again, b"while-away")
        assert b"first" in screen.seen[again.channel]
        await bridge.type(again.channel, b"echo still:$name\r")
        await screen.shows(again, b"still:kept")
        screen.close()


async def test_two_people_look_at_one_terminal(house: Running) -> None:
    async with house.connected() as one, house.connected(name="Grace") as two:
        first, second = Screen(one), Screen(two)
        opened = await one.open_terminal()
        attached = await two.attach_terminal(opened.id)
        await two.type(attached.channel, b"echo to''gether\r")
        await first.shows(opened, b"together")
        await second.shows(attached, b"together")
        assert attached.id == opened.id
        first.close()
        second.close()


async def test_an_ended_shell_is_told_and_can_still_be_looked_at(house: Running) -> None:
    async with house.connected() as bridge:
        screen = Screen(bridge)
        opened = await bridge.open_terminal()
        await bridge.type(opened.channel, b"echo la''st; exit 7\r")
        exited = await eventually(lambda: [item for item in screen.notifications if item.method == "terminal.exited"])
        assert exited[0].params == {"id": opened.id, "code": 7}
        again = await bridge.attach_terminal(opened.id)
        await screen.shows(again, b"last")
        assert (await bridge.terminals()).terminals[0].code == 7
        await bridge.close_terminal(opened.id)
        assert (await bridge.terminals()).terminals == []
        with pytest.raises(NotFound):
            await bridge.attach_terminal(opened.id)
        screen.close()


async def test_closing_ends_the_shell_and_its_program(house: Running) -> None:
    async with house.connected() as bridge:
        screen = Screen(bridge)
        opened = await bridge.open_terminal()
        await bridge.type(opened.channel, b"echo $$ > pid; sleep 600\r")
        await eventually((house.tree / "pid").exists)
        pid = await eventually(lambda: (house.tree / "pid").read_text().strip())
        await bridge.close_terminal(opened.id)
        assert await eventually(lambda: not Path("/proc", pid).exists())
        screen.close()


async def test_only_the_end_of_huge_output_is_kept(house: Running) -> None:
    async with house.connected() as bridge:
        screen = Screen(bridge)
        opened = await bridge.open_terminal()
        await bridge.type(opened.channel, b"seq 1 200000; echo do''ne\r")
        await screen.shows(opened, b"\ndone")
        again = await bridge.attach_terminal(opened.id)
        await screen.shows(again, b"\ndone")
        assert 200_000 < len(screen.seen[again.channel]) <= 256 << 10
        assert b"200000" in screen.seen[again.channel]
        screen.close()


async def test_there_is_a_limit_and_ended_ones_make_room(house: Running) -> None:
    async with house.connected() as bridge:
        screen = Screen(bridge)
        opened = [await bridge.open_terminal() for _ in range(16)]
        with pytest.raises(LimitReached):
            await bridge.open_terminal()
        await bridge.type(opened[3].channel, b"exit\r")
        await eventually(lambda: screen.notifications)
        await bridge.open_terminal()
        assert opened[3].id not in {terminal.id for terminal in (await bridge.terminals()).terminals}
        screen.close()


async def test_folders_outside_are_refused(house: Running) -> None:
    async with house.connected() as bridge:
        with pytest.raises(RefusedPath):
            await bridge.open_terminal(cwd="../home")
        with pytest.raises(NotFound):
            await bridge.open_terminal(cwd="nothing")
        assert (await bridge.terminals()).terminals == []

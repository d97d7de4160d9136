"""Commands: exit status, output, limits, nothing left behind."""

import asyncio
import json
from pathlib import Path

import pytest

from firefly.errors import InvalidInput
from firefly.protocol.execution import ExecEvent
from tests.bridge.conftest import Running
from tests.support.waiting import eventually


async def test_exit_status_and_both_streams(house: Running) -> None:
    result = await house.client.execute("echo out; echo err >&2; pwd; exit 3")
    assert (result.exit_code, result.stderr, result.timed_out) == (3, "err\n", False)
    assert result.stdout == f"out\n{house.tree}\n"


async def test_a_list_goes_past_the_shell_and_variables_arrive(house: Running) -> None:
    result = await house.client.execute(["printenv", "GREETING", "FIREFLY_BRIDGE_FD"], env={"GREETING": "$(id)"})
    assert result.stdout == "$(id)\n"


async def test_what_belongs_to_the_bridge_does_not_reach_commands(house: Running) -> None:
    names = {line.partition("=")[0] for line in (await house.client.execute("env")).stdout.splitlines()}
    assert not names & {"PYTHONPATH", "PYTHONSAFEPATH", "FIREFLY_WORKSPACE_ID", "FIREFLY_TEMPLATES"}
    assert {"HOME", "PATH"} <= names


async def test_the_time_limit_ends_the_whole_group(house: Running) -> None:
    result = await house.client.execute("(sleep 300 & echo $! > pid; wait); echo never", timeout=0.5)
    assert (result.exit_code, result.timed_out, result.stdout) == (124, True, "")
    await eventually(lambda: not _alive(house.tree / "pid"))


async def test_what_is_left_in_the_background_ends_with_the_command(house: Running) -> None:
    result = await house.client.execute("sleep 300 & echo $! > pid; echo done", timeout=10)
    assert (result.exit_code, result.stdout) == (0, "done\n")
    await eventually(lambda: not _alive(house.tree / "pid"))


def _alive(pid_file: Path) -> bool:
    status = Path("/proc") / pid_file.read_text().strip() / "stat"
    return status.exists() and ") Z " not in status.read_text()


async def test_huge_output_is_cut_and_said_so(house: Running) -> None:
    result = await house.client.execute("head -c 20000000 /dev/zero | tr '\\0' x")
    assert result.truncated
    assert len(result.stdout) == 4 << 20


async def test_bytes_that_are_no_text_do_no_harm(house: Running) -> None:
    assert (await house.client.execute("printf 'a\\377b'")).stdout == "a�b"


@pytest.mark.parametrize("command", ["", [], ["/no/such/program"], ["a\0b"]])
async def test_what_cannot_be_started_is_an_error(house: Running, command: str | list[str]) -> None:
    with pytest.raises(InvalidInput):
        await house.client._json(ExecEvent, "POST", "/exec", data=_body(command))
    headers = {"Accept": "text/event-stream"}
    with pytest.raises(InvalidInput):
        await house.client._json(ExecEvent, "POST", "/exec", data=_body(command), headers=headers)


def _body(command: str | list[str]) -> bytes:
    return json.dumps({"command": command}).encode()


async def test_output_is_streamed_as_it_comes(house: Running) -> None:
    stream = house.client.stream_execute("echo one; until [ -e go ]; do sleep 0.05; done; echo two >&2; exit 4")
    first = await anext(stream)
    assert (first.event, first.text) == ("stdout", "one\n")
    (house.tree / "go").touch()
    rest = [(event.event, event.text, event.exit_code) async for event in stream]
    assert rest == [("stderr", "two\n", None), ("exit", "", 4)]


async def test_leaving_the_stream_ends_the_command(house: Running) -> None:
    stream = house.client.stream_execute("echo $$ > pid; echo started; sleep 300", timeout=400)
    assert (await anext(stream)).text == "started\n"
    await stream.aclose()  # type: ignore[attr-defined]
    await house.client.close()
    await eventually(lambda: not _alive(house.tree / "pid"))


async def test_by_json_rpc(house: Running) -> None:
    async with house.connected() as bridge:
        results = await asyncio.gather(*(bridge.run(f"echo {number}") for number in range(5)))
    assert [result.stdout for result in results] == [f"{number}\n" for number in range(5)]

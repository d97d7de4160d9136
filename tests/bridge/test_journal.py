"""Output on disk: bounded, read again by the next bridge, and never with a secret in it."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from firefly.bridge import journal as module
from firefly.bridge.environment import Environment
from firefly.bridge.journal import MOST_FILES, RECALLED, Journal
from firefly.bridge.output import HIDDEN, Output
from firefly.bridge.server import Bridge, listen, serving
from firefly.client.bridge import BridgeClient
from firefly.clock import SystemClock
from firefly.protocol.application import Line, Stream
from tests.bridge.conftest import CONFIGURATION
from tests.support.waiting import eventually

NOW = datetime(2026, 11, 26, tzinfo=UTC)


def lines(first: int, count: int, text: str = "x") -> list[Line]:
    return [Line(seq=first + n, time=NOW, stream=Stream.OUT, text=text) for n in range(count)]


def test_the_newest_lines_are_read_again_and_the_files_stay_few_and_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LARGEST_FILE", 4096)
    kept = Journal(tmp_path / "output")
    assert kept.recall() == []
    for start in range(0, 400, 10):
        kept.write(lines(start, 10))
    files = list((tmp_path / "output").iterdir())
    assert len(files) == MOST_FILES
    assert sum(file.stat().st_size for file in files) < MOST_FILES * 6000
    found = kept.recall()
    assert found[-1].seq == 399
    assert [line.seq for line in found] == list(range(found[0].seq, 400))
    monkeypatch.setattr(module, "LARGEST_FILE", 1 << 20)
    kept.write(lines(1000, RECALLED + 5))
    assert [line.seq for line in kept.recall()] == list(range(1005, 1005 + RECALLED))


def test_whatever_a_project_puts_there_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "output"
    folder.mkdir()
    kept = Journal(folder)
    (folder / "output.jsonl").write_bytes(
        b"\xff\nnonsense\n" + lines(7, 1)[0].model_dump_json().encode() + b'\n{"seq": 1}\n'
    )
    kept.write([*lines(3, 1), *lines(9, 1)])
    assert [line.seq for line in kept.recall()] == [7, 9]
    (folder / "output.jsonl").unlink()
    os.mkfifo(folder / "output.jsonl")
    assert kept.recall() == []
    with pytest.raises(OSError, match=r"output\.jsonl"):
        kept.write(lines(1, 1))
    (folder / "output.jsonl").unlink()
    (folder / "output.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match=r"output\.jsonl"):
        kept.write(lines(1, 1))


async def test_secrets_are_in_no_line_however_they_are_printed() -> None:
    secrets = {"KEY": "swordfish-9", "PEM": "-----BEGIN-----\nabcdefgh\n-----END-----", "N": "1"}
    output = Output(SystemClock(), hidden=secrets.values)
    await output.feed(Stream.OUT, b"KEY=sword")
    await output.feed(Stream.OUT, b"fish-9 1\n-----BEGIN-----\nabcdefgh\n")
    output.say("swordfish-9")
    assert [line.text for line in output.after(None)] == [f"KEY={HIDDEN} 1", HIDDEN, HIDDEN, HIDDEN]


async def test_a_reader_goes_on_where_he_was_after_the_sandbox_was_started_anew(
    environment: Environment, tmp_path: Path
) -> None:
    (environment.workspace / "firefly.yml").write_text("run: echo it says ${TOKEN}; sleep 60\n")
    said = f"it says {HIDDEN}"
    async with life(environment, tmp_path) as (bridge, _):
        await eventually(lambda: said in bridge.application.output.tail(100))
        last = next(line.seq for line in bridge.application.output.after(None) if line.text == said) - 1
    async with life(environment, tmp_path) as (bridge, client):
        async with asyncio.timeout(30):
            found = [line async for line in _until_said_twice(client, last, said)]
        # What the first life printed after the reader had left, then what this one does.
        assert (found[0].seq, found[0].text) == (last + 1, said)
        assert found[-1].seq > found[0].seq
    assert "swordfish" not in "".join(file.read_text() for file in (environment.state / "output").iterdir())


@asynccontextmanager
async def life(environment: Environment, folder: Path) -> AsyncIterator[tuple[Bridge, BridgeClient]]:
    path = folder / "bridge.sock"
    with listen(path) as listener:
        async with serving(environment, listener, SystemClock()) as bridge, BridgeClient.on_socket(path) as client:
            await client.configure(CONFIGURATION.model_copy(update={"secrets": {"TOKEN": "swordfish-9"}}))
            yield bridge, client


async def _until_said_twice(client: BridgeClient, after: int, said: str) -> AsyncIterator[Line]:
    times = 0
    async for item in client.logs(after=after):
        if isinstance(item, Line):
            yield item
            times += item.text == said
            if times == 2:
                return

"""The corpus, entry by entry, against the running front door: see tests/proxy/corpus."""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import h11
import pytest
import structlog

from firefly.proxy import Limits
from tests.support.waiting import eventually

from . import corpus, readers
from .corpus import Entry
from .house import HOST, Answer, House, Peer, ok, request
from .passing import pass_on
from .readers import READERS, Message

REQUESTS = corpus.read("requests")
ANSWERS = corpus.read("answers")
END = f"GET /end HTTP/1.1\r\nHost: {HOST}:8000\r\nConnection: close\r\n\r\n".encode()
OURS = b"X-Upstream: 1"
# Whole answers of the front door, however busy the machine is.
LIMIT = 20


@pytest.fixture
async def lone(tmp_path: Path) -> AsyncIterator[House]:
    """A house whose front door makes a connection for each request, so that each record is that of one request."""
    house = House(tmp_path, limits=Limits(pooled=0))
    house.upstream.behaviour = house.app.behaviour = answer_one
    raised: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: raised.append(str(context)))
    await house.open()
    with structlog.testing.capture_logs() as logs:
        yield house
    await house.close()
    raised += [str(line) for line in logs if line["log_level"] in ("error", "critical")]
    assert not [text for text in raised if "client_connected_cb" not in text], "the front door raised"


@pytest.fixture
async def hasty(tmp_path: Path) -> AsyncIterator[House]:
    house = House(tmp_path, limits=Limits(pooled=0, head_time=0.2))
    await house.open()
    yield house
    await house.close()


async def answer_one(peer: Peer) -> None:
    """Answer one request, which h11 reads, with its target, and note whatever else comes."""
    reading = h11.Connection(h11.SERVER, max_incomplete_event_size=readers.LARGE)
    target = b""
    while not isinstance(event := reading.next_event(), h11.EndOfMessage):
        if isinstance(event, h11.Request):
            target = event.target
        elif event is h11.NEED_DATA:
            data = await peer.reader.read(1 << 16)
            if not data:
                break
            reading.receive_data(data)
    else:
        peer.send(ok(target, OURS))
    await peer.reader.read()
    peer.writer.close()


@pytest.mark.parametrize("pieces", [1, 5], ids=["whole", "in pieces"])
@pytest.mark.parametrize("subject", REQUESTS)
async def test_requests(lone: House, subject: str, pieces: int) -> None:
    wrong: list[str] = []
    for entry in REQUESTS[subject]:
        if not entry.expect.startswith("late"):
            wrong += await judge(lone, entry, pieces)
    assert not wrong, "\n".join(wrong)


async def judge(house: House, entry: Entry, pieces: int) -> list[str]:
    """What is not as the entry says."""
    before = len(house.upstream.received)
    answers = await meet(house, entry, pieces)
    await eventually(lambda: not house.upstream._running and not house.app._running, within=LIMIT)
    assert house.app.bytes == b"", entry.name
    forwarded = [bytes(record) for record in house.upstream.received[before:]]
    whole = [record for record in forwarded if readers.by_h11(record)]
    happened = outcome(answers, cut=len(whole) < len(forwarded))
    passed = b"".join(record for record in forwarded if not record.startswith(b"GET /end ")).lower()
    wrong = [] if happened == entry.expect else [f"{happened}, not {entry.expect}"]
    wrong += [f"without {text!r}" for text in entry.holds if text.lower() not in passed]
    wrong += [f"with {text!r}" for text in entry.lacks if text.lower() in passed]
    wrong += [f"read differently: {seen}" for record in whole if len(set((seen := opinions(record)).values())) > 1]
    # It knows neither routes nor the limit of a head.
    if not re.search("own|431", happened) and summary(whole) != summary(pass_on(entry.data + END).onward):
        wrong.append("otherwise than `pass_on`, by which messages are fuzzed")
    if len(whole) != sum("x-upstream" in answer.fields for answer in answers):
        wrong.append("as many requests as answers")
    return [f"{entry.name} ({entry.rule}): {what}" for what in wrong]


def summary(records: list[bytes]) -> list[tuple[bytes, bytes, bytes]]:
    return [(read.method, read.target, read.body) for record in records for read in readers.by_h11(record)]


def opinions(record: bytes) -> dict[str, tuple[Message, ...]]:
    """How each parser reads what was forwarded."""
    return {name: tuple(reader(record)) for name, reader in READERS.items()}


async def meet(house: House, entry: Entry, pieces: int = 1) -> list[Answer]:
    """All answers to an entry and the request behind it, until the front door closes."""
    client = await house.client()
    data = entry.data if entry.expect.startswith("late") else entry.data + END
    await send(client, data, pieces)
    answers: list[Answer] = []
    async with asyncio.timeout(LIMIT):
        while True:
            try:
                answers.append(await client.read_answer())
            except (asyncio.IncompleteReadError, ConnectionError):
                await client.close()
                return answers


async def send(peer: Peer, data: bytes, pieces: int) -> None:
    """Cut at any places, which are the same in every run."""
    places = random.Random(data).sample(range(1, max(1, len(data))), k=max(0, min(pieces, len(data)) - 1))
    for start, end in pairwise([0, *sorted(places), len(data)]):
        peer.send(data[start:end])
        # Two turns of the loop: one in which the piece is sent, one in which it is read.
        await asyncio.sleep(0)
        await asyncio.sleep(0)


def outcome(answers: list[Answer], *, cut: bool) -> str:
    """In the words of the corpus."""
    words: list[str] = []
    ended = False
    for answer in answers:
        if "x-upstream" in answer.fields:
            ended = answer.body == b"/end"
            words += [] if ended else ["pass"]
        elif answer.fields.get("connection") == "close":
            words.append(f"{'cut' if cut else 'refuse'} {answer.status}")
        else:
            words.append(f"own {answer.status}")
    return ", ".join(words) + (" close" if words and words[-1] == "pass" and not ended else "")


async def test_heads_that_do_not_end(hasty: House) -> None:
    entries = [entry for subject in REQUESTS.values() for entry in subject if entry.expect.startswith("late")]
    met = await asyncio.gather(*(meet(hasty, entry) for entry in entries))
    happened = {entry.name: [answer.status for answer in answers] for entry, answers in zip(entries, met, strict=True)}
    assert happened == {entry.name: [int(entry.expect.removeprefix("late "))] for entry in entries}
    assert hasty.upstream.bytes == hasty.app.bytes == b""


@pytest.mark.parametrize("pieces", [1, 5], ids=["whole", "in pieces"])
@pytest.mark.parametrize("subject", ANSWERS)
async def test_answers(lone: House, subject: str, pieces: int) -> None:
    wrong: list[str] = []
    for entry in ANSWERS[subject]:
        got = await receive(lone, entry, pieces)
        happened = outcome_of_answer(entry, got)
        wrong += [] if happened == entry.expect else [f"{entry.name} ({entry.rule}): {happened}, not {entry.expect}"]
        wrong += [f"{entry.name}: without {text!r}" for text in entry.holds if text.lower() not in got.lower()]
        wrong += [f"{entry.name}: with {text!r}" for text in entry.lacks if text.lower() in got.lower()]
    assert not wrong, "\n".join(wrong)


async def receive(house: House, entry: Entry, pieces: int) -> bytes:
    """All that a client gets for one request and, where the connection lives on, for another behind it."""

    async def say(peer: Peer) -> None:
        head = await peer.read_request()
        if b" /next " in head:
            peer.send(ok(b"next", OURS))
        else:
            await send(peer, entry.data, pieces)
        if entry.then == "close":
            await peer.writer.drain()
            peer.writer.close()
        await peer.reader.read()

    house.upstream.behaviour = say
    client = await house.client()
    client.send(request("/", method=entry.asked) + request("/next", fields={"Connection": "close"}))
    try:
        return await client.rest(within=LIMIT)
    except ConnectionError:
        return b"\0"
    finally:
        await client.close()


def outcome_of_answer(entry: Entry, got: bytes) -> str:
    """In the words of the corpus."""
    peer = h11.Connection(h11.CLIENT, max_incomplete_event_size=readers.LARGE)
    peer.send(h11.Request(method=entry.asked, target="/", headers=[("Host", "a")]))
    peer.send(h11.EndOfMessage())
    peer.receive_data(got)
    peer.receive_data(b"")
    statuses: list[str] = []
    body = b""
    while True:
        try:
            event = peer.next_event()
        except h11.RemoteProtocolError:
            return "cut"
        if isinstance(event, h11.InformationalResponse | h11.Response):
            statuses.append(str(event.status_code))
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            break
    if statuses[-1] == "502":
        return "refuse 502"
    after = peer.trailing_data[0]
    assert not after or readers.answers_by_h11(after)[-1].body == b"next", entry.name
    return " ".join(["pass", *statuses, *([body.decode()] if body else [])])

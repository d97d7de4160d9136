"""Applications and visitors that misbehave, all at once: everybody gets his own answer or a clean error."""

import asyncio
import math
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import structlog

from firefly.proxy.attempt import ROUNDS

from .town import HOSTS, MEMBERS, MOODS, SPREAD, Town

VISITORS = 24
# A front door that has not answered by then hangs: its own limits are seconds, to which a busy machine adds some.
LIMIT = 300
OURS = {401, 404, 502, 503, 504}
# Moods of which nothing but the instance's end keeps a visitor from an answer.
GOOD = {"counted", "chunked", "later", "bytewise", "interim", "closing", "says close", "trailing"}
# Methods of which a second try does no harm, where they bring no body.
AGAIN = {"GET", "HEAD", "DELETE"}
METHODS = ["GET", "GET", "GET", "HEAD", "DELETE", "POST", "PUT"]


@dataclass
class Asked:
    mark: str
    mood: str
    host: str
    method: str
    since: float

    def message(self, random: random.Random) -> bytes:
        lines = f"{self.method} /{self.mark} HTTP/1.1\r\nHost: {self.host}:8000\r\n"
        lines += f"Mark: {self.mark}\r\nMood: {self.mood}\r\n"
        body = self.mark * random.choice([0, 1, 10, 1000]) if self.method in ("POST", "PUT") else ""
        if body and random.random() < 0.5:
            framed = f"Transfer-Encoding: chunked\r\n\r\n{len(body):x};x\r\n{body}\r\n0\r\n\r\n"
        else:
            framed = (f"Content-Length: {len(body)}\r\n" if body else "") + f"\r\n{body}"
        return (lines + framed).encode()


@dataclass
class Outcome:
    seen: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


class Visitor:
    """Sends requests, a few at a time, by one connection after another, and judges each answer."""

    def __init__(self, town: Town, number: int, outcome: Outcome) -> None:
        self.town = town
        self.random = random.Random(number)
        self.number = number
        self.outcome = outcome
        self.asked = 0

    async def visit(self, requests: int) -> None:
        while self.asked < requests:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.town.port)
            try:
                while self.asked < requests and await self._exchange(reader, writer):
                    pass
            except (asyncio.IncompleteReadError, ConnectionError):
                self.outcome.seen["cut"] += 1
            finally:
                writer.transport.abort()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Some pipelined requests and their answers; False when the connection is of no more use."""
        batch = [self._ask() for _ in range(self.random.choice([1, 1, 1, 2, 4]))]
        writer.write(b"".join(asked.message(self.random) for asked in batch))
        if self.random.random() < 0.02:
            await asyncio.sleep(self.random.uniform(0, 0.01))
            self.outcome.seen["left"] += 1
            return False
        for asked in batch:
            async with asyncio.timeout(LIMIT):
                if not await self._receive(asked, reader):
                    return False
        return True

    def _ask(self) -> Asked:
        self.asked += 1
        self.town.note()
        mood = self.random.choices(list(MOODS), list(MOODS.values()))[0]
        mark = f"<{self.number}-{self.asked}>"
        now = asyncio.get_running_loop().time()
        return Asked(mark, mood, self.random.choice(HOSTS), self.random.choice(METHODS), now)

    async def _receive(self, asked: Asked, reader: asyncio.StreamReader) -> bool:
        status = 100
        while status < 200:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            status = int(head[0].split(" ")[1])
        fields = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:-2])}
        if "mark" in fields:
            self._judge(asked, status, fields)
        elif status not in OURS:
            self.outcome.wrong.append(f"{asked}: {head}")
        else:
            self.outcome.seen[f"error {status}"] += 1
            if asked.host == SPREAD and status in (502, 503) and asked.mood in GOOD and asked.method in AGAIN:
                self._judge_refusal(asked, status)
        body = await self._body(asked, fields, reader)
        if "mark" in fields and body.replace(asked.mark.encode(), b""):
            self.outcome.wrong.append(f"{asked}: its body is {body[:100]!r}")
        if "mark" in fields:
            self.outcome.seen[f"answered {asked.mood}"] += 1
            self.outcome.seen["spread"] += asked.host == SPREAD
        return fields.get("connection") != "close" and asked.mood != "for ever"

    def _judge(self, asked: Asked, status: int, fields: dict[str, str]) -> None:
        instance = self.town.instances[fields["instance"]]
        if (status, fields["mark"]) != (200, asked.mark):
            self.outcome.wrong.append(f"{asked}: {status} {fields}")
        if instance.target not in self.town.targets[asked.host]:
            self.outcome.wrong.append(f"{asked}: another sandbox's answer")
        if instance.ended < asked.since:
            self.outcome.wrong.append(f"{asked}: an instance that had ended before")

    def _judge_refusal(self, asked: Asked, status: int) -> None:
        """No other member gets a request that ended as many runs as it may have; here runs end by themselves."""
        ended = sum(asked.since <= instance.ended < math.inf for instance in self.town.runs(SPREAD))
        if ended < ROUNDS * MEMBERS:
            self.outcome.wrong.append(f"{asked}: {status} after {ended} runs ended, though another member could answer")
        self.outcome.seen["runs ended under it"] += 1

    async def _body(self, asked: Asked, fields: dict[str, str], reader: asyncio.StreamReader) -> bytes:
        if asked.method == "HEAD":
            return b""
        if "content-length" in fields:
            return await reader.readexactly(int(fields["content-length"]))
        if "transfer-encoding" not in fields:
            # Not read to its end, of which one of the moods has none.
            return asked.mark.encode() if await reader.read(1 << 16) else b""
        body = b""
        while size := int(await reader.readuntil(b"\r\n"), 16):
            body += (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
        return body


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    built = Town(tmp_path, 1)
    await built.open()
    yield built
    await built.close()


async def storm(town: Town, requests: int) -> Outcome:
    outcome = Outcome()
    asyncio.get_running_loop().set_exception_handler(lambda _, context: outcome.wrong.append(str(context)))
    churn = asyncio.create_task(town.churn())
    with structlog.testing.capture_logs() as logs:
        async with asyncio.TaskGroup() as visitors:
            for number in range(VISITORS):
                visitors.create_task(Visitor(town, number, outcome).visit(requests // VISITORS))
    churn.cancel()
    await asyncio.gather(churn, return_exceptions=True)
    outcome.wrong += [str(line) for line in logs if line["log_level"] in ("error", "critical")]
    return outcome


def check(town: Town, outcome: Outcome, requests: int) -> None:
    assert not outcome.wrong, "\n".join(outcome.wrong[:5])
    answered = sum(outcome.seen[f"answered {mood}"] for mood in GOOD)
    assert answered > requests * 0.4, outcome.seen
    for mood in ("silent", "reset", "garbage", "two lengths", "flood of interim"):
        assert not outcome.seen[f"answered {mood}"]
    assert outcome.seen["error 502"] > requests * 0.02
    assert outcome.seen["spread"] > requests * 0.05
    assert town.door.counters["moved"] > requests * 0.001
    assert len(town.instances) > requests / 100


async def test_everybody_gets_his_own_answer_or_a_clean_error(town: Town) -> None:
    outcome = await storm(town, 4000)
    check(town, outcome, 4000)


@pytest.mark.chaos
@pytest.mark.timeout(1800)
async def test_none_of_a_hundred_thousand_is_answered_by_another_sandbox(town: Town) -> None:
    outcome = await storm(town, 100_000)
    check(town, outcome, 100_000)
    assert outcome.seen["error 504"] > 0
    print(dict(outcome.seen), len(town.instances), town.door.counters)  # noqa: T201

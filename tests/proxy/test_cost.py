"""What a hostile message costs: eight times as long, about as many times as much. Ratios, since machines differ."""

import gc
import time
from collections.abc import Callable, Iterator

import pytest

from firefly.proxy import answers, heads
from firefly.proxy.answers import BadAnswer
from firefly.proxy.bodies import BadBody, Chunked
from firefly.proxy.heads import BadHead

from .passing import QUESTION, feed_all

START = b"GET / HTTP/1.1\r\nHost: a\r\n"
OK = b"HTTP/1.1 200 OK\r\n"
SIZE, TIMES_AS_LONG = 16 * 1024, 8
# A quadratic reader costs 64 times as much. Twice the length would do, were there no caches and no neighbours.
MOST = 20.0
ROUNDS, TIMES = 7, 5

HEADS: dict[str, Callable[[int], bytes]] = {
    "a long value": lambda n: START + b"X: " + b"a" * n + b"\r\n\r\n",
    "whitespace and then NUL": lambda n: START + b"X: " + b" \t" * (n // 2) + b"\0\r\n\r\n",
    "whitespace behind a name": lambda n: START + b"X" + b" " * n + b": 1\r\n\r\n",
    "a long name": lambda n: START + b"X" * n + b": 1\r\n\r\n",
    "a name without a colon": lambda n: START + b"X" * n + b"\r\n\r\n",
    "a name repeated": lambda n: START + b"X-Forwarded-" * (n // 12) + b"\r\n\r\n",
    "a long target": lambda n: START.replace(b"/ ", b"/" + b"a" * n + b" ") + b"\r\n",
    "an absolute form": lambda n: START.replace(b"/ ", b"http://a" + b"/?" * (n // 2) + b" ") + b"\r\n",
    "line ends that are none": lambda n: START + b"X: " + b"\r" * n + b"\r\n\r\n",
    "fields": lambda n: START + (b"X: " + b"a" * (n // 128) + b"\r\n") * 100 + b"\r\n",
    "semicolons": lambda n: START + b"Cookie: " + b";" * n + b"\r\n\r\n",
    "our cookies": lambda n: START + b"Cookie: " + b"__Host-firefly-;" * (n // 16) + b"\r\n\r\n",
    "cookies": lambda n: START + b"Cookie: " + b"a=b; " * (n // 5) + b"\r\n\r\n",
    "many Cookie fields": lambda n: START + (b"Cookie: " + b"a" * (n // 120) + b"\r\n") * 100 + b"\r\n",
    "options": lambda n: START + b"Connection: " + b"a," * (n // 2) + b"\r\n\r\n",
    "different options": lambda n: (
        START + b"Connection: " + b",".join(b"%x" % i for i in range(n // 5)) + b"\r\nA: 1\r\n\r\n"
    ),
    "a protocol": lambda n: START + b"Connection: upgrade\r\nUpgrade: " + b"a/" * (n // 2) + b"\r\n\r\n",
    "a length": lambda n: START + b"Content-Length: " + b"0" * n + b"\r\n\r\n",
    "codings": lambda n: START + b"Transfer-Encoding: " + b"chunked," * (n // 8) + b"\r\n\r\n",
    "a Host": lambda n: b"GET / HTTP/1.1\r\nHost: " + b"a." * (n // 2) + b"\0\r\n\r\n",
}
ANSWERS: dict[str, Callable[[int], bytes]] = {
    "a long value": lambda n: OK + b"X: " + b"a" * n + b"\r\n\r\n",
    "no end": lambda n: OK + b"X: " + b"a" * n,
    "many fields": lambda n: OK + (b"A: " + b"a" * (n // 64) + b"\r\n") * 60 + b"Content-Length: 1\r\n\0\r\n",
    "domains": lambda n: OK + b"Set-Cookie: a" + b"; Domain=b" * (n // 10) + b"\r\n\r\n",
    "whitespace in a cookie": lambda n: OK + b"Set-Cookie: a;" + b" " * n + b"\r\n\r\n",
    "semicolons": lambda n: OK + b"Set-Cookie: a" + b"; \t" * (n // 3) + b"\r\n\r\n",
    "ancestors": lambda n: OK + b"Content-Security-Policy: " + b"frame-ancestors a;" * (n // 18) + b"\r\n\r\n",
    "commas": lambda n: OK + b"Content-Security-Policy: " + b", " * (n // 2) + b"\r\n\r\n",
    "kinds of data": lambda n: OK + b"Clear-Site-Data: " + b'"cache",' * (n // 8) + b"\r\n\r\n",
    "options": lambda n: OK + b"Connection: " + b"a," * (n // 2) + b"\r\nContent-Length: 0\r\n\r\n",
}
BODIES: dict[str, Callable[[int], bytes]] = {
    "small chunks": lambda n: b"1\r\na\r\n" * (n // 6),
    "extensions": lambda n: (b"1;" + b"a" * 1000 + b"\r\na\r\n") * (n // 1007),
    "one chunk": lambda n: b"%x\r\n" % n + b"a" * n + b"\r\n0\r\n\r\n",
    "a trailer": lambda n: b"0\r\nX: " + b"a" * (n // 8) + b"\r\n\r\n",
    "a bad trailer": lambda n: b"0\r\n" + b"X" * n,
}


def read_head(data: bytes) -> None:
    try:
        head = heads.parse(data)
        head.cookie(b"x"), head.field(b"accept"), head.fields.for_sandbox(), head.is_navigation
    except BadHead:
        return


def read_answer(data: bytes) -> None:
    try:
        answers.parse(data, QUESTION, preview=True)
    except BadAnswer:
        return


def read_body(data: bytes) -> None:
    try:
        feed_all(Chunked(), data)
    except BadBody:
        return


def read_old_body(data: bytes) -> None:
    try:
        feed_all(Chunked(unwrap=True), data)
    except BadBody:
        return


def cost(work: Callable[[bytes], None], data: bytes) -> float:
    """Seconds of this process."""
    began = time.process_time()
    for _ in range(TIMES):
        work(data)
    return time.process_time() - began


@pytest.fixture(autouse=True)
def _no_collection() -> Iterator[None]:
    """A collection looks at all that earlier tests left in memory, and comes the more often the longer the message."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


CASES = [
    *((f"head: {name}", read_head, make) for name, make in HEADS.items()),
    *((f"answer: {name}", read_answer, make) for name, make in ANSWERS.items()),
    *((f"body: {name}", read_body, make) for name, make in BODIES.items()),
    *((f"body without its chunks: {name}", read_old_body, make) for name, make in BODIES.items()),
]


@pytest.mark.fuzz
@pytest.mark.timeout(0)
@pytest.mark.parametrize(("work", "make"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_longer_messages_cost_in_proportion(work: Callable[[bytes], None], make: Callable[[int], bytes]) -> None:
    short, long = make(SIZE), make(SIZE * TIMES_AS_LONG)
    # In turns, so that whatever else the machine does slows both.
    pairs = [(cost(work, short), cost(work, long)) for _ in range(ROUNDS)]
    once, more = map(min, zip(*pairs, strict=True))
    # Below a microsecond for each there is nothing to compare.
    assert more < TIMES * 1e-6 or more / once < MOST

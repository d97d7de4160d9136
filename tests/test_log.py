"""Logging: one object a line where no person looks, colours where one does, the request's id on every line of it."""

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from firefly import log


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_an_object_with_time_level_and_event() -> None:
    stream = io.StringIO()
    log.configure(stream=stream)
    structlog.get_logger().info("sandbox.started", workspace="w1")
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["workspace"]) == ("sandbox.started", "info", "w1")
    assert str(line["timestamp"]).endswith("Z")


def test_a_terminal_gets_text() -> None:
    stream = Screen()
    log.configure(stream=stream)
    structlog.get_logger().info("sandbox.started", workspace="w1")
    assert "sandbox.started" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


def test_what_is_below_the_level_is_left_out() -> None:
    stream = io.StringIO()
    log.configure(level="warning", stream=stream)
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("heard")
    assert [line["event"] for line in lines(stream)] == ["heard"]


def test_libraries_write_in_the_same_form_and_only_what_matters() -> None:
    stream = io.StringIO()
    log.configure(level="debug", stream=stream)
    logging.getLogger("asyncpg").info("chatter")
    logging.getLogger("asyncpg").warning("a %s broke", "connection")
    assert [(line["event"], line["level"]) for line in lines(stream)] == [("a connection broke", "warning")]


def test_an_exception_stays_on_its_line() -> None:
    stream = io.StringIO()
    log.configure(stream=stream)
    try:
        raise ValueError("two\nlines")
    except ValueError:
        structlog.get_logger().exception("job.failed")
    (line,) = lines(stream)
    assert "ValueError: two\nlines" in str(line["exception"])


async def test_the_id_is_on_every_line_of_a_request_and_of_no_other() -> None:
    stream = io.StringIO()
    log.configure(stream=stream)
    logger = structlog.get_logger()

    async def request(name: str) -> None:
        log.bind_request(name)
        await asyncio.create_task(asyncio.to_thread(logger.info, "in.thread", of=name))
        logger.info("at.the.end", of=name)

    await asyncio.gather(*(asyncio.create_task(request(name)) for name in ("one", "two")))
    logger.info("outside", of=None)
    assert len(lines(stream)) == 5
    assert all(line.get("request_id") == line["of"] for line in lines(stream))

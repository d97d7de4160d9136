"""Logging: readable on a terminal, one JSON object a line elsewhere, a request id on every line of a request."""

import logging
import re
import sys
from typing import TextIO

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars, merge_contextvars
from structlog.types import Processor

REQUEST_ID_HEADER = "X-Request-Id"

_SECRET_PATH = re.compile(r"^(/\.firefly/link/|/auth/link/)[^/]+")


def configure(*, level: str = "info", stream: TextIO = sys.stderr) -> None:
    """Send structlog and the standard library's loggers to `stream` in one format."""
    shared: list[Processor] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    renderer: list[Processor] = (
        [structlog.dev.ConsoleRenderer()]
        if stream.isatty()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    threshold = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=max(threshold, logging.WARNING), force=True)


def shown_path(path: str) -> str:
    """A path as it may be logged: of those that open something, the secret is left out."""
    return _SECRET_PATH.sub(r"\1…", path)


def bind_request(request_id: str) -> None:
    """Put `request_id` on every line that the current task, and tasks started from it, log from now on."""
    clear_contextvars()
    bind_contextvars(request_id=request_id)

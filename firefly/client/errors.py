"""What the client raises: the server's problem, or that there was no answer."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import aiohttp
from pydantic import ValidationError

from firefly.errors import TimedOut, Unavailable


class ClientError(Exception):
    """A request failed. `detail` is the sentence to show; `problem` the server's document, empty without an answer."""

    def __init__(self, detail: str, *, status: int = 0, problem: Mapping[str, object] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.problem = problem or {}

    @property
    def kind(self) -> str:
        """The last part of the problem's type, as in `not-found`; empty without an answer."""
        return str(self.problem.get("type", "")).rpartition(":")[2]


@asynccontextmanager
async def domain_errors() -> AsyncIterator[None]:
    """Around calls of a bridge: raises domain errors only. What answers runs beside the project's code."""
    try:
        yield
    except TimeoutError as error:
        raise TimedOut("The project server did not answer in time. Try again, or restart the sandbox.") from error
    except (aiohttp.ClientError, ValidationError) as error:
        raise Unavailable("The project server's answer cannot be read. Restart the sandbox.") from error

"""What the client raises: the server's problem, or that there was no answer."""

import errno
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


def away(server: str, error: Exception) -> ClientError:
    """Of a server that could not be asked, or whose answer is none: in words, where the reason is a usual one."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return ClientError(f"{server} does not answer: there is no host of that name.")
    if isinstance(error, aiohttp.ClientConnectorError) and _is_refused(error.os_error):
        return ClientError(f"{server} does not answer: nothing listens there. Is it running?")
    return ClientError(f"{server} does not answer as Firefly does: {error}")


def _is_refused(error: OSError) -> bool:
    """Of a host with several addresses the reasons are joined, and stand in the text alone."""
    return error.errno == errno.ECONNREFUSED or "Connect call failed" in str(error)


@asynccontextmanager
async def domain_errors() -> AsyncIterator[None]:
    """Around calls of a bridge: raises domain errors only. What answers runs beside the project's code."""
    try:
        yield
    except TimeoutError as error:
        raise TimedOut("The project server did not answer in time. Try again, or restart the sandbox.") from error
    except (aiohttp.ClientError, ValidationError) as error:
        raise Unavailable("The project server's answer cannot be read. Restart the sandbox.") from error

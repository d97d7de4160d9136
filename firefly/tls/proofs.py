"""How an authority is shown that a host is ours (RFC 8555, 8): by a page on it, or by a record in the DNS."""

import os
import shlex
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import ClassVar

from firefly.errors import Unavailable
from firefly.settings import PREFIX

# Until a record is seen everywhere may take minutes, and the hook is the one who knows.
HOOK_LIMIT = 600.0


class Proof(ABC):
    """One kind of proof. Both calls may block; they run beside the loop."""

    kind: ClassVar[str]

    @abstractmethod
    def offer(self, host: str, token: str, value: str) -> None:
        """Make `value` visible for `host`. Raises Unavailable."""

    @abstractmethod
    def withdraw(self, host: str, token: str, value: str) -> None:
        """Take it away again. Raises Unavailable."""


class PageProof(Proof, Mapping[str, str]):
    """http-01: pages below `/.well-known/acme-challenge/`, by token; the application serves them."""

    kind = "http-01"

    def __init__(self) -> None:
        self._pages: dict[str, str] = {}

    def offer(self, host: str, token: str, value: str) -> None:
        self._pages[token] = value

    def withdraw(self, host: str, token: str, value: str) -> None:
        self._pages.pop(token, None)

    def __getitem__(self, token: str) -> str:
        return self._pages[token]

    def __iter__(self) -> Iterator[str]:
        return iter(self._pages)

    def __len__(self) -> int:
        return len(self._pages)


class HookProof(Proof):
    """dns-01: `<command> set|remove _acme-challenge.<host> <value>`, which ends with 0 when the record is visible."""

    kind = "dns-01"

    def __init__(self, command: str, *, limit: float = HOOK_LIMIT) -> None:
        self._command = shlex.split(command)
        self._limit = limit

    def offer(self, host: str, token: str, value: str) -> None:
        self._run("set", host, value)

    def withdraw(self, host: str, token: str, value: str) -> None:
        self._run("remove", host, value)

    def _run(self, action: str, host: str, value: str) -> None:
        # Settings hold secrets that are none of its business.
        environment = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)}
        try:
            done = subprocess.run(
                [*self._command, action, f"_acme-challenge.{host}", value],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                timeout=self._limit,
            )
        except subprocess.TimeoutExpired as error:
            raise Unavailable(f"The DNS hook did not end within {self._limit:g} s.") from error
        except OSError as error:
            raise Unavailable(f"The DNS hook {self._command[0]} cannot be run: {error.strerror}.") from error
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise Unavailable(f"The DNS hook ended with {done.returncode}: {said[-1] if said else 'it said nothing'}")

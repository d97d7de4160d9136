"""All parts of access, built together, and what has to happen to them by itself."""

import asyncio
from dataclasses import dataclass
from typing import Self

import structlog

from ..auth import Passwords, PreviewGrants, RateLimiter
from ..errors import DatabaseUnavailable
from ..projects import Projects
from ..secrets import Keyring
from .entrances import Entrances
from .keys import Keys
from .management import Management
from .passes import Passes
from .policies import Policies
from .records import Records
from .requests import Requests
from .sisters import Ports, Sisters, no_ports
from .visits import Visits

FLUSH, SWEEP = 20.0, 1800.0

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class AccessControl:
    policies: Policies
    management: Management
    keys: Keys
    entrances: Entrances
    visits: Visits
    requests: Requests
    sisters: Sisters

    @classmethod
    def build(
        cls,
        records: Records,
        *,
        projects: Projects,
        grants: PreviewGrants,
        keyring: Keyring,
        passwords: Passwords | None = None,
        ports: Ports = no_ports,
        domain: str = "",
    ) -> Self:
        """`ports` and `domain` as `Sisters` has them."""
        policies = Policies(records.database, records.bus)
        limiter = RateLimiter(records.database, records.clock)
        passwords = passwords or Passwords()
        visits = Visits(records=records, grants=grants)
        passes = Passes(records=records, grants=grants, keyring=keyring)
        keys = Keys(records=records, projects=projects, grants=grants, passwords=passwords, keyring=keyring)
        return cls(
            policies=policies,
            management=Management(records=records, projects=projects, policies=policies, grants=grants),
            keys=keys,
            entrances=Entrances(
                records=records, projects=projects, grants=grants, visits=visits, limiter=limiter,
                passwords=passwords, keyring=keyring,
            ),
            visits=visits,
            requests=Requests(
                records=records, projects=projects, grants=grants, visits=visits, keys=keys, limiter=limiter
            ),
            sisters=Sisters(records=records, grants=grants, passes=passes, ports=ports, domain=domain),
        )  # fmt: skip

    async def run(self) -> None:
        """Everything that goes on by itself, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.policies.follow())
            tasks.create_task(self.requests.run())
            tasks.create_task(self._flush())
            tasks.create_task(self._sweep())

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(FLUSH)
            try:
                await self.visits.flush()
            except DatabaseUnavailable as error:
                log.warning("visits.not_noted", reason=error.detail)

    async def _sweep(self) -> None:
        while True:
            try:
                await self.visits.sweep()
            except DatabaseUnavailable as error:
                log.warning("visits.not_swept", reason=error.detail)
            await asyncio.sleep(SWEEP)

"""Groups of parts that are built together, in the order in which they need one another."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Self

from firefly.audit import Audit
from firefly.auth import (
    Accounts,
    PreviewGrants,
    RateLimiter,
    Revocations,
    Sessions,
    SigningKeys,
    SignInLinks,
    Tokens,
    Upkeep,
)
from firefly.bus import Bus
from firefly.clock import Clock, SystemClock
from firefly.git import Checkpoints, Comparisons, Git, Maintenance, Pushes, Repositories, SmartHTTP, Thinning
from firefly.secrets import Keyring
from firefly.settings import Settings
from firefly.store import Database


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """Everything that proves who somebody is."""

    accounts: Accounts
    sessions: Sessions
    tokens: Tokens
    links: SignInLinks
    keys: SigningKeys
    grants: PreviewGrants
    revocations: Revocations
    keyring: Keyring

    @classmethod
    async def open(
        cls, stack: AsyncExitStack, settings: Settings, database: Database, bus: Bus, keyring: Keyring, clock: Clock
    ) -> Self:
        revocations = Revocations(database, bus, clock)
        keys = SigningKeys(database, keyring, clock)
        made = cls(
            accounts=Accounts(database, RateLimiter(database, clock), revocations, clock),
            sessions=Sessions(database, keyring, keys, revocations, clock, issuer=settings.url),
            tokens=Tokens(database, revocations, clock),
            links=SignInLinks(database, clock),
            keys=keys,
            grants=PreviewGrants(database, keyring, revocations, clock),
            revocations=revocations,
            keyring=keyring,
        )
        upkeep = Upkeep(database, keys, revocations, clock)
        await upkeep.open()
        stack.push_async_callback(upkeep.close)
        await made.tokens.ensure_bootstrap(settings.bootstrap_token, Audit(database))
        return made


@dataclass(frozen=True, kw_only=True)
class Hosting:
    """Everything that touches hosted repositories."""

    git: Git
    repositories: Repositories
    maintenance: Maintenance
    pushes: Pushes
    smart_http: SmartHTTP
    checkpoints: Checkpoints
    comparisons: Comparisons
    thinning: Thinning

    @classmethod
    async def open(cls, settings: Settings, database: Database, bus: Bus, *, alone: bool = True) -> Self:
        """Without `alone` another server still works on the repositories: call `tidy` when it is gone."""
        Git.check()
        home = settings.data_dir / "git-home"
        home.mkdir(mode=0o700, exist_ok=True)
        git = Git(home)
        repositories = Repositories(settings.data_dir / "repositories", git)
        maintenance = Maintenance(git=git, repositories=repositories)
        pushes = Pushes(database=database, bus=bus, repositories=repositories, maintenance=maintenance)
        checkpoints = Checkpoints(git=git, repositories=repositories)
        made = cls(
            git=git,
            repositories=repositories,
            maintenance=maintenance,
            pushes=pushes,
            smart_http=SmartHTTP(git=git, repositories=repositories, pushes=pushes),
            checkpoints=checkpoints,
            comparisons=Comparisons(git=git, repositories=repositories, checkpoints=checkpoints),
            thinning=Thinning(
                git=git, repositories=repositories, maintenance=maintenance, database=database, clock=SystemClock()
            ),
        )
        if alone:
            await made.tidy()
        return made

    async def tidy(self) -> None:
        """Clear away and settle what an earlier server left in the middle of it."""
        await self.repositories.sweep()
        await self.pushes.reconcile()

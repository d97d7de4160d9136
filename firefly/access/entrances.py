"""The ways in: what a visitor brings is checked alike for every host, whether or not anything is there.

For a host that does not exist the same limits are counted, the same questions asked of the database and the same hashes
computed, with a project that nobody has.
"""

from datetime import timedelta
from uuid import UUID

from ..addresses import network_of
from ..auth import Grant, Ground, Identity, Kind, Limit, Passwords, PreviewGrants, RateLimiter, hash_secret
from ..errors import FireflyError, NotFound
from ..projects import Action, Projects
from ..secrets import Keyring
from .codes import hash_code
from .keys import PURPOSE
from .model import NOBODYS, Place, Visitor
from .records import Records
from .visits import Visits

LONGEST_VISIT = timedelta(days=30)
AFTER_ANSWER = timedelta(days=1)
# Codes have 37 bits: at these rates somebody with a thousand addresses needs centuries for one.
BY_NETWORK, BY_HOST = Limit(10, 600), Limit(300, 3600)
LONGEST_SECRET = 400


class Entrances:
    """Each raises RateLimited after too many attempts, and LimitReached when too many are inside."""

    def __init__(
        self,
        *,
        records: Records,
        projects: Projects,
        grants: PreviewGrants,
        visits: Visits,
        limiter: RateLimiter,
        passwords: Passwords,
        keyring: Keyring,
    ) -> None:
        self._records = records
        self._queries = records.queries
        self._projects = projects
        self._grants = grants
        self._visits = visits
        self._limiter = limiter
        self._passwords = passwords
        self._keys = keyring.derive_all(PURPOSE)

    async def ground_of(self, identity: Identity | None, place: Place) -> Ground:
        """Why an account may see what is there. Raises NotFound, the same for unknown and forbidden."""
        project_id = place.project_id
        refused: FireflyError | None = None
        try:
            await self._projects.get_by_id(identity, project_id, Action.PREVIEW)
        except FireflyError as error:
            refused = error
        # Asked for in any case, so that the clock tells nothing.
        account_id = identity.account.id if identity else NOBODYS
        async with self._records.database.connection() as connection:
            person = await self._queries.person(connection, project_id=project_id, account_id=account_id)
        if refused is None:
            return Ground()
        if person is None or identity is None:
            raise NotFound("There is no such preview, or it is not for you.") from refused
        return Ground(Kind.PERSON, UUID(str(person)))

    async def by_ticket(self, ticket: str, place: Place, nonce: str, visitor: Visitor) -> Grant:
        """Raises Unauthenticated."""
        grant = await self._grants.redeem_ticket(ticket, host=place.host, nonce=nonce)
        return await self._visits.enter(grant, visitor)

    async def by_link(self, secret: str, place: Place, visitor: Visitor) -> Grant | None:
        now = self._records.clock.now()
        async with self._records.database.connection() as connection:
            row = await self._queries.take_link(
                connection, hash=hash_secret(secret[:LONGEST_SECRET]), project_id=place.project_id, now=now
            )
        if row is None:
            return None
        end = now + LONGEST_VISIT
        ends_at = min(row["expires_at"], end) if row["expires_at"] else end
        grant = self._grants.make(
            Kind.LINK,
            place.project_id,
            place.policy_version,
            source_id=UUID(str(row["id"])),
            issued_at=now,
            ends_at=ends_at,
        )
        return await self._visits.enter(grant, visitor, who=row["label"])

    async def by_code(self, code: str, place: Place, visitor: Visitor) -> Grant | None:
        await self._count(place, visitor)
        now = self._records.clock.now()
        hashes = hash_code(self._keys, place.project_id, code)
        async with self._records.database.connection() as connection:
            row = await self._queries.take_code(connection, project_id=place.project_id, hashes=hashes, now=now)
        if row is None:
            return None
        grant = self._grants.make(
            Kind.CODE,
            place.project_id,
            place.policy_version,
            source_id=UUID(str(row["id"])),
            issued_at=now,
            ends_at=now + AFTER_ANSWER if row["request_id"] else row["expires_at"],
        )
        return await self._visits.enter(grant, visitor, who=row["who"])

    async def by_password(self, password: str, place: Place, visitor: Visitor) -> Grant | None:
        await self._count(place, visitor)
        now = self._records.clock.now()
        async with self._records.database.connection() as connection:
            row = await self._queries.password(connection, project_id=place.project_id)
        if not await self._passwords.verify(row["hash"] if row else None, password[:LONGEST_SECRET]) or row is None:
            return None
        grant = self._grants.make(
            Kind.PASSWORD,
            place.project_id,
            place.policy_version,
            source_id=UUID(str(row["id"])),
            issued_at=now,
            ends_at=now + LONGEST_VISIT,
        )
        return await self._visits.enter(grant, visitor)

    async def _count(self, place: Place, visitor: Visitor) -> None:
        network = network_of(visitor.address)
        await self._limiter.hit_all({f"access/{network}": BY_NETWORK, f"access/host/{place.host}": BY_HOST})

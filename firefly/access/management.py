"""What owners and maintainers do with access: look, open, close."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from ..auth import Identity, PreviewGrants
from ..errors import Forbidden
from ..projects import Action, Project, Projects, Role
from ..projects.access import is_administrator
from ..store import Connection
from . import checks
from .model import AccessRequest, Code, Link, Overview, Password, Person, Policy, PolicyChange, Visit
from .policies import KIND, TOPIC, Policies
from .records import Records

LISTED = 200


class Management:
    """`address` is always that of whoever asks, for the log."""

    def __init__(self, *, records: Records, projects: Projects, policies: Policies, grants: PreviewGrants) -> None:
        self._records = records
        self._queries = records.queries
        self._projects = projects
        self._policies = policies
        self._grants = grants

    async def overview(self, identity: Identity, owner: str, name: str) -> Overview:
        project = await self._projects.get(identity, owner, name, Action.READ)
        rank = _rank(identity, project)
        seen = Overview(
            visibility=project.visibility.value,
            may_manage=rank >= Role.MAINTAINER.rank,
            may_widen=rank >= Role.OWNER.rank,
        )
        async with self._records.database.connection() as connection:
            if not seen.may_manage:
                policy = await self._policy(connection, project)
                return replace(seen, policy=Policy(is_public=policy.is_public))
            return await self._complete(connection, project, seen)

    async def _complete(self, connection: Connection, project: Project, seen: Overview) -> Overview:
        asked = {"project_id": project.id, "now": self._records.clock.now(), "most": LISTED}
        code = await self._queries.own_code(connection, **asked)
        password = await self._queries.password(connection, project_id=project.id)
        return replace(
            seen,
            policy=await self._policy(connection, project),
            people=[Person(**row) async for row in self._queries.people(connection, **asked)],
            links=[Link(**row) async for row in self._queries.links(connection, **asked)],
            code=Code(**_without(code, "id")) if code else None,
            password=Password(password["by"], password["since"]) if password else None,
            grants=[Visit(**row) async for row in self._queries.grants(connection, **asked)],
            requests=[AccessRequest(**row) async for row in self._queries.requests(connection, **asked)],
        )

    async def _policy(self, connection: Connection, project: Project) -> Policy:
        row = await self._queries.policy(connection, project_id=project.id)
        return Policy.from_row(row) if row else Policy()

    async def set_policy(
        self, identity: Identity, owner: str, name: str, change: PolicyChange, *, address: str | None = None
    ) -> None:
        """Raises InvalidInput, and Forbidden where it lets more people in and the caller is no owner."""
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        what = next((field for field in PolicyChange.__slots__ if getattr(change, field) is not None), "public")
        async with self._records.change(identity, project, what, "policy", address=address) as (connection, detail):
            # Looked at where no other change comes in between, or what was just taken away could come back by this one.
            former = await self._policy(connection, project)
            wanted = _changed(former, change)
            if _widens(former, wanted) and _rank(identity, project) < Role.OWNER.rank:
                raise Forbidden(f"Letting more people see {project.path} needs the role owner. Ask an owner.")
            row = _row(wanted)
            detail.update(row)
            await self._queries.put_policy(connection, project_id=project.id, **row)
            await self._records.bus.publish(TOPIC, KIND, {"project_id": str(project.id)}, connection=connection)
        await self._policies.apply(project.id)

    async def end_grant(
        self, identity: Identity, owner: str, name: str, grant_id: UUID, *, address: str | None = None
    ) -> bool:
        """Whether there was such a grant."""
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        async with self._records.change(identity, project, "grants", "revoked", address=address) as (
            connection,
            detail,
        ):
            detail["grant"] = str(grant_id)
            found = await self._queries.delete_grant(connection, project_id=project.id, id=grant_id)
            if found is not None:
                await self._grants.revoke("ended by its owner", grant_id=grant_id, connection=connection)
        return found is not None

    async def end_grants(self, identity: Identity, owner: str, name: str, *, address: str | None = None) -> None:
        """End all; members and people come back by themselves."""
        project = await self._projects.get(identity, owner, name, Action.MANAGE)
        async with self._records.change(identity, project, "grants", "revoked", address=address) as (
            connection,
            detail,
        ):
            detail["grant"] = "all"
            await self._queries.delete_grants(connection, project_id=project.id)
            await self._grants.revoke("all ended by their owner", grant_id=project.id, connection=connection)


def _rank(identity: Identity, project: Project) -> int:
    """Administrators of the installation are as owners."""
    if project.role is None:
        return Role.OWNER.rank if is_administrator(identity) else 0
    return project.role.rank


def _without(row: Any, name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def _changed(policy: Policy, change: PolicyChange) -> Policy:
    row = _row(policy)
    if change.public is not None:
        row["is_public"] = change.public
    if change.addresses is not None:
        row["addresses"] = checks.check_addresses(change.addresses)
    if change.public_paths is not None:
        row["public_paths"] = checks.check_paths(change.public_paths)
    if change.public_preflights is not None:
        row["public_preflights"] = change.public_preflights
    if change.service_workers is not None:
        row["service_workers"] = change.service_workers
    return Policy.from_row(row)


def _row(policy: Policy) -> dict[str, Any]:
    return {
        "is_public": policy.is_public,
        "addresses": [str(network) for network in policy.networks],
        "public_paths": sorted(path.decode() for path in policy.public_paths),
        "public_preflights": policy.public_preflights,
        "service_workers": policy.service_workers,
    }


def _widens(former: Policy, wanted: Policy) -> bool:
    """Whether anybody may see more than before, or be seen for longer."""
    return (
        (wanted.is_public and not former.is_public)
        or (wanted.public_preflights and not former.public_preflights)
        or (wanted.service_workers and not former.service_workers)
        or not wanted.public_paths <= former.public_paths
        or not all(_is_within(network, former.networks) for network in wanted.networks)
    )


def _is_within(network: Any, others: Sequence[Any]) -> bool:
    return any(network.version == other.version and network.subnet_of(other) for other in others)

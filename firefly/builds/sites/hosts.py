"""The hosts of sites: which label shows what, written down and routed in one transaction."""

from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

from firefly import hostnames
from firefly.errors import NameTaken, NotFound
from firefly.hostnames import BranchLabel, BuildLabel, ExtraLabel, Label, PullRequestLabel
from firefly.routes import Access, PagesTarget, Route, SandboxTarget
from firefly.routes.store import RouteStore
from firefly.store import Connection

from ..queueing.records import plain
from .facts import SiteFacts
from .records import SiteRecords

# No ref has it in its name, so that what is marked with it is nobody else's.
MARK = "\x1f"
ATTEMPTS = 20


class SiteHosts:
    def __init__(self, records: SiteRecords, routes: RouteStore) -> None:
        self._records = records
        self._queries = records.queries
        self._routes = routes

    async def label(self, project_id: UUID, ref: str, owner: str, name: str, connection: Connection) -> str:
        """Of the ref's main host. The caller holds the ref."""
        return await self._allocate(project_id, ref, "", owner, name, connection)

    async def show(self, facts: SiteFacts, *, newest: bool, connection: Connection) -> list[str]:
        """Let the hosts of a build, and where it is the `newest` those of its ref, lead to it."""
        owner, name = facts.owner, facts.project
        own = hostnames.format(BuildLabel(facts.number, name, owner))
        hosts = [await self._put(facts, own, None, "", connection)]
        if not newest:
            return hosts
        subs = ("", *facts.wanted.subs)
        for sub in subs:
            label = await self._allocate(facts.project_id, facts.ref, sub, owner, name, connection)
            hosts.append(await self._put(facts, label, facts.ref, sub, connection))
        return hosts + await self._drop(facts.project_id, facts.ref, subs, connection)

    async def take_away(self, project_id: UUID, ref: str, connection: Connection) -> list[str]:
        """All hosts of a ref; those of its builds stay."""
        return await self._drop(project_id, ref, (), connection)

    async def rename(
        self, project_id: UUID, old: tuple[str, str], new: tuple[str, str], connection: Connection
    ) -> list[str]:
        """The project has another owner or name, given as both: what led to the old hosts leads to the new ones."""
        hosts: list[str] = []
        for row in [row async for row in self._queries.hosts_of_project(connection, project_id=project_id)]:
            label = _label(row["ref"], row["sub"], row["number"], *new)
            if row["ref"] is not None and row["label"] != _label(row["ref"], row["sub"], row["number"], *old):
                # It was given another one than usual, since that was taken.
                label = await self._allocate(project_id, row["ref"], row["sub"], new[1], new[0], connection, anew=True)
            await self._queries.move_host(connection, old_label=row["label"], new_label=label)
            before, after = self._records.host(row["label"]), self._records.host(label)
            # One that has no route gets it when routes are put right.
            with suppress(NotFound):
                hosts += await self._routes.rename(before, after, connection=connection)
        return hosts

    async def route(self, project_id: UUID, visibility: str, connection: Connection) -> list[str]:
        """All that a project's sites are to have, as after it came back from the bin."""
        hosts: list[str] = []
        for row in [row async for row in self._queries.hosts_of_project(connection, project_id=project_id)]:
            route = Route(
                self._records.host(row["label"]),
                PagesTarget(plain(row["site_id"])) if row["is_pages"] else SandboxTarget(plain(row["workspace_id"])),
                project_id,
                Access(row["narrowed"] or visibility),
            )
            hosts += await self._routes.add(route, connection=connection)
        return hosts

    async def _put(self, facts: SiteFacts, label: str, ref: str | None, sub: str, connection: Connection) -> str:
        narrowed = facts.wanted.narrowed
        if not await self._queries.put_host(
            connection, label=label, project_id=facts.project_id, ref=ref, sub=sub, site_id=facts.id, narrowed=narrowed
        ):
            raise NameTaken(f"The host label {label} was taken by another branch just now. Start the site again.")
        host, access = self._records.host(label), narrowed or Access(facts.visibility)
        route = Route(host, facts.target, facts.project_id, access)
        await self._routes.add(route, connection=connection)
        return host

    async def _drop(self, project_id: UUID, ref: str, wanted: Sequence[str], connection: Connection) -> list[str]:
        rows = self._queries.drop_hosts_of_ref(connection, project_id=project_id, ref=ref, wanted=list(wanted))
        gone = [self._records.host(row["label"]) async for row in rows]
        for host in gone:
            await self._routes.drop(project_id, host, connection=connection)
        return gone

    async def _allocate(
        self,
        project_id: UUID,
        ref: str,
        sub: str,
        owner: str,
        name: str,
        connection: Connection,
        *,
        anew: bool = False,
    ) -> str:
        """The label that a ref has already; else the first that nobody has."""
        known = None if anew else await self._queries.host_of_ref(connection, project_id=project_id, ref=ref, sub=sub)
        if known is not None:
            return str(known)
        for attempt in range(ATTEMPTS):
            label = _label(ref, sub, 0, name, owner, attempt=attempt)
            if await self._queries.label_holder(connection, label=label) is None:
                return label
        raise AssertionError("so many labels do not share a hash")


def _label(ref: str | None, sub: str, number: int, name: str, owner: str, *, attempt: int = 0) -> str:
    """The usual label; another one at each `attempt`."""
    if ref is None:
        return hostnames.format(BuildLabel(number, name, owner))
    kind, _, rest = ref.removeprefix("refs/").partition("/")
    label: Label
    if kind == "pull" and not sub and not attempt:
        label = PullRequestLabel(int(rest), name, owner)
    else:
        # Of a tag, and a pull request, it is written so that no branch has it.
        marked = {"heads": rest, "tags": f"{rest}{MARK}tag", "pull": f"pr-{rest}{MARK}"}[kind] + MARK * attempt
        label = ExtraLabel(sub, marked, name, owner) if sub else BranchLabel(marked, name, owner)
    return hostnames.format(label)

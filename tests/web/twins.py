"""Twins of projects, sandboxes and what else the web layer calls: each says exactly what a test wants."""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from firefly import auth, errors
from firefly.artifacts import Artifact
from firefly.auth import Account, Identity
from firefly.builds.analysis import Plan, Strategy
from firefly.builds.asking.commits import CommitFacts
from firefly.builds.model import Build
from firefly.git import Checkpoint, Comparison, FileChange, Service
from firefly.projects import (
    Action,
    Created,
    CreateProject,
    Job,
    JobState,
    LastChange,
    Member,
    Opened,
    OwnWorkspace,
    Page,
    Prebuild,
    Project,
    Role,
    UpdateProject,
    Visibility,
    WorkspaceFacts,
)
from firefly.projects.access import RULES
from firefly.proxy.journal import Failure
from firefly.proxy.report import Pooled, Report, Talker
from firefly.proxy.tally import SPANS
from firefly.sandbox.backend import Instance, Limits, State
from firefly.sandbox.keeper import Asked, Glance, KeepAwake, Status, Terms, Wishes

NOW = datetime(2026, 11, 20, tzinfo=UTC)

NOTHING = "There is no such project."


@dataclass
class MemoryProjects:
    """Projects by path, members by project id; the rules are the shortest that make sense."""

    by_path: dict[str, Project] = field(default_factory=dict)
    members: dict[UUID, dict[UUID, Role]] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    requests: list[CreateProject] = field(default_factory=list)
    job: Job | None = None
    failure: Exception | None = None

    def add(self, owner: Account, name: str, **more: Any) -> Project:
        made = Project(
            id=uuid4(), owner=owner.name, name=name, description="", visibility=Visibility.MEMBERS,
            default_branch="main", workspace_id=uuid4(), created_at=NOW, changed_at=NOW, deleted_at=None,
            role=None, last_change=LastChange("created", owner.name, NOW), owner_id=owner.id,
        )  # fmt: skip
        made = replace(made, **more)
        self.by_path[made.path] = made
        self.members[made.id] = {owner.id: Role.OWNER}
        return made

    async def create(self, identity: Identity, request: CreateProject, *, address: str | None = None) -> Created:
        if self.failure:
            raise self.failure
        self.requests.append(request)
        made = self.add(identity.account, request.name, visibility=request.visibility)
        return Created(replace(made, role=Role.OWNER), self.job)

    async def get(
        self, identity: Identity | None, owner: str, name: str, action: Action = Action.READ, *, deleted: bool = False
    ) -> Project:
        path = f"{owner}/{name}"
        if path in self.moved:
            raise errors.Moved("It has a new name.", location=self.moved[path])
        return self._allow(identity, self.by_path.get(path), action)

    async def get_by_id(self, identity: Identity | None, project_id: UUID, action: Action = Action.READ) -> Project:
        return self._allow(identity, next((p for p in self.by_path.values() if p.id == project_id), None), action)

    def _allow(self, identity: Identity | None, project: Project | None, action: Action) -> Project:
        if project is None:
            raise errors.NotFound(NOTHING)
        role = self.members[project.id].get(identity.account.id) if identity else None
        reading = action in {Action.READ, Action.FETCH, Action.PREVIEW}
        if role is None and not (reading and project.visibility is Visibility.PUBLIC):
            raise errors.NotFound(NOTHING)
        if role is not None and role.rank < RULES[action][0].rank:
            raise errors.Forbidden("Your role does not reach.")
        return replace(project, role=role)

    async def list(
        self, identity: Identity, *, cursor: str | None = None, limit: int = 50, deleted: bool = False
    ) -> Page:
        mine = [p for p in self.by_path.values() if identity.account.id in self.members[p.id]]
        start = int(cursor or 0)
        following = str(start + limit) if len(mine) > start + limit else None
        return Page(mine[start : start + limit], following)

    async def update(self, identity: Identity, owner: str, name: str, change: UpdateProject) -> Project:
        found = await self.get(identity, owner, name, Action.WRITE)
        given = {key: value for key in ("name", "description", "visibility") if (value := getattr(change, key))}
        del self.by_path[found.path]
        changed = replace(found, **given)
        self.by_path[changed.path] = changed
        return changed

    async def delete(self, identity: Identity, owner: str, name: str) -> Project:
        return replace(await self.get(identity, owner, name, Action.DELETE), deleted_at=NOW)

    async def restore(self, identity: Identity, owner: str, name: str) -> Project:
        return await self.get(identity, owner, name, Action.DELETE)

    async def visible_ids(self, identity: Identity) -> frozenset[UUID]:
        return frozenset(id for id, members in self.members.items() if identity.account.id in members)

    async def by_workspace(self, workspace_id: UUID) -> WorkspaceFacts | None:
        found = next((p for p in self.by_path.values() if p.workspace_id == workspace_id), None)
        return WorkspaceFacts(workspace_id, found.id, found.owner, found.name, True) if found else None


@dataclass
class MemoryMembers:
    projects: MemoryProjects
    accounts: auth.Accounts

    async def list(self, identity: Identity | None, owner: str, name: str) -> Sequence[Member]:
        project = await self.projects.get(identity, owner, name)
        return [await self._member(id, role) for id, role in self.projects.members[project.id].items()]

    async def put(self, identity: Identity, owner: str, name: str, member: str, role: Role) -> Member:
        project = await self.projects.get(identity, owner, name, Action.WRITE)
        account = await self.accounts.by_name(member)
        if account is None:
            raise errors.NotFound("There is no such account.")
        self.projects.members[project.id][account.id] = role
        return await self._member(account.id, role)

    async def remove(self, identity: Identity, owner: str, name: str, member: str) -> None:
        project = await self.projects.get(identity, owner, name, Action.WRITE)
        account = await self.accounts.by_name(member)
        if account is None or self.projects.members[project.id].pop(account.id, None) is None:
            raise errors.NotFound("There is no such member.")

    async def _member(self, id: UUID, role: Role) -> Member:
        account = await self.accounts.get(id)
        return Member(id, account.name, account.display_name, role, NOW)


@dataclass
class MemoryOwn:
    """Members' own workspaces, by project and name."""

    projects: MemoryProjects
    kept: dict[tuple[UUID, str], OwnWorkspace] = field(default_factory=dict)
    stake: str = ""

    async def open(self, identity: Identity, owner: str, name: str, *, address: str | None = None) -> Opened:
        project = await self.projects.get(identity, owner, name, Action.RUN)
        return Opened(self.keep(project, identity.account))

    def keep(self, project: Project, account: Account) -> OwnWorkspace:
        made = OwnWorkspace(uuid4(), project.id, account.id, account.name, NOW, NOW, True)
        return self.kept.setdefault((project.id, made.member), made)

    async def list(self, identity: Identity, owner: str, name: str) -> Sequence[OwnWorkspace]:
        project = await self.projects.get(identity, owner, name, Action.FOLLOW)
        return [one for (id, _), one in self.kept.items() if id == project.id]

    async def find(self, identity: Identity, owner: str, name: str, member: str) -> OwnWorkspace:
        project = await self.projects.get(identity, owner, name, Action.FOLLOW)
        if (project.id, member) not in self.kept:
            raise errors.NotFound("There is no such workspace.")
        return self.kept[project.id, member]

    async def enter(self, identity: Identity | None, project: Project, member: str) -> Project:
        if identity is None or identity.account.name != member:
            raise errors.Forbidden("It is somebody else's.")
        return await self.oversee(identity, project, member)

    async def oversee(self, identity: Identity, project: Project, member: str) -> Project:
        found = await self.find(identity, project.owner, project.name, member)
        return replace(project, workspace_id=found.workspace_id, member=member)

    async def discard(
        self, identity: Identity, owner: str, name: str, member: str, *, anyway: bool, address: str | None = None
    ) -> None:
        await self.projects.get(identity, owner, name, Action.RUN)
        found = await self.find(identity, owner, name, member)
        if self.stake and not anyway:
            raise errors.Conflict(f"It holds {self.stake}.")
        del self.kept[found.project_id, member]


@dataclass
class MemoryJobs:
    job: Job

    async def get(self, identity: Identity, job_id: UUID) -> Job:
        if job_id != self.job.id:
            raise errors.NotFound("There is no such job.")
        return self.job

    async def list(self, identity: Identity, *, project_id: UUID | None = None) -> Sequence[Job]:
        return [self.job] if project_id in {None, self.job.project_id} else []

    async def cancel(self, identity: Identity, job_id: UUID) -> Job:
        if (await self.get(identity, job_id)).state.ended:
            raise errors.Conflict("It has ended already.")
        self.job = replace(self.job, state=JobState.CANCELLED)
        return self.job


class MemoryCheckpoints:
    """One, of the id that is all ones."""

    async def list(self, project_id: UUID, workspace_id: UUID, *, limit: int, skip: int) -> Sequence[Checkpoint]:
        return [Checkpoint("1" * 40, NOW, "main", 1, ["index.html"], 2, 1)][skip:limit]

    async def newest(self, project_id: UUID, workspace_id: UUID) -> str:
        return "1" * 40

    async def check(self, project_id: UUID, workspace_id: UUID, id: str) -> None:
        if id != "1" * 40:
            raise errors.NotFound("There is no such checkpoint.")

    async def read(self, project_id: UUID, workspace_id: UUID, id: str, name: str) -> AsyncGenerator[bytes, None]:
        await self.check(project_id, workspace_id, id)

        async def body() -> AsyncGenerator[bytes, None]:
            yield f"{name} as it was".encode()

        return body()


class MemoryComparisons:
    """Of that one with what was before, and with itself."""

    def __init__(self) -> None:
        self._checkpoints = MemoryCheckpoints()

    async def sides(self, project_id: UUID, workspace_id: UUID, id: str, *, now: str | None) -> tuple[str, str]:
        await self._checkpoints.check(project_id, workspace_id, id)
        return (id, now) if now else ("0" * 40, id)

    async def compare(self, project_id: UUID, base: str, target: str, *, limit: int, skip: int) -> Comparison:
        changes = [FileChange("index.html", "modified", 2, 1), FileChange("logo.png", "added", None, None)]
        return Comparison(base, target, len(changes), changes[skip : skip + limit])

    async def patch(
        self, project_id: UUID, base: str, target: str, name: str | None = None
    ) -> AsyncGenerator[bytes, None]:
        async def body() -> AsyncGenerator[bytes, None]:
            yield f"--- a/{name}\n".encode()

        return body()


class MemoryCommits:
    """Every branch shows the same commit, and whatever is asked for is there."""

    async def look(self, project_id: UUID, name: str) -> CommitFacts:
        if name == "refs/heads/nothing":
            raise errors.NotFound("There is no such branch.")
        return CommitFacts("c" * 40 if name.startswith("refs/") else name, subject="Grow", author="Ada")

    async def find(self, project_id: UUID, name: str) -> CommitFacts | None:
        return await self.look(project_id, name)


class MemoryExplaining:
    async def explain(self, build: Build) -> Plan:
        return Plan(Strategy.SITE, family="Static", folder=".", why={"folder": "It has an index.html."})


@dataclass
class MemorySites:
    """What is asked of sites is kept; all of it is done."""

    builds: Any
    projects: MemoryProjects
    asked: list[tuple[object, ...]] = field(default_factory=list)

    async def stop(self, identity: Identity, build_id: UUID) -> Build:
        return await self._do("stop", identity, build_id)

    async def start(self, identity: Identity, build_id: UUID) -> Build:
        return await self._do("start", identity, build_id)

    async def _do(self, what: str, identity: Identity, build_id: UUID) -> Build:
        build: Build = await self.builds.get(identity, build_id, Action.RUN)
        self.asked.append((what, build_id))
        return build

    async def demo(self, identity: Identity, owner: str, name: str, ref: str, *, is_demo: bool) -> None:
        await self.projects.get(identity, owner, name, Action.MANAGE)
        self.asked.append(("demo", ref, is_demo))


class MemoryPrebuilds:
    async def list(self, identity: auth.Identity, projects: Any, owner: str, name: str) -> Sequence[Prebuild]:
        project = await projects.get(identity, owner, name, Action.FOLLOW)
        made = Prebuild(project.id, "1" * 40, "succeeded", "Everything is installed.", "added", NOW, NOW, NOW)
        return (made,)


@dataclass
class MemoryKeeper:
    """Every workspace has the one bridge at `socket`; `failure` is what starting raises."""

    socket: Path
    failure: Exception | None = None
    runs: dict[UUID, Instance] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)
    ports: tuple[int, ...] = ()
    awake: list[KeepAwake] = field(default_factory=list)
    wishes: dict[UUID, Wishes] = field(default_factory=dict)
    touched: int = 0

    async def ensure(self, workspace_id: UUID, *, insist: bool = False) -> Instance:
        if self.failure:
            raise self.failure
        return self.runs.setdefault(workspace_id, Instance(uuid4().hex, workspace_id, NOW))

    async def stop(self, workspace_id: UUID, reason: str) -> None:
        self.runs.pop(workspace_id, None)
        self.reasons.append(reason)

    async def keep_awake(self, workspace_id: UUID, account_id: UUID, seconds: float, reason: str) -> None:
        await self.ensure(workspace_id)
        self.awake.append(KeepAwake(uuid4(), "ada", reason, NOW, NOW + timedelta(seconds=seconds)))

    async def let_sleep(self, workspace_id: UUID, keep_awake_id: UUID) -> None:
        self.awake = [one for one in self.awake if one.id != keep_awake_id]

    async def asked(self, workspace_id: UUID) -> Asked:
        return Asked(Wishes(), self.wishes.get(workspace_id, Wishes()), Wishes(), Wishes(), Terms())

    async def ask(self, workspace_id: UUID, wishes: Wishes) -> None:
        self.wishes[workspace_id] = wishes

    async def freeze(self, workspace_id: UUID, reason: str) -> None:
        if workspace_id not in self.runs:
            raise errors.Conflict("It does not run.")
        self.reasons.append(reason)

    async def restart(self, workspace_id: UUID, reason: str = "") -> Instance:
        await self.stop(workspace_id, reason)
        return await self.ensure(workspace_id)

    def glance(self, workspace_id: UUID) -> Glance:
        state = State.RUNNING if workspace_id in self.runs else State.STOPPED
        return Glance(state, self.reasons[-1] if self.reasons else "", None, None)

    async def status(self, workspace_id: UUID) -> Status:
        glance = self.glance(workspace_id)
        return Status(glance.state, glance.reason, NOW, limits=Limits(), awake=tuple(self.awake), ports=self.ports)

    def running(self, workspace_id: UUID) -> Instance | None:
        return self.runs.get(workspace_id)

    def touch(self, workspace_id: UUID) -> None:
        self.touched += 1

    def bridge_path(self, workspace_id: UUID) -> Path:
        return self.socket


@dataclass
class MemoryGit:
    """Answers with what it was given, so that tests see what arrives."""

    received: list[bytes] = field(default_factory=list)
    pushers: list[UUID | None] = field(default_factory=list)

    async def advertise(self, project_id: UUID, service: Service, *, protocol: str = "") -> AsyncGenerator[bytes, None]:
        yield f"advertised {service.value} {protocol}".encode()

    async def serve(
        self, project_id: UUID, service: Service, body: AsyncIterator[bytes], *, protocol: str = "",
        pusher_id: UUID | None = None,
    ) -> AsyncGenerator[bytes, None]:  # fmt: skip
        self.pushers.append(pusher_id)
        async for part in body:
            self.received.append(part)
        yield b"served"


class MemoryArtifacts:
    available = True

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def put(self, body: AsyncIterator[bytes], *, limit: int) -> Artifact:
        data = b"".join([part async for part in body])
        if len(data) > limit:
            raise errors.TooLarge("The archive is too large.")
        self.bodies.append(data)
        return Artifact(f"sha256:{len(self.bodies):064x}", len(data))

    async def remove(self, digest: str) -> None:
        self.bodies.pop(int(digest.removeprefix("sha256:"), 16) - 1)


async def report() -> Report:
    """A front door that had a minute's work."""
    spans = [0] * SPANS
    spans[10], spans[20] = 98, 2
    return Report(
        seconds=60.0, requests=6000, errors=60, spans=spans, lags=spans, longest_lag=0.25, connections=7, tunnels=3,
        held=1,
        pool=[Pooled("preview", uuid4(), None, 5, 4)],
        hosts=[Talker("shop--ann.preview.localhost", 5000, 1 << 20, 60)],
        clients=[Talker("192.0.2.7", 900, 1 << 20, 0)],
        failures=[Failure(NOW.timestamp(), "shop--ann.preview.localhost", "preview", "It stopped.", "a1")],
    )  # fmt: skip


def make_job(account: Account, state: JobState = JobState.RUNNING) -> Job:
    return Job(
        id=uuid4(), project_id=uuid4(), account_id=account.id, kind="import", state=state, steps=(), error=None,
        created_at=NOW, finished_at=None,
    )  # fmt: skip

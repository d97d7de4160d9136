"""What the sandbox of a site has to know of its build and its project."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from firefly.protocol.manifest import HealthCheck, Manifest
from firefly.routes import Access, PagesTarget, SandboxTarget

from ..model import SiteState, Trust, branch_of
from ..queueing.records import plain

# Seconds.
LONGEST_LOOK = 600.0


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a plan says of how its result runs. `health` None: whatever answers, but for its own failures, is well."""

    run: tuple[str, ...]
    runtime: str | None
    env: Mapping[str, str]
    port: int | None
    folder: str | None
    database: str | None
    configuration: Manifest

    @classmethod
    def of(cls, plan: Mapping[str, Any] | None) -> "Wanted":
        plan = plan or {}
        return cls(
            run=tuple(plan.get("run") or ()),
            runtime=plan.get("runtime"),
            env=dict(plan.get("env") or {}),
            port=plan.get("port"),
            folder=plan.get("folder"),
            database=plan.get("database"),
            configuration=Manifest.model_validate(plan.get("configuration") or {}),
        )

    @property
    def health(self) -> HealthCheck | None:
        """Nobody waits for it for longer than `LONGEST_LOOK`, whatever it asks for."""
        health = self.configuration.health
        if health is None or health.timeout <= LONGEST_LOOK:
            return health
        return health.model_copy(update={"timeout": LONGEST_LOOK})

    @property
    def subs(self) -> tuple[str, ...]:
        """Further hosts, each once."""
        return tuple(dict.fromkeys(self.configuration.urls))

    @property
    def narrowed(self) -> Access | None:
        """Who alone may see it of those whom the project lets in: firefly.yml can only narrow."""
        access = self.configuration.preview.access
        return None if access in (None, "public") else Access(f"only {access}")

    @property
    def has_something(self) -> bool:
        return bool(self.run) or self.folder is not None


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """`kind`: of the artifact, None where it is gone; `image_port`: what an image says that it listens on.

    `database_from`: the workspace whose database it copies. `is_pages`: served without a sandbox, so that it has no
    workspace.
    """

    id: UUID
    project_id: UUID
    build_id: UUID
    ref: str
    label: str
    workspace_id: UUID | None
    is_pages: bool
    state: SiteState
    reason: str
    is_demo: bool
    database_from: UUID | None
    number: int
    commit: str
    trust: Trust
    plan: Mapping[str, Any] | None
    artifact: str | None
    kind: str | None
    image_port: int | None
    project: str
    visibility: str
    owner_id: UUID
    owner: str
    owner_is_administrator: bool
    is_deleted: bool

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "SiteFacts":
        values = {field.name: plain(row[field.name]) for field in fields(cls)}
        return cls(**{**values, "state": SiteState(row["state"]), "trust": Trust(row["trust"])})

    @property
    def workspace(self) -> UUID:
        """Of one that has a sandbox."""
        assert self.workspace_id is not None, "pages have no workspace"
        return self.workspace_id

    @property
    def target(self) -> PagesTarget | SandboxTarget:
        """What its hosts lead to."""
        return PagesTarget(self.id) if self.is_pages else SandboxTarget(self.workspace)

    @property
    def wanted(self) -> Wanted:
        return Wanted.of(self.plan)

    @property
    def variables(self) -> Mapping[str, str]:
        """What tells a program that it is shown as a site, and of what."""
        return {
            "FIREFLY_PROJECT": f"{self.owner}/{self.project}",
            "FIREFLY_BUILD": str(self.number),
            "FIREFLY_BRANCH": branch_of(self.ref),
            "FIREFLY_COMMIT": self.commit,
        }

    @property
    def payer(self) -> str:
        """Whom its sandbox counts for: a name that no account can have, so that owners' own ones are counted apart."""
        return f"{self.owner}/sites"

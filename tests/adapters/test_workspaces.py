"""What the keeper learns of projects, and projects of the keeper."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from firefly.adapters.bridges import BridgeCalls
from firefly.adapters.workspaces import KeeperWorkspaces, ProjectSpecs, RunObserver
from firefly.errors import DatabaseUnavailable, SandboxFailed
from firefly.projects.seams import WorkspaceFacts
from firefly.sandbox.backend import Instance
from firefly.sandbox.workspaces import Standing
from firefly.settings import Settings

WORKSPACE = uuid4()
RUN = Instance("run-1", WORKSPACE, datetime(2026, 11, 20, tzinfo=UTC))


def facts(*, administrator: bool = False) -> WorkspaceFacts:
    return WorkspaceFacts(WORKSPACE, uuid4(), "ada", "site", administrator)


async def standing_of(workspace_id: UUID) -> Standing:
    return Standing(uid=4242, epoch=7, layered=False)


@pytest.mark.parametrize(
    ("found", "trusted", "environment"),
    [
        (facts(administrator=True), True, {"FIREFLY_PROJECT": "ada/site", "FIREFLY_EPOCH": "7"}),
        (facts(), False, {"FIREFLY_PROJECT": "ada/site", "FIREFLY_EPOCH": "7"}),
        (None, True, {"FIREFLY_EPOCH": "7"}),
    ],
)
async def test_limits_come_from_the_settings_and_trust_from_the_owner(
    settings: Settings, found: WorkspaceFacts | None, trusted: bool, environment: Mapping[str, str]
) -> None:
    async def facts_of(workspace_id: UUID) -> WorkspaceFacts | None:
        return found

    limited = settings.model_copy(update={"sandbox_memory": 1 << 28, "sandbox_cpu": 0.5, "sandbox_pids": 64})
    spec = await ProjectSpecs(settings=limited, facts_of=facts_of, standing_of=standing_of).spec(WORKSPACE)
    assert (spec.limits.memory, spec.limits.cpu, spec.limits.pids) == (1 << 28, 0.5, 64)
    assert (spec.workspace_id, spec.uid, spec.trusted, spec.environment) == (WORKSPACE, 4242, trusted, environment)


@dataclass
class Keeper:
    folder: Path
    prepared: UUID | None = None
    told: list[str] = field(default_factory=list)
    frozen: bool = False

    def is_frozen(self, instance: Instance) -> bool:
        return self.frozen

    async def claim_prepared(self, owner: str | None = None) -> Any:
        return SimpleNamespace(workspace_id=self.prepared) if self.prepared else None

    async def create_workspace(self) -> UUID:
        self.told.append("create")
        return WORKSPACE

    async def ensure(self, workspace_id: UUID) -> Instance:
        return RUN

    def bridge_path(self, workspace_id: UUID) -> Path:
        return self.folder / "bridge.sock"

    def gateway_path(self, workspace_id: UUID) -> Path:
        return self.folder / "git.sock"

    def running(self, workspace_id: UUID) -> Instance | None:
        return RUN if workspace_id == WORKSPACE else None

    async def stop(self, workspace_id: UUID, reason: str) -> None:
        self.told.append(f"stop: {reason}")

    async def remove(self, workspace_id: UUID) -> None:
        self.told.append("remove")


async def test_a_prepared_workspace_is_taken_before_a_new_one_is_made(tmp_path: Path) -> None:
    ready = uuid4()
    keeper = Keeper(tmp_path, ready)
    workspaces = KeeperWorkspaces(cast(Any, keeper))
    assert await workspaces.claim() == ready
    keeper.prepared = None
    assert await workspaces.claim() == WORKSPACE
    assert keeper.told == ["create"]


async def test_the_keeper_does_what_projects_want(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path)
    workspaces = KeeperWorkspaces(cast(Any, keeper))
    assert workspaces.running(WORKSPACE)
    assert not workspaces.running(uuid4())
    await workspaces.stop(WORKSPACE, "It was deleted.")
    await workspaces.remove(WORKSPACE)
    assert keeper.told == ["stop: It was deleted.", "remove"]


async def test_no_sandbox_is_specified_while_nobody_can_tell_whose_it_is(settings: Settings) -> None:
    """To start it as trusted instead would run a stranger's code without walls."""

    async def facts_of(workspace_id: UUID) -> WorkspaceFacts | None:
        raise DatabaseUnavailable("The database is away.")

    with pytest.raises(DatabaseUnavailable):
        await ProjectSpecs(settings=settings, facts_of=facts_of, standing_of=standing_of).spec(WORKSPACE)


@dataclass
class Gateway:
    open: dict[UUID, Path] = field(default_factory=dict)
    fails: bool = False
    forgotten: list[UUID] = field(default_factory=list)

    async def listen(self, workspace_id: UUID, path: Path) -> None:
        self.open[workspace_id] = path

    async def silence(self, workspace_id: UUID) -> None:
        if self.fails:
            raise OSError("the socket is gone already")
        del self.open[workspace_id]


def observer(
    settings: Settings, folder: Path, found: WorkspaceFacts | None, *, frozen: bool = False
) -> tuple[RunObserver, Gateway]:
    async def facts_of(workspace_id: UUID) -> WorkspaceFacts | None:
        return found

    keeper, gateway = cast(Any, Keeper(folder, frozen=frozen)), Gateway()

    async def secrets_of(project_id: UUID) -> dict[str, str]:
        return {"API_KEY": "k-1"}

    bridges = BridgeCalls(keeper=keeper, settings=settings, secrets_of=secrets_of)

    async def forget(workspace_id: UUID) -> None:
        gateway.forgotten.append(workspace_id)

    made = RunObserver(
        gateway=cast(Any, gateway), bridges=bridges, keeper=keeper, facts_of=facts_of, forget=forget,
        sealing=cast(Any, None),
    )  # fmt: skip
    return made, gateway


async def test_each_run_gets_its_way_to_git_and_learns_whose_it_is(settings: Settings) -> None:
    told: list[dict[str, Any]] = []

    async def configure(request: web.Request) -> web.Response:
        told.append(await request.json())
        return web.json_response({})

    app = web.Application()
    app.router.add_post("/configure", configure)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, settings.run_dir / "bridge.sock").start()
    observes, gateway = observer(settings, settings.run_dir, replace(facts(), filled=True))
    await observes.started(WORKSPACE, RUN)
    await runner.cleanup()
    assert gateway.open == {WORKSPACE: settings.run_dir / "git.sock"}
    assert told[0]["project"] == {"owner": "ada", "name": "site"}
    assert told[0]["preview_hosts"] == ["site--ada.preview.localhost"]
    assert told[0]["secrets"] == {"API_KEY": "k-1"}
    assert told[0]["base_url"] == settings.content_url("site--ada")
    await observes.ended(WORKSPACE, RUN)
    assert gateway.open == {}


@pytest.mark.parametrize("found", [None, facts()], ids=["nobody's", "not filled"])
async def test_a_workspace_of_nobody_yet_or_without_files_is_told_nothing(
    settings: Settings, found: WorkspaceFacts | None
) -> None:
    observes, gateway = observer(settings, settings.run_dir / "no-bridge-here", found)
    with capture_logs() as logged:
        await observes.started(WORKSPACE, RUN)
    assert logged == []
    assert WORKSPACE in gateway.open


async def test_a_bridge_that_does_not_listen_does_not_end_the_run(settings: Settings) -> None:
    observes, gateway = observer(settings, settings.run_dir, replace(facts(), filled=True))
    with capture_logs() as logged:
        await observes.started(WORKSPACE, RUN)
    assert [line["event"] for line in logged] == ["bridge.unconfigured"]
    assert WORKSPACE in gateway.open


async def test_one_that_is_adopted_frozen_is_not_waited_for(settings: Settings) -> None:
    observes, gateway = observer(settings, settings.run_dir, replace(facts(), filled=True), frozen=True)
    with capture_logs() as logged:
        await observes.started(WORKSPACE, RUN)
    assert logged == []
    assert WORKSPACE in gateway.open


async def test_a_socket_that_is_gone_already_is_no_fault_at_the_end_of_a_run(settings: Settings) -> None:
    observes, gateway = observer(settings, settings.run_dir, None)
    await observes.started(WORKSPACE, RUN)
    gateway.fails = True
    await observes.ended(WORKSPACE, RUN)
    assert WORKSPACE in gateway.open


async def test_a_run_whose_files_are_gone_and_cannot_be_had_is_used_by_nobody(settings: Settings) -> None:
    answers: dict[str, Any] = {"configure": {"lost": True}, "restore": {"files": 3, "checkpoint": None}}

    async def answer(request: web.Request) -> web.Response:
        found = answers[request.path[1:]]
        return web.json_response(found, status=503 if "detail" in found else 200)

    app = web.Application()
    app.router.add_post("/{any:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, settings.run_dir / "bridge.sock").start()
    observes, _ = observer(settings, settings.run_dir, replace(facts(), filled=True))
    await observes.started(WORKSPACE, RUN)
    with capture_logs() as logged:
        await observes.restore(WORKSPACE, RUN)
        await observes.restore(WORKSPACE, RUN)
    assert [line["event"] for line in logged] == ["workspace.lost", "workspace.restored"], "once"
    answers["restore"] = {"type": "unavailable", "detail": "The hosted repository cannot be read."}
    await observes.started(WORKSPACE, RUN)
    with pytest.raises(SandboxFailed, match="hosted repository cannot be read"):
        await observes.restore(WORKSPACE, RUN)
    answers["configure"] = {}
    await observes.started(WORKSPACE, RUN)
    await observes.restore(WORKSPACE, RUN)
    await runner.cleanup()


async def test_what_cannot_be_saved_at_the_end_is_logged_and_the_run_ends(settings: Settings) -> None:
    observes, _ = observer(settings, settings.run_dir, replace(facts(), filled=True))
    with capture_logs() as logged:
        await observes.save(WORKSPACE, RUN)
    assert [line["event"] for line in logged] == ["workspace.unsaved"]


async def test_nothing_is_kept_of_a_workspace_that_is_deleted(settings: Settings, tmp_path: Path) -> None:
    made, gateway = observer(settings, tmp_path, None)
    await made.forget(WORKSPACE)
    assert gateway.forgotten == [WORKSPACE]

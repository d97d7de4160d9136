"""How long an application of a site is waited for, and what is said of one that does not listen."""

from typing import Any, cast
from uuid import UUID

import pytest

from firefly.builds.sites import Starting
from firefly.builds.sites.starting import PATIENT
from firefly.errors import SandboxFailed
from firefly.protocol.application import LISTEN, ApplicationStatus, State
from firefly.testing.build_log import MemoryBuildLog
from tests.builds.sites.booth import Booth
from tests.builds.sites.test_watching import Bridges

SILENT = f"Nothing listens on port 3000, and nothing has happened for 30 s. {LISTEN}"


class Still(Bridges):
    """Every application is on its way, and does nothing any more."""

    async def application(self, workspace_id: UUID, *, wait: float) -> ApplicationStatus:
        status = await super().application(workspace_id, wait=wait)
        return status.model_copy(update={"state": State.STARTING, "reason": SILENT, "stalled": True})


class Keeper:
    """Of sandboxes that are always there already."""

    def running(self, workspace_id: UUID) -> None:
        return None

    async def ensure(self, workspace_id: UUID, *, insist: bool) -> None: ...


@pytest.mark.parametrize(
    ("configuration", "said"),
    [
        ({}, f"{SILENT} {PATIENT}"),
        # Where a time is given it counts, and no other.
        ({"health": {"timeout": "0.1s"}}, SILENT),
    ],
)
async def test_what_does_nothing_and_listens_nowhere_is_not_waited_for(
    booth: Booth, configuration: dict[str, Any], said: str
) -> None:
    facts = await booth.show("refs/heads/main", run=["sleep 1000"], configuration=configuration)
    bridges = Still()
    starting = Starting(keeper=cast(Any, Keeper()), exhibits=cast(Any, None), doorman=cast(Any, None), bridges=bridges)
    async with MemoryBuildLog().step("start") as step:
        with pytest.raises(SandboxFailed) as raised:
            await starting.start(facts, step)
    assert str(raised.value.detail) == said
    assert (len(bridges.asked) > 1) is bool(configuration)

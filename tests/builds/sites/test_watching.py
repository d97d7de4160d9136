"""Sites whose applications crash say so, and say no more when they run again."""

from uuid import UUID

from firefly.builds.sites import Watching
from firefly.builds.sites.facts import SiteFacts
from firefly.clock import SystemClock
from firefly.errors import Unavailable
from firefly.protocol.application import ApplicationKind, ApplicationStatus, Line, State
from tests.builds.sites.booth import Booth

NODE = "here"


class Bridges:
    """Fulfils `SiteBridges`; every application is as `state` and `reason` say."""

    def __init__(self) -> None:
        self.state, self.reason = State.RUNNING, "Running on port 3000."
        self.asked: list[UUID] = []
        self.away = False

    async def furnish(self, facts: SiteFacts, *, patience: float) -> None: ...

    async def application(self, workspace_id: UUID, *, wait: float) -> ApplicationStatus:
        self.asked.append(workspace_id)
        if self.away:
            raise Unavailable("The sandbox does not run.")
        since = SystemClock().now()
        return ApplicationStatus(
            state=self.state, kind=ApplicationKind.SERVER, command="x", port=3000, reason=self.reason, since=since
        )

    async def output(self, workspace_id: UUID, *, after: int | None) -> list[Line]:
        return []


async def test_a_crash_is_the_sites_reason_until_it_runs_again(booth: Booth) -> None:
    shown, asleep = await booth.show("refs/heads/main"), await booth.show("refs/heads/asleep", 2)
    for facts, state in ((shown, "running"), (asleep, "stopped")):
        await booth.yard.execute(
            "insert into sandboxes (workspace_id, state, reason, since, node) values ($1, $2, '', now(), $3)",
            facts.workspace_id, state, NODE,
        )  # fmt: skip
    bridges = Bridges()
    watching = Watching(booth.records, bridges, node=NODE)

    async def said() -> str:
        await watching.look()
        site = await booth.records.find(shown.id)
        assert site is not None
        assert site.state == "live"
        return site.reason

    before = await said()
    bridges.state, bridges.reason = State.CRASHED, "The application ended with exit status 3. Trying again in 4 s."
    assert await said() == "Its application crashed. The application ended with exit status 3."
    bridges.away = True
    assert await said() == "Its application crashed. The application ended with exit status 3."
    bridges.away, bridges.state, bridges.reason = False, State.RUNNING, "Running on port 3000."
    assert await said() == "It is shown."
    assert before == ""
    # What sleeps is not asked, nor is what another server keeps.
    assert set(bridges.asked) == {shown.workspace_id}
    await Watching(booth.records, bridges, node="elsewhere").look()
    assert len(bridges.asked) == 4

"""The server's calls to bridges: filling, naming and updating workspaces, asking after applications."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from urllib.parse import urlsplit
from uuid import UUID

import structlog

from firefly import hostnames
from firefly.client.bridge import BridgeClient
from firefly.client.errors import domain_errors
from firefly.errors import FireflyError
from firefly.projects.seams import Prepared, PullResult, WorkspaceFacts
from firefly.protocol.application import ApplicationStatus, Line, State
from firefly.protocol.workspace import CarryParams, Configuration, InitializeParams, Member, ProjectName, Role
from firefly.sandbox.keeper import Keeper
from firefly.settings import Settings

log = structlog.get_logger()

SecretsOf = Callable[[UUID], Awaitable[Mapping[str, str]]]
# Seconds that an application gets to be ready, and all of what is asked of it.
WARM_UP = 60.0
_READ = "import sys, urllib.request as http; [http.urlopen(url).read() for url in sys.argv[1:]]"
ASK = f'exec "$FIREFLY_PYTHON" -I -c "{_READ}" "$@"'
SERVER = Member(id="", name="firefly", role=Role.VIEWER)


class BridgeCalls:
    """Fulfils `projects.BridgeGateway`; each call starts the sandbox when needed."""

    def __init__(self, *, keeper: Keeper, settings: Settings, secrets_of: SecretsOf) -> None:
        self._keeper = keeper
        self._settings = settings
        self._secrets_of = secrets_of

    @asynccontextmanager
    async def _bridge(self, workspace_id: UUID) -> AsyncIterator[BridgeClient]:
        """Raises domain errors only."""
        await self._keeper.ensure(workspace_id)
        async with domain_errors(), BridgeClient.on_socket(self._keeper.bridge_path(workspace_id)) as bridge:
            yield bridge

    async def initialize_template(self, workspace_id: UUID, template: str) -> None:
        async with self._bridge(workspace_id) as bridge:
            await bridge.initialize(InitializeParams(template=template))

    async def initialize_clone(self, workspace_id: UUID, *, onto: bool = False) -> None:
        async with self._bridge(workspace_id) as bridge:
            await bridge.initialize(InitializeParams(clone=True, onto=onto))

    async def wake(self, workspace_id: UUID) -> None:
        await self._keeper.ensure(workspace_id)

    async def prepare(self, workspace_id: UUID, *, warm: Sequence[str] = ()) -> Prepared:
        async with self._bridge(workspace_id) as bridge:
            status = await bridge.prepare()
            async with bridge.connect(member=SERVER, answers=True) as connection:
                lines = (await connection.subscribe()).lines
            done = status.state is State.STOPPED
            if done and warm:
                await _warm(bridge, warm)
        return Prepared(done, status.reason, len(status.steps), "\n".join(line.text for line in lines))

    async def initialize_archive(
        self, workspace_id: UUID, *, filename: str, size: int, body: AsyncIterator[bytes]
    ) -> None:
        async with self._bridge(workspace_id) as bridge:
            await bridge.initialize_archive(body)

    async def initialize_remix(self, workspace_id: UUID, changes: AsyncIterator[bytes], *, onto: bool = False) -> None:
        async with self._bridge(workspace_id) as bridge:
            await bridge.initialize_remix(changes, onto=onto)

    @asynccontextmanager
    async def changes(self, workspace_id: UUID, *, base: str, published: bool) -> AsyncIterator[AsyncIterator[bytes]]:
        params = CarryParams(base=base, published=published)
        async with self._bridge(workspace_id) as bridge, bridge.changes(params) as response:
            yield response.content.iter_any()

    async def configure(self, facts: WorkspaceFacts) -> None:
        configuration = await self.configuration(facts)
        async with self._bridge(facts.workspace_id) as bridge:
            await bridge.configure(configuration)

    async def pull(self, workspace_id: UUID, ref: str) -> PullResult:
        async with self._bridge(workspace_id) as bridge:
            pulled = await bridge.pull(ref)
        return PullResult(pulled.updated, pulled.reason)

    async def application(self, workspace_id: UUID, *, wait: float = 0) -> ApplicationStatus:
        """Once it is neither installing nor starting, or after `wait` seconds."""
        async with self._bridge(workspace_id) as bridge:
            return await bridge.application_status(wait=wait)

    async def ports(self, workspace_id: UUID) -> Sequence[int]:
        """What is listened on in a sandbox that runs, beside the main port; one that does not is left asleep."""
        if self._keeper.running(workspace_id) is None:
            return ()
        async with self._bridge(workspace_id) as bridge:
            return await bridge.ports()

    async def glimpse(self, workspace_id: UUID, after: int | None) -> tuple[ApplicationStatus, Line | None]:
        """How the application of a sandbox that runs is doing, and what it printed last after a line; no activity.

        Raises Unavailable where none runs, TimedOut.
        """
        async with (
            domain_errors(),
            BridgeClient.on_socket(self._keeper.bridge_path(workspace_id)) as bridge,
            bridge.connect(member=SERVER, answers=True) as connection,
        ):
            status = await bridge.application_status()
            lines = (await connection.subscribe(after=after)).lines
            return status, lines[-1] if lines else None

    async def recent_output(self, workspace_id: UUID) -> list[Line]:
        """What the application printed last, as far as the bridge keeps it."""
        async with self._bridge(workspace_id) as bridge, bridge.connect(member=SERVER, answers=True) as connection:
            return (await connection.subscribe()).lines

    async def configuration(self, facts: WorkspaceFacts) -> Configuration:
        url = self._settings.content_url(hostnames.format(facts.label))
        return Configuration(
            project=ProjectName(owner=facts.owner, name=facts.name),
            preview_hosts=[str(urlsplit(url).hostname)],
            base_url=url,
            secrets=dict(await self._secrets_of(facts.project_id)),
            filled=facts.filled,
        )


async def _warm(bridge: BridgeClient, paths: Sequence[str]) -> None:
    """Asked by a command inside, since what answers is the project's. Raises nothing: all that is lost is time."""
    try:
        async with domain_errors():
            await bridge.start_application()
            port = (await bridge.application_status(wait=WARM_UP)).port
            urls = [f"http://127.0.0.1:{port}{path}" for path in paths]
            done = await bridge.execute(["/bin/sh", "-c", ASK, "ask", *urls], timeout=WARM_UP)
            await bridge.stop_application()
        reason = done.stderr[-500:] if done.exit_code else ""
    except FireflyError as error:
        reason = error.detail
    if reason:
        log.warning("workspace.not_warmed", paths=paths, reason=reason)

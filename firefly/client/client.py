"""The typed client of the API, version 1: its calls, by noun."""

from collections.abc import AsyncIterator
from uuid import UUID

from .api_transport import API, ApiTransport, project_path
from .bridge import BridgeClient
from .builds import BuildCalls
from .checkpoints import CheckpointCalls
from .clearing import ClearingCalls
from .deliveries import DeliveryCalls
from .domains import DomainCalls
from .hooks import HookCalls
from .linking import LinkingCalls
from .models import Job, Me, Page, Template
from .people import PeopleCalls
from .projects import ProjectCalls
from .quotas import QuotaCalls
from .sandbox import SandboxCalls
from .secrets import SecretCalls
from .sse import ServerEvent
from .tokens import TokenCalls
from .workspaces import WorkspaceCalls


class FireflyClient(ApiTransport):
    """Talks to one server as one account: `await client.projects.all()`, `await client.secrets("ada", "shop").all()`.

    Use it as an async context manager. Every call raises ClientError.
    """

    @property
    def builds(self) -> BuildCalls:
        return BuildCalls(self)

    @property
    def clearing(self) -> ClearingCalls:
        return ClearingCalls(self)

    @property
    def linking(self) -> LinkingCalls:
        return LinkingCalls(self)

    @property
    def people(self) -> PeopleCalls:
        return PeopleCalls(self)

    @property
    def projects(self) -> ProjectCalls:
        return ProjectCalls(self)

    @property
    def quotas(self) -> QuotaCalls:
        return QuotaCalls(self)

    @property
    def tokens(self) -> TokenCalls:
        return TokenCalls(self)

    def checkpoints(self, owner: str, name: str) -> CheckpointCalls:
        return CheckpointCalls(self, owner, name)

    def deliveries(self, owner: str, name: str) -> DeliveryCalls:
        return DeliveryCalls(self, owner, name)

    def domains(self, owner: str, name: str) -> DomainCalls:
        return DomainCalls(self, owner, name)

    def files(self, owner: str, name: str) -> BridgeClient:
        """The project's files, commands and bridge; close it after use."""
        return BridgeClient.at(f"{self.server}{API}{project_path(owner, name)}", self.token, workspace=self.workspace)

    def hooks(self, owner: str, name: str) -> HookCalls:
        return HookCalls(self, owner, name)

    def sandbox(self, owner: str, name: str) -> SandboxCalls:
        return SandboxCalls(self, owner, name)

    def secrets(self, owner: str, name: str) -> SecretCalls:
        return SecretCalls(self, owner, name)

    def workspaces(self, owner: str, name: str) -> WorkspaceCalls:
        return WorkspaceCalls(self, owner, name)

    async def me(self) -> Me:
        return await self.ask(Me, "GET", "/me")

    async def templates(self) -> list[Template]:
        return (await self.ask(Page[Template], "GET", "/templates")).items

    async def job(self, job_id: UUID) -> Job:
        return await self.ask(Job, "GET", f"/jobs/{job_id}")

    async def events(self, *, last_id: str | None = None) -> AsyncIterator[ServerEvent]:
        """Changes of state as they happen, until the iterator is closed."""
        async for event in self.stream("GET", "/events", headers={"Last-Event-ID": last_id} if last_id else {}):
            yield event

"""The sandboxes of builds and sites: what they are started with, and what the bridges of sites are told."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from uuid import UUID

import structlog

from firefly.builds.images import running
from firefly.builds.model import Trust
from firefly.builds.sites import SiteFacts, SiteRecords
from firefly.client.bridge import BridgeClient
from firefly.client.errors import domain_errors
from firefly.errors import FireflyError
from firefly.protocol.application import ApplicationStatus, Line
from firefly.protocol.site import DatabaseParams, SiteParams
from firefly.protocol.workspace import Configuration, ProjectName
from firefly.sandbox.backend import SandboxSpec
from firefly.sandbox.keeper import Keeper, WorkspaceSource
from firefly.secrets import Keyring
from firefly.settings import Settings

from .bridges import SERVER

log = structlog.get_logger()

SecretsOf = Callable[[UUID], Awaitable[Mapping[str, str]]]
Pour = Callable[[UUID, str], Awaitable[None]]


class BuiltSpecs:
    """Fulfils the keeper's `WorkspaceSource`: of what belongs to no person by whose code it is."""

    def __init__(self, others: WorkspaceSource, records: SiteRecords) -> None:
        self._others = others
        self._records = records

    async def spec(self, workspace_id: UUID) -> SandboxSpec:
        made = await self._others.spec(workspace_id)
        if made.owner:
            return made
        async with self._records.database.connection() as connection:
            row = await self._records.queries.built_for(connection, workspace_id=workspace_id)
        if row is None:
            return made
        return replace(
            made,
            environment={**made.environment, "FIREFLY_PROJECT": f"{row['owner']}/{row['project']}"},
            # Not an administrator's because his project was forked.
            trusted=row["owner_is_administrator"] and row["trust"] == Trust.PROJECT,
            # Counted apart from the owner's own sandboxes, by limits of their own.
            owner=f"{row['owner']}/{row['purpose']}s",
            bounded=False,
            image=running.beside(kind=row["kind"], artifact=row["artifact"], runtime=row["runtime"]),
        )


class BridgesOfSites:
    """Fulfils `SiteBridges`. `pour` puts an artifact into what runs, `secrets_of` gives a project's secrets."""

    def __init__(
        self,
        *,
        keeper: Keeper,
        records: SiteRecords,
        settings: Settings,
        keyring: Keyring,
        secrets_of: SecretsOf,
        pour: Pour,
    ) -> None:
        self._keeper = keeper
        self._records = records
        self._settings = settings
        self._keyring = keyring
        self._secrets_of = secrets_of
        self._pour = pour

    async def furnish(self, facts: SiteFacts, *, patience: float) -> None:
        if facts.database_from is not None and facts.wanted.database:
            await self._copy_database(facts, facts.database_from, patience)
        image = running.beside(kind=facts.kind, artifact=facts.artifact, runtime=facts.wanted.runtime)
        if image is not None and self._keeper.joins_images:
            await self._keeper.accompany(facts.workspace, image)
        configuration = await self._configuration(facts)
        async with domain_errors(), self._bridge(facts.workspace) as bridge:
            configured = await bridge.configure(configuration)
        if configured.lost and facts.artifact is not None:
            await self._pour(facts.workspace, facts.artifact)
            async with domain_errors(), self._bridge(facts.workspace) as bridge:
                await bridge.configure(configuration)
        async with self._records.database.connection() as connection:
            await self._records.queries.furnished(connection, id=facts.id)

    async def application(self, workspace_id: UUID, *, wait: float) -> ApplicationStatus:
        async with domain_errors(), self._bridge(workspace_id) as bridge:
            return await bridge.application_status(wait=wait)

    async def output(self, workspace_id: UUID, *, after: int | None) -> list[Line]:
        async with (
            domain_errors(),
            self._bridge(workspace_id) as bridge,
            bridge.connect(member=SERVER, answers=True) as connection,
        ):
            return (await connection.subscribe(after=after)).lines

    def _bridge(self, workspace_id: UUID) -> BridgeClient:
        return BridgeClient.on_socket(self._keeper.bridge_path(workspace_id))

    async def _copy_database(self, facts: SiteFacts, before: UUID, patience: float) -> None:
        """What cannot be had begins anew: it is there already where this is not the first start."""
        if self._keeper.running(before) is None:
            return
        try:
            async with (
                asyncio.timeout(patience),
                domain_errors(),
                self._bridge(before) as giver,
                self._bridge(facts.workspace) as taker,
                giver.dump_database() as dump,
            ):
                await taker.fill_database(dump.content.iter_any())
        # What tells it runs beside the project's code, so it may say anything, or nothing.
        except (FireflyError, TimeoutError) as error:
            log.warning("site.database_not_copied", site_id=str(facts.id), reason=str(error) or type(error).__name__)

    async def _configuration(self, facts: SiteFacts) -> Configuration:
        wanted = facts.wanted
        database = DatabaseParams(password=self._password(facts), seed=wanted.configuration.seed)
        secrets = await self._secrets_of(facts.project_id) if facts.trust is Trust.PROJECT else {}
        return Configuration(
            project=ProjectName(owner=facts.owner, name=facts.project),
            preview_hosts=[self._records.host(facts.label)],
            base_url=self._settings.content_url(facts.label),
            secrets=dict(secrets),
            filled=facts.kind != "image",
            site=SiteParams(
                run=running.lines(wanted.run, kind=facts.kind, runtime=wanted.runtime),
                env={**facts.variables, **wanted.env},
                port=wanted.port or facts.image_port,
                # Of pages the artifact is the folder alone.
                folder="" if facts.kind == "site" else wanted.folder or "",
                writable=list(wanted.configuration.writable),
                database=database if wanted.database else None,
            ),
        )

    def _password(self, facts: SiteFacts) -> str:
        """Of the site's own database: always the same, and nothing that has to be kept."""
        key = self._keyring.derive(f"site-database/{facts.id}")
        return base64.urlsafe_b64encode(key).decode().rstrip("=")

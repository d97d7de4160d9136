"""Workspaces that begin with an artifact: with a copy of its files, or upon a layer that all sites of it share."""

import asyncio
from contextlib import aclosing
from uuid import UUID

import asyncpg

from firefly.client.building import BuildingClient
from firefly.client.errors import domain_errors
from firefly.errors import Conflict
from firefly.sandbox.keeper import Keeper
from firefly.sandbox.layers import Layers

from .artifacts import Artifacts, Kept

# Bytes from which on a layer is worth the two starts that it takes.
LARGE = 16 << 20
_TRIES = 2


class Unpacking:
    """`layered`: whether sandboxes here can lie on layers."""

    def __init__(self, *, keeper: Keeper, artifacts: Artifacts, layers: Layers, layered: bool) -> None:
        self._keeper = keeper
        self._artifacts = artifacts
        self._layers = layers
        self._layered = layered
        self._locks: dict[str, asyncio.Lock] = {}

    async def begin(self, digest: str) -> UUID:
        """A workspace of its own with the artifact's files in it, whose sandbox runs; it is the caller's to remove.

        Raises NotFound, Conflict where the artifact is broken, and what keeps a sandbox from starting.
        """
        kept = await self._artifacts.get(digest)
        if self._layered and kept.size >= LARGE:
            return await self._upon_layer(kept)
        prepared = await self._keeper.claim_prepared()
        workspace_id = prepared.workspace_id if prepared else await self._keeper.create_workspace()
        return await self._filled(workspace_id, kept)

    async def pour(self, workspace_id: UUID, digest: str) -> None:
        """Put the artifact's files into a workspace that runs and has none of them yet, though nobody else may use it.

        Raises NotFound, Conflict where it is broken.
        """
        await self._pour(workspace_id, await self._artifacts.get(digest))

    async def _pour(self, workspace_id: UUID, kept: Kept) -> None:
        async with (
            domain_errors(),
            BuildingClient.on_socket(self._keeper.bridge_path(workspace_id)) as client,
            aclosing(await self._artifacts.open(kept)) as tar,
        ):
            filled = await client.fill(tar)
        if filled.refused:
            raise Conflict(f"The artifact cannot be unpacked whole: {'; '.join(filled.refused)}.")

    async def _fill(self, workspace_id: UUID, kept: Kept) -> None:
        await self._keeper.ensure(workspace_id)
        await self._pour(workspace_id, kept)

    async def _filled(self, workspace_id: UUID, kept: Kept) -> UUID:
        try:
            await self._fill(workspace_id, kept)
        except BaseException:
            await asyncio.shield(self._keeper.remove(workspace_id))
            raise
        return workspace_id

    async def _upon_layer(self, kept: Kept) -> UUID:
        for left in reversed(range(_TRIES)):
            layer_id = await self._layer(kept)
            try:
                workspace_id = await self._keeper.create_workspace(layer_id)
                break
            except asyncpg.ForeignKeyViolationError:
                # Swept in between, since nobody had used it for long.
                if not left:
                    raise
        try:
            await self._keeper.ensure(workspace_id)
        except BaseException:
            await asyncio.shield(self._keeper.remove(workspace_id))
            raise
        return workspace_id

    async def _layer(self, kept: Kept) -> UUID:
        """Of this node: what another one has unpacked is not here. Made once, however many ask for it."""
        name = f"{self._keeper.node} {kept.digest}"
        lock = self._locks.setdefault(kept.digest, asyncio.Lock())
        try:
            async with lock:
                return await self._layers.of_artifact(name) or await self._make_layer(name, kept)
        finally:
            if not lock.locked():
                self._locks.pop(kept.digest, None)

    async def _make_layer(self, name: str, kept: Kept) -> UUID:
        workspace_id = await self._keeper.create_workspace()
        try:
            await self._fill(workspace_id, kept)
            await self._keeper.stop(workspace_id, "It is unpacked.")
            return await self._layers.make(workspace_id, origin=kept.digest, artifact=name)
        finally:
            await asyncio.shield(self._keeper.remove(workspace_id))

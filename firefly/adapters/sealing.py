"""Keeps all that is in a workspace outside of it, and makes sure of it, before its folder is removed."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import aiohttp
from pydantic import ValidationError

from firefly.adapters.bridges import BridgeCalls
from firefly.client.bridge import BridgeClient
from firefly.errors import NotFound, Unavailable
from firefly.git import Checkpoints, Copies, Gateway
from firefly.projects.seams import WorkspaceFacts
from firefly.protocol.workspace import ShadowStatus

LIMIT = 900.0
MOST_NAMED = 5
# What git has in the workspace and checkpoints do not hold: stashes, commits of submodules, and branches and tags that
# were never pushed, or that the hosted repository does not have any more, whatever the workspace remembers of it.
UNKEPT = """
git rev-parse -q --verify refs/stash > /dev/null && echo 'a stash'
git submodule --quiet foreach --recursive '
    test -z "$(git rev-list -n 1 --all --not --remotes)" || echo "commits of the submodule $displaypath"
' 2> /dev/null
current=$(git symbolic-ref -q HEAD)
hosted=$(git ls-remote -q origin) || exit 1
is_hosted() {
    printf '%s\\n' "$hosted" | grep -qxF "$1$(printf '\\t')$2"
}
git for-each-ref --format='%(objectname) %(refname)' refs/heads refs/tags | while read -r id name; do
    [ "$name" = "$current" ] || is_hosted "$id" "$name" && continue
    case $name in
    refs/tags/*) echo "the tag ${name#refs/tags/}" ;;
    *)
        git fetch -q origin "$name" < /dev/null 2> /dev/null && git merge-base --is-ancestor "$id" FETCH_HEAD ||
            echo "the branch ${name#refs/heads/}"
        ;;
    esac
done
exit 0
"""


class Sealing:
    def __init__(
        self,
        *,
        gateway: Gateway,
        bridges: BridgeCalls,
        facts_of: Callable[[UUID], Awaitable[WorkspaceFacts | None]],
        checkpoints: Checkpoints,
        copies: Copies,
    ) -> None:
        self._gateway = gateway
        self._bridges = bridges
        self._facts_of = facts_of
        self._checkpoints = checkpoints
        self._copies = copies

    async def seal(self, workspace_id: UUID, bridge: Path, gateway: Path) -> str:
        """Why something is not kept, in words; empty where everything is. Raises Unavailable, NotFound."""
        facts = await self._facts_of(workspace_id)
        if facts is None:
            raise NotFound("It belongs to no project.")
        await self._gateway.listen(workspace_id, gateway)
        try:
            async with asyncio.timeout(LIMIT), BridgeClient.on_socket(bridge) as client:
                return await self._ask(client, facts)
        # What answers runs beside the project's code, so it may say anything.
        except (TimeoutError, aiohttp.ClientError, ValidationError) as error:
            raise Unavailable(f"Its project server does not answer: {error or 'in time'}") from error
        finally:
            await self._gateway.silence(workspace_id)

    async def _ask(self, client: BridgeClient, facts: WorkspaceFacts) -> str:
        configured = await client.configure(await self._bridges.configuration(facts))
        if configured.lost:
            # There is nothing in it, and what it had is kept.
            return ""
        status = await client.flush(timeout=LIMIT)
        if status.error or not status.flushed:
            return status.error or "its latest edits are not saved yet"
        if status.refused:
            named = ", ".join(one.path for one in status.refused[:MOST_NAMED])
            return f"{len(status.refused)} of its files cannot be kept elsewhere: {named}"
        told = await client.execute(UNKEPT, timeout=60)
        if told.exit_code != 0:
            return f"its git could not be asked: {told.stderr.strip()[-200:]}"
        if found := told.stdout.split("\n")[:-1]:
            return f"it has what was never pushed: {', '.join(found[:MOST_NAMED])}"
        return await self._verify(facts, status)

    async def _verify(self, facts: WorkspaceFacts, status: ShadowStatus) -> str:
        """By what the server itself has."""
        try:
            if status.commit is not None:
                await self._checkpoints.check(facts.project_id, facts.workspace_id, status.commit)
        except NotFound:
            return "its newest checkpoint is not in the hosted repository"
        if not await self._copies.is_whole(facts.workspace_id):
            return "the copy of what git ignores is not there"
        return ""

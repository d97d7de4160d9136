"""Where both sides went on: nothing is overwritten, what one side has is put beside the other, by a person's choice."""

from enum import StrEnum
from uuid import UUID

from ..errors import Conflict, InvalidInput
from ..git import Repositories
from ..git.links import ProviderLink
from ..git.remotes import Remotes, Update
from .access import Access
from .mirrored import Mirrored, MirroredRef, RefState, short
from .taking import Taking

MOVED = "It has moved meanwhile. Look at it again."


class Choice(StrEnum):
    """`theirs`: bring theirs here as a new branch, to be merged. `ours`: keep ours as a new branch, on both sides, and
    follow theirs."""

    THEIRS = "theirs"
    OURS = "ours"


class Resolving:
    def __init__(
        self, *, mirrored: Mirrored, repositories: Repositories, remotes: Remotes, access: Access, taking: Taking
    ) -> None:
        self._mirrored = mirrored
        self._repositories = repositories
        self._remotes = remotes
        self._access = access
        self._taking = taking

    async def resolve(
        self, project_id: UUID, link: ProviderLink, branch: str, choice: Choice, *, name: str, by_id: UUID
    ) -> str:
        """The branch that was made. Raises Conflict where nothing has diverged, or somebody pushed meanwhile."""
        ref = f"refs/heads/{branch}"
        found = (await self._mirrored.refs(project_id)).get(ref)
        if found is None or found.state is not RefState.DIVERGED or found.ours is None or found.theirs is None:
            raise Conflict(f"{branch} is not in two states.")
        present = await self._repositories.refs(project_id)
        made = name or _free(f"{branch}-{link.provider if choice is Choice.THEIRS else 'firefly'}", set(present))
        if f"refs/heads/{made}" in present:
            raise InvalidInput(f"There is a branch {made} already. Choose another name.", field="name")
        async with self._access.reach(link) as target:
            await self._remotes.fetch(project_id, target, [ref])
            theirs = (await self._remotes.refs(project_id, target)).get(ref)
            if theirs != found.theirs or present.get(ref) != found.ours:
                raise Conflict(MOVED)
            if choice is Choice.OURS:
                beside = Update(f"refs/heads/{made}", found.ours, None)
                if refused := await self._remotes.push(project_id, target, [beside]):
                    raise Conflict(f"The provider did not take {made}: {refused[beside.ref]}")
        await self._move(project_id, ref, found, choice, made, by_id)
        await self._mirrored.want(project_id)
        return made

    async def _move(
        self, project_id: UUID, ref: str, found: MirroredRef, choice: Choice, made: str, by_id: UUID
    ) -> None:
        beside = Update(f"refs/heads/{made}", found.theirs if choice is Choice.THEIRS else found.ours, None)
        updates = [beside] if choice is Choice.THEIRS else [beside, Update(ref, found.theirs, found.ours)]
        moved = await self._taking.take(project_id, updates, by_id=by_id)
        if len(moved) < len(updates):
            raise Conflict(f"{short(ref)} was pushed to meanwhile. Look at it again.")


def _free(wanted: str, present: set[str]) -> str:
    """The name, or the first with a number behind it that no branch has."""
    name, number = wanted, 1
    while f"refs/heads/{name}" in present:
        number += 1
        name = f"{wanted}-{number}"
    return name

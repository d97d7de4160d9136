"""Keeping a project and its repository at the provider in step, both ways, and never over anybody's commits."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from firefly.claims import carry_out

from ..bus import Bus
from ..errors import FireflyError, Forbidden, NotFound
from ..git import Repositories
from ..git.links import Links, LinkState, ProviderLink
from ..git.remotes import MIRRORED, Remotes, Update
from ..git.targets import Target
from ..projects.jobs import BROKEN
from .access import Access
from .comparing import Move, compare
from .mirrored import Mirrored, MirroredRef, MirrorState, RefState, Turn
from .taking import Taking

# Looked at at one time; so many are taken up at once, and none of an owner who has as many under way.
AT_ONCE, EACH = 8, 4
LOOK_EVERY = 5.0
KEPT = "It is the default branch here, and was deleted at the provider. Choose another there, or push it again."
log = structlog.get_logger()


@dataclass
class _Round:
    """What both sides have, and what becomes of it."""

    ours: Mapping[str, str]
    theirs: Mapping[str, str]
    known: Mapping[str, MirroredRef]
    moves: dict[str, Move] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    again: bool = False

    def updates(self, move: Move) -> Sequence[Update]:
        """Of a push their side is to become ours, of a take the other way round."""
        new, old = (self.ours, self.theirs) if move is Move.PUSH else (self.theirs, self.ours)
        return [Update(ref, new.get(ref), old.get(ref)) for ref, decided in self.moves.items() if decided is move]

    def common(self, ref: str) -> str | None:
        return self.known[ref].common if ref in self.known else None

    def results(self) -> Sequence[MirroredRef]:
        return [self._result(ref, move) for ref, move in self.moves.items()]

    def _result(self, ref: str, move: Move) -> MirroredRef:
        ours, theirs = self.ours.get(ref), self.theirs.get(ref)
        if move is Move.DIVERGED:
            return MirroredRef(ref, self.common(ref), RefState.DIVERGED, ours, theirs)
        if ref in self.refused:
            return MirroredRef(ref, self.common(ref), RefState.REFUSED, ours, theirs, self.refused[ref])
        return MirroredRef(ref, theirs if move is Move.TAKE else ours)


class Mirrors:
    """The queue is table `mirrors`: whatever server is up takes what is due, each project by one at a time."""

    def __init__(
        self,
        *,
        mirrored: Mirrored,
        links: Links,
        access: Access,
        remotes: Remotes,
        repositories: Repositories,
        taking: Taking,
        bus: Bus,
    ) -> None:
        self.mirrored = mirrored
        self._links = links
        self._access = access
        self._remotes = remotes
        self._repositories = repositories
        self._taking = taking
        self._bus = bus
        self._wake = asyncio.Event()

    async def look(self) -> int:
        """Bring what is due in step; returns how many projects that were."""
        turns = await self.mirrored.take_due(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for turn in turns:
                group.create_task(self._turn(turn))
        return len(turns)

    async def bring(self, project_id: UUID) -> MirrorState | None:
        """In step, now; None where somebody does that already (it will look once more), or there is no link."""
        await self.mirrored.want(project_id)
        turn = await self.mirrored.take(project_id)
        return await self._turn(turn) if turn is not None else None

    async def _turn(self, turn: Turn) -> MirrorState:
        link: ProviderLink | None = None
        try:
            link = await self._links.of_project(turn.project_id)
            if link is None or link.state is LinkState.UNLINKING:
                raise NotFound("The project is not linked any more.")
            state = await self._level(turn, link)
        except FireflyError as error:
            log.warning("mirror.failed", project_id=str(turn.project_id), reason=error.detail)
            await self.mirrored.fail(turn, error.detail)
            if link is not None and isinstance(error, Forbidden):
                await self._access.refused(link, error)
            return MirrorState.FAILING
        # Whatever it is: the other projects are not to wait for it.
        except Exception:
            log.exception("mirror.broken", project_id=str(turn.project_id))
            await self.mirrored.fail(turn, BROKEN)
            return MirrorState.FAILING
        if link.state is not LinkState.LINKING:
            wanted = LinkState.DIVERGED if state is MirrorState.DIVERGED else LinkState.LINKED
            await self._links.set_state(link.id, wanted)
        await self._links.fetched(link.id)
        return state

    async def _level(self, turn: Turn, link: ProviderLink) -> MirrorState:
        async with self._access.reach(link) as target:
            current = await self._compared(turn.project_id, target)
            await self._take(turn.project_id, current)
            await self._push(turn.project_id, target, current)
        gone = [ref for ref in current.known if ref not in current.ours and ref not in current.theirs]
        gone += [ref.ref for ref in current.results() if ref.common is None and ref.state is RefState.LEVEL]
        kept = [ref for ref in current.results() if ref.ref not in gone]
        return await self.mirrored.settle(turn, kept, gone, again=current.again)

    async def _compared(self, project_id: UUID, target: Target) -> _Round:
        theirs = await self._remotes.refs(project_id, target)
        present = await self._repositories.refs(project_id)
        ours = {ref: name for ref, name in present.items() if ref.startswith(MIRRORED)}
        current, held = _Round(ours, theirs, await self.mirrored.refs(project_id)), set(ours.values())
        new = [
            ref
            for ref, name in theirs.items()
            if name != ours.get(ref) and name != current.common(ref) and name not in held
        ]
        await self._remotes.fetch(project_id, target, new)

        async def follows(old: str, fresh: str) -> bool:
            return await self._remotes.is_ancestor(project_id, old, fresh)

        for ref in sorted({*ours, *theirs}):
            current.moves[ref] = await compare(ours.get(ref), theirs.get(ref), current.common(ref), follows)
        return current

    async def _take(self, project_id: UUID, current: _Round) -> None:
        """Their commits, here."""
        default = f"refs/heads/{await self._repositories.default_branch(project_id)}"
        wanted = []
        for update in current.updates(Move.TAKE):
            if update.new is None and update.ref == default:
                current.refused[update.ref] = KEPT
            else:
                wanted.append(update)
        moved = await self._taking.take(project_id, wanted)
        self._missed(current, wanted, moved)

    def _missed(self, current: _Round, wanted: Sequence[Update], moved: Sequence[Update]) -> None:
        """Somebody pushed here meanwhile: what both had last stays, and all is compared anew."""
        for update in wanted:
            if update not in moved:
                current.refused[update.ref] = "It was pushed to meanwhile."
                current.again = True

    async def _push(self, project_id: UUID, target: Target, current: _Round) -> None:
        """Our commits, there, if there is still what was seen there."""
        refused = await self._remotes.push(project_id, target, current.updates(Move.PUSH))
        for ref, reason in refused.items():
            current.refused[ref] = f"The provider did not take it: {reason}"
            current.again = current.again or "stale info" in reason

    async def run(self) -> None:
        """Until cancelled. Pushes wake it; what was missed is found by looking now and then.

        So many at one time; a provider that takes its time keeps up no more than its own turn, and those of one owner
        not all of them.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            await carry_out(
                self._due,
                self._safely,
                owner=lambda turn: turn.owner_id,
                wake=self._wake,
                at_once=AT_ONCE,
                each=EACH,
                look_every=LOOK_EVERY,
            )

    async def _due(self, most: int, busy: Collection[UUID]) -> Sequence[Turn]:
        try:
            return await self.mirrored.take_due(most, busy)
        except FireflyError as error:
            log.warning("mirrors.not_looked", reason=error.detail)
        except Exception:
            log.exception("mirrors.not_looked")
        return ()

    async def _safely(self, turn: Turn) -> None:
        try:
            await self._turn(turn)
        # What a turn could not even write down; the lease brings it back.
        except Exception as error:
            log.warning("mirror.not_noted", project_id=str(turn.project_id), reason=repr(error))

    async def _listen(self) -> None:
        async with aclosing(self._bus.hear("events")) as events:
            async for event in events:
                if event.kind == "push.recorded":
                    self._wake.set()

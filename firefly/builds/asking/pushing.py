"""What a push to a hosted repository asks for, written down in the transaction in which the push is settled."""

from collections.abc import Sequence

from ...git import PushRecorded, RefChange
from ...git.model import Follow
from ...store import Connection
from ..model import NewBuild, Trigger
from .commits import CommitFacts, Commits
from .heads import Heads, Moved

# Of one push; who moves more has not worked on all of them just now.
MOST = 20
MANY = f"More than {MOST} branches were pushed at once; the others are built when somebody asks."
BUILT = ("refs/heads/", "refs/tags/")


class PushedBuilds:
    """Fulfils `git.PushRecorder`. `url` is where users reach the app."""

    def __init__(self, *, heads: Heads, commits: Commits, url: str) -> None:
        self._heads = heads
        self._commits = commits
        self._url = url

    async def prepare(self, push: PushRecorded) -> Follow:
        changes = [change for change in push.changes if change.ref.startswith(BUILT)]
        gone = [change.ref for change in changes if not change.new.strip("0")]
        moved = [change for change in changes if change.new.strip("0")]
        facts = await self._commits.find_each(push.project_id, [change.new for change in moved[:MOST]])

        async def follow(connection: Connection) -> Sequence[str]:
            await self._heads.all_ended(push.project_id, gone, "It was deleted.", connection)
            others = {change.ref: change.new for change in moved[MOST:]}
            await self._heads.note_all(push.project_id, others, MANY, connection)
            lines: list[str] = []
            for change, one in zip(moved, facts, strict=False):
                lines += self._told(change, await self._move(push, change, one, connection))
            return [*lines, *([MANY] if moved[MOST:] else [])]

        return follow

    async def _move(
        self, push: PushRecorded, change: RefChange, facts: CommitFacts | None, connection: Connection
    ) -> Moved | None:
        """None for a tag of something that is no commit, or one that the repository does not show just now."""
        if facts is None:
            await self._heads.note(push.project_id, change.ref, change.new, "It is no commit.", connection)
            return None
        new = NewBuild(
            project_id=push.project_id, ref=change.ref, commit=facts.commit,
            trigger=Trigger.WEBHOOK if push.via == "provider" else Trigger.PUSH,
            account_id=push.pusher_id, actor="" if push.pusher_id else push.via,
        )  # fmt: skip
        return await self._heads.moved(new, connection, facts=facts, name=change.new)

    def _told(self, change: RefChange, moved: Moved | None) -> Sequence[str]:
        if moved is None:
            return ()
        name = change.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
        if moved.build is None:
            return [f"Not building {name}: {moved.reason}", *moved.warnings]
        url = build_url(self._url, moved.build.owner, moved.build.project, moved.build.number)
        return [f"Building {name}: {url}", *moved.warnings]


def build_url(url: str, owner: str, project: str, number: int) -> str:
    """Where people look at a build."""
    return f"{url}/app/{owner}/{project}/builds/{number}"

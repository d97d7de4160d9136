"""The status of a commit at its provider: pending, success, failure or error, with a link to the build."""

from ...errors import NotFound
from ...git.links import ProviderLink
from ...git.providers import CommitState, GitProvider, Status
from ..model import BuildState, Trust
from ..seams import Notice
from .telling import Telling, sentence

STATES = {
    BuildState.WAITING: CommitState.PENDING,
    BuildState.QUEUED: CommitState.PENDING,
    BuildState.RUNNING: CommitState.PENDING,
    BuildState.SUCCEEDED: CommitState.SUCCESS,
    BuildState.FAILED: CommitState.FAILURE,
    BuildState.TESTS_FAILED: CommitState.FAILURE,
    BuildState.TIMED_OUT: CommitState.FAILURE,
    BuildState.CANCELLED: CommitState.ERROR,
    BuildState.KILLED: CommitState.ERROR,
    BuildState.SUPERSEDED: CommitState.ERROR,
}


class Statuses:
    """Fulfils `Listener`."""

    name = "commit_status"
    kinds = frozenset({"queued", "started", "ended"})

    def __init__(self, telling: Telling) -> None:
        self._telling = telling

    async def heed(self, notice: Notice) -> None:
        build = notice.build
        if notice.kind != "ended" and build.state.is_over:
            return

        async def told(provider: GitProvider, link: ProviderLink) -> None:
            status = Status(build.commit, STATES[build.state], sentence(build), self._telling.url(build))
            try:
                await provider.set_status(link.repository, status)
            except NotFound:
                # Bitbucket knows a fork's commits in the fork alone, where we may say nothing.
                if build.trust is not Trust.FORK:
                    raise

        await self._telling.tell(build, "commit_status", told)

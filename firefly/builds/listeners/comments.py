"""One comment under each pull request, kept up to date: its site, how its newest build went, and where the log is."""

from uuid import UUID

from ...errors import NotFound
from ...git.links import ProviderLink
from ...git.providers import GitProvider
from ..model import Build, SiteState
from ..queueing.records import Records
from ..seams import Notice
from .telling import ShownSite, Telling, sentence

_SITES = {
    SiteState.STARTING: "The site is starting.",
    SiteState.STOPPED: "The site was stopped.",
    SiteState.REMOVED: "The site was removed.",
    SiteState.REPLACED: "",
}
_LONGEST_SUBJECT = 200


class Comments:
    """Fulfils `Listener`. Whatever the notice is of, the newest build of the pull request is shown."""

    name = "pull_request_comment"
    kinds = frozenset({"queued", "started", "ended", "live", "gone"})

    def __init__(self, telling: Telling, records: Records) -> None:
        self._telling = telling
        self._records = records

    async def heed(self, notice: Notice) -> None:
        number = notice.build.pull_request
        if number is None:
            return
        (newest,) = await self._records.list(
            notice.build.project_id, before=None, ref=notice.build.ref, state=None, most=1
        )
        if newest.id != notice.build.id:
            # Its own notices bring the comment up to date.
            return

        async def told(provider: GitProvider, link: ProviderLink) -> None:
            text = comment(newest, await self._telling.site(newest), self._telling.url(newest))
            await self._put(provider, link, newest.project_id, number, text)

        await self._telling.tell(newest, "pull_request_comment", told)

    async def _put(self, provider: GitProvider, link: ProviderLink, project_id: UUID, number: int, text: str) -> None:
        """The row is held while the first one is written, so that no two replicas write one each."""
        queries, database = self._telling.queries, self._telling.database
        known = await self._known(project_id, number)
        if known is not None:
            try:
                await provider.put_comment(link.repository, number, text, known)
                return
            except NotFound:
                # Somebody removed it there; then it is written anew.
                pass
        async with database.transaction() as connection:
            row = await queries.hold_pull(connection, project_id=project_id, number=number)
            if row is None:
                return
            given = row["comment_id"] if row["comment_id"] != known else None
            made = await provider.put_comment(link.repository, number, text, given)
            await queries.set_pull_comment(connection, project_id=project_id, number=number, comment_id=made)

    async def _known(self, project_id: UUID, number: int) -> str | None:
        async with self._telling.database.connection() as connection:
            row = await self._telling.queries.find_pull(connection, project_id=project_id, number=number)
        return row["comment_id"] if row else None


def comment(build: Build, site: ShownSite | None, url: str) -> str:
    """In Markdown, which all four providers read."""
    lines = [f"**Firefly** · [{build.owner}/{build.project}]({url}) · {_plain(sentence(build))}", ""]
    if site is not None and site.state is SiteState.LIVE:
        lines.append(f"Site: {site.url}")
    elif site is not None and site.state is SiteState.FAILED:
        lines.append(f"The site did not start: {_plain(site.reason)}")
    elif site is not None and _SITES.get(site.state):
        lines.append(_SITES[site.state])
    lines.append(f"Commit {build.commit[:12]}: {_plain(build.subject[:_LONGEST_SUBJECT])}")
    lines.append(f"[Log of build {build.number}]({url})")
    return "\n\n".join(line for line in lines if line)


def _plain(text: str) -> str:
    """What others wrote, so that it mentions nobody and is no markup."""
    flat = " ".join(text.split())
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|~" else char for char in flat).replace("@", "@\u200b")

"""Badges: one word about a branch, for whoever is shown it, in a picture."""

import hashlib
import hmac
from html import escape
from typing import NamedTuple
from uuid import UUID

from ...auth import Identity
from ...errors import FireflyError, NotFound
from ...projects import Action, Projects, Visibility
from ...secrets import Keyring
from ...store import load_queries
from ..asking.builds import full_ref
from ..model import BuildState
from ..queueing.records import Records, plain

_WORDS = {
    BuildState.SUCCEEDED: ("passing", "#2e7d32"),
    BuildState.FAILED: ("failing", "#c62828"),
    BuildState.TIMED_OUT: ("failing", "#c62828"),
    BuildState.TESTS_FAILED: ("tests failing", "#c62828"),
    BuildState.CANCELLED: ("cancelled", "#616161"),
    BuildState.KILLED: ("cancelled", "#616161"),
}
_UNDER_WAY, _NONE = ("building", "#1565c0"), ("no build", "#616161")
_WIDTH, _PADDING = 7, 10
PURPOSE = "badges"
UNKNOWN = "There is no such project, or its badge needs its key."


class Picture(NamedTuple):
    svg: str
    # Whether everybody with the same address sees it, so that pages of other sites may show it to whomever they like.
    for_all: bool


class Badges:
    """Of public projects for everybody, of others with their key, which tells nothing else."""

    def __init__(self, *, records: Records, projects: Projects, keyring: Keyring) -> None:
        self._records = records
        self._projects = projects
        self._keyring = keyring
        self._queries = load_queries("build_showing")

    def key(self, project_id: UUID) -> str:
        return _sign(self._keyring.derive(PURPOSE), project_id)

    async def picture(
        self, identity: Identity | None, owner: str, name: str, *, branch: str | None, key: str
    ) -> Picture:
        """Of the default branch without `branch`. Raises NotFound for whoever may not see it."""
        ref = full_ref(branch) if branch else None
        if not (owner.isprintable() and name.isprintable()):
            raise NotFound(UNKNOWN)
        async with self._records.database.connection() as connection:
            row = await self._queries.badge(connection, owner=owner, name=name, ref=ref)
        for_all = row is not None and (
            row["visibility"] == Visibility.PUBLIC or self._opens(key, plain(row["project_id"]))
        )
        if not for_all:
            await self._authorise(identity, owner, name)
        state = row and row["state"]
        word, colour = _WORDS.get(BuildState(state), _UNDER_WAY) if state else _NONE
        return Picture(draw("build", word, colour), for_all)

    def _opens(self, key: str, project_id: UUID) -> bool:
        return any(
            hmac.compare_digest(key.encode(), _sign(root, project_id).encode())
            for root in self._keyring.derive_all(PURPOSE)
        )

    async def _authorise(self, identity: Identity | None, owner: str, name: str) -> None:
        try:
            await self._projects.get(identity, owner, name, Action.FOLLOW)
        except FireflyError as error:
            raise NotFound(UNKNOWN) from error


def _sign(root: bytes, project_id: UUID) -> str:
    return hmac.new(root, project_id.bytes, hashlib.sha256).hexdigest()[:32]


def draw(what: str, word: str, colour: str) -> str:
    """Two fields beside one another; wide enough for most fonts."""
    left, right = (len(text) * _WIDTH + _PADDING for text in (what, word))
    what, word = escape(what), escape(word)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{what}: {word}"><title>{what}: {word}</title>'
        f'<rect width="{left + right}" height="20" rx="4" fill="#424242"/>'
        f'<path d="M{left} 0h{right - 4}a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H{left}z" fill="{colour}"/>'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11" text-anchor="middle">'
        f'<text x="{left / 2:g}" y="14">{what}</text><text x="{left + right / 2:g}" y="14">{word}</text></g></svg>'
    )

"""The front door's gate: grants by cookie or token, and which requests a cookie may speak for."""

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from firefly.errors import DatabaseUnavailable, FireflyError
from firefly.projects import Action
from firefly.proxy import Gate, Head, Verdict
from firefly.routes import Access, Route, RouteTable

if TYPE_CHECKING:
    from firefly.auth import PreviewGrants, Tokens
    from firefly.projects import Projects

GRANT_COOKIE: Final = b"__Host-firefly-grant"
TOKEN_FIELD: Final = b"x-firefly-preview-token"
# A page of any site may ask for a document to show (decision 14); these are the places where it is shown as one.
DOCUMENTS: Final = frozenset({b"document", b"iframe", b"frame"})


class PreviewGate(Gate):
    """Members by grant cookie or `X-Firefly-Preview-Token`; everybody where the route is public."""

    def __init__(self, *, grants: "PreviewGrants", tokens: "Tokens", projects: "Projects", table: RouteTable) -> None:
        self._grants = grants
        self._tokens = tokens
        self._projects = projects
        self._table = table

    def decide(self, route: Route | None, head: Head) -> Verdict:
        if self._holds_grant(route, head):
            return Verdict.MEMBER
        if head.field(TOKEN_FIELD) is not None:
            return Verdict.ASK
        if route is not None and route.access is Access.PUBLIC:
            return Verdict.ALLOW
        # Also for a host that does not exist: whoever is not signed in must not learn which ones do.
        return Verdict.TO_APP if head.is_navigation else Verdict.REFUSE

    async def ask(self, route: Route | None, head: Head) -> Verdict:
        """Whether the token in the request opens the route. Raises DatabaseUnavailable when nobody can tell."""
        token = head.field(TOKEN_FIELD) or b""
        is_public = route is not None and route.access is Access.PUBLIC
        try:
            # First, also for a host that does not exist: it must not be told from one by the answer, nor its time.
            identity = await self._tokens.verify(token.decode("ascii", "replace"))
            if route is None or route.project_id is None:
                return Verdict.REFUSE
            project = await self._projects.get_by_id(identity, route.project_id, Action.PREVIEW)
        except FireflyError as error:
            if isinstance(error, DatabaseUnavailable) and not is_public:
                raise
            return Verdict.ALLOW if is_public else Verdict.REFUSE
        # Visitors of a public project pass as such: why it does not run is not told to them.
        return Verdict.MEMBER if route.access is not Access.PUBLIC or project.role else Verdict.ALLOW

    def _holds_grant(self, route: Route | None, head: Head) -> bool:
        if route is None or route.project_id is None:
            return False
        cookie = head.cookie(GRANT_COOKIE)
        if cookie is None or not self._speaks_for_visitor(route, head):
            return False
        return self._grants.verify(cookie, route.project_id, route.policy_version) is not None

    def _speaks_for_visitor(self, route: Route, head: Head) -> bool:
        """Whether this request may use the visitor's cookie: previews are same-site with one another (decision 14)."""
        if head.upgrade is not None:
            return self._is_sibling(route, head.origin)
        if head.fetch_site in (b"same-origin", b"none"):
            return True
        if head.method == b"GET" and head.fetch_mode == b"navigate" and head.fetch_destination in DOCUMENTS:
            return True
        if head.origin is not None:
            return self._is_sibling(route, head.origin)
        # Neither field: a program that was handed the cookie, not a page that rides on it.
        return head.fetch_site is None and head.method in (b"GET", b"HEAD", b"OPTIONS")

    def _is_sibling(self, route: Route, origin: bytes | None) -> bool:
        """Whether a page of `origin` belongs to the same project as `route`."""
        if origin is None:
            return False
        found = self._table.find(urlsplit(origin).netloc)
        return found is not None and found.project_id == route.project_id

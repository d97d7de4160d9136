"""The front door's gate: grants by cookie or token, policies that open by themselves, whom a cookie may speak for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol
from uuid import UUID

from firefly.access.cookies import GRANT_COOKIE, set_cookie
from firefly.errors import DatabaseUnavailable, FireflyError
from firefly.projects import Action
from firefly.proxy import Gate, Head, Verdict
from firefly.routes import Access, Route, RouteTable

from .missing import MissingGrants

if TYPE_CHECKING:
    from firefly.access import Policy
    from firefly.auth import Grant, GrantChecks, Tokens
    from firefly.projects import Projects

COOKIE: Final = GRANT_COOKIE.encode()
TOKEN_FIELD: Final = b"x-firefly-preview-token"
# A page of any site may ask for a document to show (decision 14); these are the places where it is shown as one.
DOCUMENTS: Final = frozenset({b"document", b"iframe", b"frame"})
OWN_PAGES: Final = frozenset({b"same-origin", b"none"})


@dataclass(frozen=True, slots=True)
class Opened:
    """That field lines opened a route: for as long as route and era are these very ones, and it is not `until` then."""

    route: Route
    era: object
    until: float
    verdict: Verdict


class PolicyMirror(Protocol):
    """What opens previews by itself: `Policies`, or their likeness in another process."""

    def get(self, project_id: UUID | None) -> "Policy | None": ...


class VisitNotes(Protocol):
    """Where it is noted that a grant was used: `Visits`, or what tells them."""

    def note(self, grant: "Grant") -> None: ...


class Opens(Protocol):
    """Whether a token opens a project's previews."""

    async def __call__(self, token: str, project_id: UUID | None) -> bool | None:
        """Whether the token's owner has a role in the project; None: there is no such project.

        Raises a FireflyError for a token that opens nothing there, DatabaseUnavailable when nobody can tell.
        """


class TokenPasses:
    """Fulfils `Opens` with tokens and projects."""

    def __init__(self, tokens: "Tokens", projects: "Projects") -> None:
        self._tokens = tokens
        self._projects = projects

    async def __call__(self, token: str, project_id: UUID | None) -> bool | None:
        identity = await self._tokens.verify(token)
        if project_id is None:
            return None
        return (await self._projects.get_by_id(identity, project_id, Action.PREVIEW)).role is not None


class PreviewGate(Gate):
    """Whoever fulfils any policy: by grant cookie, by `X-Firefly-Preview-Token`, by what is open to all or an address.

    Nothing here depends on what kind of route it is, or on where it leads.
    """

    def __init__(
        self,
        *,
        grants: "GrantChecks",
        opens: "Opens",
        table: RouteTable,
        policies: "PolicyMirror",
        visits: "VisitNotes",
        missing: MissingGrants | None = None,
    ) -> None:
        self._grants = grants
        self._opens = opens
        self._table = table
        self._policies = policies
        self._visits = visits
        self._missing = missing or MissingGrants(grants.now)
        self._missing.on_note(lambda _: grants.conclude_anew())

    def decide(self, route: Route | None, head: Head) -> Verdict:
        opened = head.fields.opened
        if (
            type(opened) is Opened
            and opened.route is route
            and opened.era is self._grants.era
            and opened.until > self._grants.now()
        ):
            return opened.verdict
        return self._decide(route, head)

    def _decide(self, route: Route | None, head: Head) -> Verdict:
        grant = self._grant(route, head)
        if grant is not None:
            if head.fields.worker and not self._has_workers(route):
                return Verdict.NO_WORKER
            if self._missing.rounds and self._missing.lead_round(grant, head):
                return Verdict.TO_APP
            if grant.is_due:
                return Verdict.RENEW
            verdict = Verdict.MEMBER if grant.is_member else Verdict.ALLOW
            self._keep(route, head, grant, verdict)
            return verdict
        if head.field(TOKEN_FIELD) is not None:
            return Verdict.ASK
        if self._is_open(route, head):
            return Verdict.NO_WORKER if head.fields.worker and not self._has_workers(route) else Verdict.ALLOW
        # Also for a host that does not exist: whoever is not signed in must not learn which ones do.
        if head.is_navigation:
            return Verdict.TO_APP
        if head.origin is not None:
            self._note_missing(route, head.origin)
        return Verdict.REFUSE

    def _note_missing(self, route: Route | None, origin: bytes) -> None:
        """A page on another host of the project asked in vain: its visitor may lack the grant of this host alone."""
        found = self._table.find(_host_of(origin))
        if found is None or route is None or found.host == route.host or found.project_id is None:
            return
        if found.project_id == route.project_id:
            self._missing.note(found.project_id)

    def _keep(self, route: Route | None, head: Head, grant: "Grant", verdict: Verdict) -> None:
        """Keep a verdict that follows from the route, the grant and the field lines alone."""
        fields = head.fields
        if route is None or self._missing.concerns(route.project_id):
            return
        if fields.plain and not fields.worker and head.fetch_site in OWN_PAGES:
            fields.opened = Opened(route, self._grants.era, min(grant.renew_at, grant.expires_at), verdict)

    def renew(self, route: Route, head: Head) -> tuple[Verdict, bytes]:
        grant = self._grant(route, head)
        if grant is None:
            return Verdict.REFUSE, b""
        self._visits.note(grant)
        fresh = self._grants.renew(grant)
        cookie = set_cookie(GRANT_COOKIE, self._grants.seal(fresh), self._grants.remaining(fresh))
        verdict = Verdict.MEMBER if grant.is_member else Verdict.ALLOW
        return verdict, b"Set-Cookie: %b\r\n" % cookie.encode()

    def stands(self, route: Route, head: Head) -> bool:
        cookie = head.cookie(COOKIE)
        if cookie is None or route.project_id is None or not self._speaks_for_visitor(route, head):
            return False
        grant = self._grants.recall(cookie, route.project_id, route.policy_version)
        return grant is not None and route.access.counts(grant.kind)

    async def ask(self, route: Route | None, head: Head) -> Verdict:
        """Whether the token in the request opens the route. Raises DatabaseUnavailable when nobody can tell."""
        token = head.field(TOKEN_FIELD) or b""
        refused = Verdict.ALLOW if self._is_open(route, head) else Verdict.REFUSE
        try:
            # First, also for a host that does not exist: it must not be told from one by the answer, nor its time.
            has_role = await self._opens(token.decode("ascii", "replace"), route.project_id if route else None)
        except FireflyError as error:
            if isinstance(error, DatabaseUnavailable) and refused is Verdict.REFUSE:
                raise
            return refused
        if route is None or has_role is None or (route.access.only is not None and not has_role):
            return refused
        # Visitors of a public project pass as such: why it does not run is not told to them.
        return Verdict.MEMBER if route.access is not Access.PUBLIC or has_role else Verdict.ALLOW

    def opens_to_all(self, route: Route, head: Head) -> bool:
        if route.access is Access.PUBLIC:
            return True
        policy = self._policies.get(route.project_id)
        if policy is None or route.access.only is not None:
            return False
        return (
            policy.is_public or head.path in policy.public_paths or (policy.public_preflights and _is_preflight(head))
        )

    def _grant(self, route: Route | None, head: Head) -> "Grant | None":
        if route is None or route.project_id is None:
            return None
        cookie = head.cookie(COOKIE)
        if cookie is None or not self._speaks_for_visitor(route, head):
            return None
        grant = self._grants.verify(cookie, route.project_id, route.policy_version)
        return grant if grant is not None and route.access.counts(grant.kind) else None

    def _is_open(self, route: Route | None, head: Head) -> bool:
        """Whether a policy of the project opens the route to this request, whoever sends it."""
        if route is None:
            return False
        if self.opens_to_all(route, head):
            return True
        policy = self._policies.get(route.project_id)
        if policy is None or route.access.only not in (None, "addresses"):
            return False
        return bool(policy.networks) and policy.admits(head.visitor.client(head)) and self._is_own(route, head)

    def _has_workers(self, route: Route | None) -> bool:
        """Whether service workers may be kept: one of a private preview would see what visitors do after its end."""
        policy = self._policies.get(route.project_id) if route is not None else None
        is_public = route is not None and route.access is Access.PUBLIC
        return is_public or (policy is not None and (policy.is_public or policy.service_workers))

    def _is_own(self, route: Route, head: Head) -> bool:
        """Whether a visitor is let in for his address: not when another site's page borrows it."""
        return (head.origin is None and head.fetch_site is None) or self._speaks_for_visitor(route, head)

    def _speaks_for_visitor(self, route: Route, head: Head) -> bool:
        """Whether this request may use the visitor's cookie: previews are same-site with one another (decision 14)."""
        if head.upgrade is not None:
            return self._is_sibling(route, head.origin)
        if head.fetch_site in OWN_PAGES:
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
        found = self._table.find(_host_of(origin))
        return found is not None and found.project_id == route.project_id


def _host_of(origin: bytes) -> bytes:
    """Whatever stands there: nothing that a stranger may send must fail to be read."""
    return origin.partition(b"://")[2]


def _is_preflight(head: Head) -> bool:
    """As browsers ask before a request to another origin: no body, no credentials, nothing done."""
    return (
        head.method == b"OPTIONS"
        and head.origin is not None
        and head.field(b"access-control-request-method") is not None
    )

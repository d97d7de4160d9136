"""A provider of repositories: what Firefly asks of GitHub, GitLab, Bitbucket, Gitea and Forgejo."""

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, ClassVar, TypeVar

import structlog

from ...errors import FireflyError, Unavailable
from .model import (
    Branch,
    Credential,
    DeployKey,
    Deployment,
    Hook,
    Page,
    Permission,
    PullRequest,
    Repository,
    Status,
    storable,
)
from .transport import Transport

log = structlog.get_logger()

Item = TypeVar("Item")
# Of a list that is read to its end.
MOST_PAGES = 100


class GitProvider(ABC):
    """One provider, as one credential sees it; made for a use and thrown away, since it holds no connection itself.

    `base_url` is the address of the site, as people know it, without a slash at the end. `path` is always
    `owner/name`; ids are the provider's, as text.

    Every method raises CredentialRefused (401), Forbidden (403), NotFound (404, also for what the credential may not
    see), Conflict (the provider does not take it, in its words), RateLimited (with the seconds to wait), Unavailable
    and TimedOut.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    home: ClassVar[str]
    """Where it is when nobody says otherwise; empty where everybody has his own."""
    deploys: ClassVar[bool] = False
    """Whether it has an API of deployments; without one `put_deployment` says None."""

    def __init_subclass__(cls) -> None:
        """Anybody may run what answers here, so whatever it says is caught in one place."""
        super().__init_subclass__()
        for name, method in list(vars(cls).items()):
            if inspect.iscoroutinefunction(method):
                setattr(cls, name, _guarded(method))

    def __init__(self, transport: Transport, base_url: str, credential: Credential) -> None:
        self.transport = transport
        self.base_url = base_url.rstrip("/")
        self.credential = credential

    @abstractmethod
    async def user(self) -> str:
        """The name of the account that the credential belongs to."""

    @abstractmethod
    async def organisations(self) -> Sequence[str]:
        """Groups, organisations or workspaces that the account belongs to."""

    @abstractmethod
    async def repositories(self, organisation: str | None = None, cursor: str | None = None) -> Page[Repository]:
        """Of an organisation; None: the account's own, and those that others let it take part in."""

    @abstractmethod
    async def repository(self, path: str) -> Repository: ...

    @abstractmethod
    async def create_repository(
        self, name: str, *, organisation: str | None = None, is_private: bool = True, description: str = ""
    ) -> Repository:
        """An empty one. Raises Conflict where the name is taken."""

    @abstractmethod
    async def permission(self, path: str, user: str) -> Permission:
        """What somebody else may do; NONE for who is unknown there, or has no business with it."""

    @abstractmethod
    async def branches(self, path: str, cursor: str | None = None) -> Page[Branch]: ...

    @abstractmethod
    async def pull_requests(self, path: str, cursor: str | None = None) -> Page[PullRequest]:
        """Those that are open."""

    @abstractmethod
    async def pull_request(self, path: str, number: int) -> PullRequest: ...

    @abstractmethod
    async def open_pull_request(self, path: str, *, title: str, body: str, head: str, base: str) -> PullRequest:
        """From branch `head` into `base`, both of this repository."""

    @abstractmethod
    async def set_status(self, path: str, status: Status) -> None: ...

    @abstractmethod
    async def put_comment(self, path: str, number: int, text: str, comment_id: str | None = None) -> str:
        """Write under a pull request, or change what was written; returns its id. NotFound: it was removed there."""

    async def put_deployment(self, path: str, deployment: Deployment) -> str | None:
        """Begin one, or tell what became of it; returns its id."""
        return None

    @abstractmethod
    async def keys(self, path: str) -> Sequence[DeployKey]: ...

    @abstractmethod
    async def add_key(self, path: str, *, title: str, key: str, read_only: bool) -> str:
        """Returns its id."""

    @abstractmethod
    async def remove_key(self, path: str, key_id: str) -> None:
        """One that is gone already is none to complain of."""

    @abstractmethod
    async def hooks(self, path: str) -> Sequence[Hook]: ...

    @abstractmethod
    async def add_hook(self, path: str, *, url: str, secret: str) -> str:
        """One that calls `url` for all that Firefly heeds, signed with `secret`; returns its id."""

    @abstractmethod
    async def remove_hook(self, path: str, hook_id: str) -> None:
        """One that is gone already is none to complain of."""

    @abstractmethod
    def compare_url(self, path: str, base: str, head: str) -> str:
        """Where a person compares branches and opens a pull request."""

    @abstractmethod
    def pull_ref(self, number: int) -> str | None:
        """The ref that git fetches a pull request from; None: its branch, which may be a fork's."""

    @abstractmethod
    def git_login(self) -> tuple[str, str]:
        """User and password for git over https."""


def _guarded(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Answers of another shape than they should have are a fault of the provider's, not of ours."""

    @functools.wraps(method)
    async def ask(self: GitProvider, *arguments: Any, **named: Any) -> Any:
        try:
            found = await method(self, *arguments, **named)
        except FireflyError:
            raise
        # Whatever is missing in it, or of another type.
        except Exception as error:
            log.warning(
                "provider.nonsense", provider=self.name, url=self.base_url, asked=method.__name__, why=repr(error)
            )
            raise Unavailable(f"{self.title} answers with something else than it should.", retry_after=300) from error
        return storable(found) if type(found) is str else found

    return ask


async def each(page: Callable[[str | None], Awaitable[Page[Item]]]) -> AsyncIterator[Item]:
    """The items of a list, page by page as they are wanted: at most a hundred pages."""
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        found = await page(cursor)
        for item in found.items:
            yield item
        cursor = found.next
        if cursor is None:
            return


async def everything(page: Callable[[str | None], Awaitable[Page[Item]]]) -> list[Item]:
    """All of `each`."""
    return [item async for item in each(page)]

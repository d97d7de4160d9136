"""What the providers have in common, in our words: repositories, pull requests, keys, hooks, statuses."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Generic, TypeVar

from ...errors import Forbidden

Item = TypeVar("Item")
CONTEXT = "firefly/build"
# As GitLab and Bitbucket call them; all others are closed.
_PULL_REQUEST_STATES = {"opened": "open", "open": "open", "merged": "merged"}


class CredentialRefused(Forbidden):
    """The provider does not know the token any more: whoever connected it has to do so again."""

    kind = "credential-refused"
    title = "The provider refuses the token"


class Permission(StrEnum):
    """`admin` may add keys and hooks."""

    NONE = "none"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"

    @property
    def rank(self) -> int:
        return list(Permission).index(self)


class CommitState(StrEnum):
    """`failure`: the build's. `error`: it was ended, or Firefly could not build."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    ERROR = "error"


class DeploymentState(StrEnum):
    PENDING = "pending"
    SUCCESS = "success"
    FAILURE = "failure"
    INACTIVE = "inactive"


@dataclass(frozen=True, slots=True)
class Credential:
    """A token for the API and for git. With `user` it is sent as that user's password."""

    token: str = field(repr=False)
    user: str = ""


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """`next` is the cursor of the page that follows, None on the last."""

    items: Sequence[Item]
    next: str | None = None


class Told:
    """What a provider says, who may be anybody: of the types that it is to have, and such that it can be stored."""

    __slots__ = ()

    def __post_init__(self) -> None:
        """Raises TypeError."""
        for each in fields(self):  # type: ignore[arg-type]
            value = getattr(self, each.name)
            if each.type in _PLAIN and type(value) is not each.type:
                raise TypeError(f"{each.name} is not what it should be.")
            if each.type is int and not 0 < value <= _LARGEST:
                raise TypeError(f"{each.name} is no number of ours.")
            if each.type is str:
                text = page_of(value) if each.name in _PAGES else storable(value)
                object.__setattr__(self, each.name, text)


def storable(text: str) -> str:
    """Without what PostgreSQL does not take."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def page_of(url: str) -> str:
    """An address that a browser may be led to; empty for one that would run something."""
    return storable(url) if url.startswith(("https://", "http://")) else ""


_PLAIN = (str, int, bool)
_PAGES = frozenset({"url", "web_url"})
# As numbers are stored.
_LARGEST = (1 << 31) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository(Told):
    """`path` is `owner/name`, at GitLab with as many groups as there are. `id` outlives a new name.

    `permission` is the credential's own. `default_branch` is empty where nothing was pushed yet.
    """

    id: str
    path: str
    description: str
    default_branch: str
    is_private: bool
    is_archived: bool
    permission: Permission
    web_url: str
    clone_url: str
    ssh_url: str


@dataclass(frozen=True, slots=True)
class Branch(Told):
    name: str
    commit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest(Told):
    """`state` is `open`, `merged` or `closed`; `source_url` where its commits are fetched from if that is a fork."""

    number: int
    title: str
    author: str
    url: str
    state: str
    base_ref: str
    head_ref: str
    head_commit: str
    is_fork: bool
    source_url: str = ""

    @staticmethod
    def state_named(word: str) -> str:
        """From GitLab's and Bitbucket's words."""
        return _PULL_REQUEST_STATES.get(word.lower(), "closed")


@dataclass(frozen=True, slots=True)
class Status:
    """Shown beside a commit; `url` leads to the build."""

    commit: str
    state: CommitState
    description: str
    url: str
    context: str = CONTEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """`id` is the provider's, None for one that is new; `url` leads to the site, `log_url` to the build."""

    id: str | None
    environment: str
    ref: str
    commit: str
    state: DeploymentState
    url: str
    log_url: str
    description: str


@dataclass(frozen=True, slots=True)
class DeployKey(Told):
    """`key` is the public one, as in an authorized_keys file."""

    id: str
    title: str
    key: str
    is_read_only: bool


@dataclass(frozen=True, slots=True)
class Hook(Told):
    id: str
    url: str
    is_active: bool

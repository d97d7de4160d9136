"""The tree of domain errors.

FireflyError
├── InvalidInput            a value from outside breaks a rule; names the field
│   └── TooLarge            ... the rule being a limit of size
├── Unauthenticated         nobody is signed in, or the credential is wrong
├── Forbidden               somebody is, but may not
├── NotFound                no such thing, or none that the caller may know of
│   └── Moved               it has a new name
├── Conflict                the present state does not allow it
│   ├── NameTaken
│   ├── VersionConflict     it was changed since the caller read it
│   ├── HoldLost            another does by now what the caller did
│   └── Withheld            it was stopped on purpose, and does not start by itself
├── LimitReached            a quota is used up
│   ├── RateLimited         ... for now
│   └── TooManySandboxes    ... of sandboxes that run; says which could be stopped
├── Unavailable             a part is away; trying again helps
│   ├── DatabaseUnavailable
│   └── TimedOut
├── SandboxFailed           a sandbox did not start or stopped by itself; carries its last output
└── StorageFull             no space left on the disk

Each carries a sentence that says what happened and what to do. `web.problems` turns them into RFC 9457 problems.
"""

import errno
from collections.abc import Mapping
from typing import ClassVar


class FireflyError(Exception):
    """The root of the tree; `detail` is the sentence shown to the user, `extra` goes into the problem document."""

    kind: ClassVar[str] = "error"
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str, **extra: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra: Mapping[str, object] = extra


class InvalidInput(FireflyError):
    kind = "invalid-input"
    title = "The input is not valid"

    def __init__(self, detail: str, *, field: str | None = None, **extra: object) -> None:
        super().__init__(detail, **({"field": field} if field else {}), **extra)
        self.field = field


class TooLarge(InvalidInput):
    kind = "too-large"
    title = "The input is too large"


class Unauthenticated(FireflyError):
    kind = "unauthenticated"
    title = "Sign in first"


class Forbidden(FireflyError):
    kind = "forbidden"
    title = "Not allowed"


class NotFound(FireflyError):
    kind = "not-found"
    title = "Not found"


class Moved(NotFound):
    """A renamed thing; `location` is the new `<owner>/<name>`."""

    kind = "moved"
    title = "Renamed"

    def __init__(self, detail: str, *, location: str) -> None:
        super().__init__(detail, location=location)
        self.location = location


class Conflict(FireflyError):
    kind = "conflict"
    title = "The present state does not allow it"


class NameTaken(Conflict):
    kind = "name-taken"
    title = "The name is taken"


class VersionConflict(Conflict):
    """`version` is the one that the thing has now."""

    kind = "version-conflict"
    title = "Changed by someone else"


class HoldLost(Conflict):
    kind = "hold-lost"
    title = "Another does it by now"


class Withheld(Conflict):
    kind = "withheld"
    title = "Stopped"


class LimitReached(FireflyError):
    kind = "limit-reached"
    title = "A limit is reached"


class RateLimited(LimitReached):
    kind = "rate-limited"
    title = "Too many attempts"

    def __init__(self, detail: str, *, retry_after: float) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.retry_after = retry_after


class TooManySandboxes(LimitReached):
    """`extra` holds `limit` and `workspaces`: ids, with blanks between, of those that could be stopped."""

    kind = "too-many-sandboxes"
    title = "Too many sandboxes run"


class Unavailable(FireflyError):
    kind = "unavailable"
    title = "Not available just now"

    def __init__(self, detail: str, *, retry_after: float = 2, **extra: object) -> None:
        super().__init__(detail, retry_after=retry_after, **extra)
        self.retry_after = retry_after


class DatabaseUnavailable(Unavailable):
    kind = "database-unavailable"
    title = "The database does not answer"


class TimedOut(Unavailable):
    kind = "timed-out"
    title = "It took too long"


class SandboxFailed(FireflyError):
    """`output` holds the last lines that the sandbox or its application printed."""

    kind = "sandbox-failed"
    title = "The sandbox does not run"

    def __init__(self, detail: str, *, output: str = "", retry_after: float | None = None) -> None:
        super().__init__(detail, output=output, **({"retry_after": retry_after} if retry_after else {}))
        self.output = output
        self.retry_after = retry_after


class StorageFull(FireflyError):
    kind = "storage-full"
    title = "The disk is full"


# What the system calls it: of the disk, and of what one user may have of it.
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})

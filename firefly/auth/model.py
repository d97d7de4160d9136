"""Who somebody is, and what a credential lets them do."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from ..errors import InvalidInput

READ: Final = "read"
WRITE: Final = "write"
ADMIN: Final = "admin"
GIT: Final = "git"
PREVIEW: Final = "preview:"
# What each scope holds besides itself.
IMPLIED: Mapping[str, frozenset[str]] = {
    WRITE: frozenset({READ, GIT}),
    ADMIN: frozenset({READ, WRITE, GIT}),
}
EVERYTHING = frozenset({READ, WRITE, ADMIN, GIT})
# A project, or an environment, whose name has no slash.
_PREVIEW_SCOPE = re.compile(r"preview:(?:\*|[a-z0-9-]{1,64}(?:/[a-z0-9-]{1,64})?)")


@dataclass(frozen=True)
class Account:
    """A person's, or a program's, account. `name` is the owner in addresses and never changes."""

    id: UUID
    name: str
    display_name: str
    email: str | None
    is_administrator: bool
    created_at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Account":
        return cls(
            id=UUID(str(row["id"])),
            name=row["name"],
            display_name=row["display_name"],
            email=row["email"],
            is_administrator=row["is_administrator"],
            created_at=row["created_at"],
        )


@dataclass(frozen=True)
class Identity:
    """An account together with the credential that proved it.

    `scopes` limit a token; a session has all. They never widen what the account itself may do: whether somebody is
    an administrator, or a member of a project, is asked of the account.
    """

    account: Account
    scopes: frozenset[str]
    via: Literal["session", "token", "sandbox"]
    session_id: UUID | None = None
    token_id: UUID | None = None

    def has(self, scope: str) -> bool:
        """Whether the credential holds `scope`: read, write, admin, git, preview:<owner>/<name> or
        preview:<environment>.

        write holds read and git; admin holds all, previews too; preview:* holds every preview.
        """
        if scope in self.scopes or any(scope in IMPLIED.get(held, ()) for held in self.scopes):
            return True
        return scope.startswith(PREVIEW) and not self.scopes.isdisjoint({ADMIN, f"{PREVIEW}*"})


def check_scopes(scopes: Iterable[str]) -> frozenset[str]:
    """Raises InvalidInput for an unknown scope, or none at all."""
    checked = frozenset(scopes)
    for scope in sorted(checked):
        if scope not in EVERYTHING and not _PREVIEW_SCOPE.fullmatch(scope):
            raise InvalidInput(
                f"{scope!r} is not a scope. There are read, write, admin, git, preview:<owner>/<name> and "
                "preview:<environment>.",
                field="scopes",
            )
    if not checked:
        raise InvalidInput("A token needs at least one scope.", field="scopes")
    return checked

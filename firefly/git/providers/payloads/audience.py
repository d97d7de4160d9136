"""Whom an event of a GitHub App concerns: it sends those of all repositories that it is installed on to one address."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import Field, ValidationError

from ....errors import InvalidInput
from .reading import check_weight
from .shape import Line, Shape

# Of installations on many repositories, all of whose names are told.
MOST = 20_000
# Of these a repository may be named besides, which they are not about.
_OF_OWNERS = frozenset({"installation", "membership", "organization", "installation_target"})
REVOKED = "github_app_authorization"


@dataclass(frozen=True, slots=True)
class Audience:
    """Repositories by their ids, all of some accounts by their names in small letters, or one person by his id."""

    repositories: frozenset[str] = frozenset()
    owners: frozenset[str] = frozenset()
    user: str = ""


class Item(Shape):
    id: int


class Account(Shape):
    id: int
    login: Line = ""


class Installation(Shape):
    id: int
    account: Account | None = None


class Former(Shape):
    was: Line = Field("", alias="from")


class Changes(Shape):
    login: Former = Former.model_validate({})


class Event(Shape):
    repository: Item | None = None
    repositories: list[Item] = Field(default_factory=list, max_length=MOST)
    repositories_added: list[Item] = Field(default_factory=list, max_length=MOST)
    repositories_removed: list[Item] = Field(default_factory=list, max_length=MOST)
    installation: Installation | None = None
    organization: Account | None = None
    account: Account | None = None
    changes: Changes | None = None
    sender: Account | None = None

    def audience(self, event: str) -> Audience:
        if event == REVOKED:
            return Audience(user=str(self.sender.id) if self.sender else "")
        if event == "installation_repositories":
            return Audience(repositories=_ids([*self.repositories_added, *self.repositories_removed]))
        if self.repository is not None and event not in _OF_OWNERS:
            return Audience(repositories=_ids([self.repository]))
        return Audience(repositories=_ids(self.repositories), owners=self._owners())

    def _owners(self) -> frozenset[str]:
        """By both names, where one has another since."""
        account = self.installation.account if self.installation else None
        names = [one.login for one in (account, self.organization, self.account) if one]
        names.append(self.changes.login.was if self.changes else "")
        return frozenset(name.lower() for name in names if name)


def _ids(items: Iterable[Item]) -> frozenset[str]:
    return frozenset(str(item.id) for item in items)


def audience(event: str, body: bytes) -> Audience:
    """Raises InvalidInput for what is not of the published shape."""
    check_weight(body)
    try:
        return Event.model_validate_json(body).audience(event)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)[0]
        raise InvalidInput(
            f"The payload is not one of {event}: {'.'.join(map(str, found['loc']))} {found['msg']}."
        ) from error

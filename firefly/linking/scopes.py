"""Whether a connection was given leave for what is to be done."""

from ..errors import Forbidden
from .dialects import DIALECTS, missing
from .model import Connection, Kind, Need


def check_scopes(found: Connection, need: Need) -> None:
    """Raises Forbidden, with `need`, for what the provider has to allow first.

    A token that somebody made does not always say what it is good for, and one of a GitHub App has no scopes at all.
    """
    silent = found.kind is Kind.TOKEN or (found.provider == "github" and not found.scopes)
    lacks = missing(found.provider, need, frozenset(found.scopes))
    if lacks and not silent:
        raise Forbidden(
            f"For this, {DIALECTS[found.provider].title} has to allow Firefly more: {', '.join(sorted(lacks))}.",
            need=need.value, connection=str(found.id), provider=found.provider,
        )  # fmt: skip

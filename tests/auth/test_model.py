"""What a credential lets somebody do: scopes hold what they say, and nothing else."""

from uuid import uuid4

import pytest

from firefly.auth import Account, Identity, check_scopes
from firefly.auth.model import EVERYTHING
from firefly.errors import InvalidInput
from firefly.testing.clock import ManualClock


@pytest.mark.parametrize(
    ("held", "asked", "answer"),
    [
        ("write", "read", True),
        ("write", "git", True),
        ("write", "admin", False),
        ("write", "preview:ada/site", False),
        ("read", "write", False),
        ("read", "git", False),
        ("git", "read", False),
        ("admin", "write", True),
        ("admin", "git", True),
        ("admin", "preview:ada/site", True),
        ("preview:ada/site", "preview:ada/site", True),
        ("preview:ada/site", "preview:ada/site2", False),
        ("preview:ada/site", "read", False),
        ("preview:*", "preview:ada/site", True),
        ("preview:*", "read", False),
    ],
)
def test_what_a_scope_holds(held: str, asked: str, answer: bool, account: Account) -> None:
    assert Identity(account, frozenset({held}), "token").has(asked) is answer


@pytest.fixture
def account(clock: ManualClock) -> Account:
    return Account(uuid4(), "ada", "Ada", None, False, clock.now())


@pytest.mark.parametrize(
    "scopes", [[], ["everything"], ["preview:"], ["preview:ada/"], ["preview:a/b/c"], ["read", ""]]
)
def test_unknown_scopes_are_refused(scopes: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_scopes(scopes)
    assert caught.value.field == "scopes"


@pytest.mark.parametrize("scope", ["read", "write", "admin", "git", "preview:ada/site", "preview:pr-7", "preview:*"])
def test_known_scopes_pass(scope: str) -> None:
    assert check_scopes([scope, "read"]) == {scope, "read"}


def test_scopes_do_not_make_an_administrator(account: Account) -> None:
    assert not Identity(account, EVERYTHING, "session").account.is_administrator


def test_a_credential_without_scopes_holds_nothing(account: Account) -> None:
    identity = Identity(account, frozenset(), "token")
    assert not [scope for scope in (*EVERYTHING, "preview:ada/site", "", "preview:") if identity.has(scope)]

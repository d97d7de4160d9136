"""Messages about the workspace refuse what makes no sense."""

import pytest
from pydantic import ValidationError

from firefly.protocol.workspace import InitializeParams, Member, PullParams, Role


@pytest.mark.parametrize("body", [{}, {"template": "static", "clone": True}, {"template": "../etc"}, {"tmplate": "x"}])
def test_a_workspace_has_exactly_one_source(body: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        InitializeParams.model_validate(body)


@pytest.mark.parametrize(
    "ref", ["main", "refs/heads/", "refs/heads/-x", "refs/tags/v1", "refs/heads/a b", "refs/heads/a\n"]
)
def test_only_branches_are_pulled(ref: str) -> None:
    with pytest.raises(ValidationError):
        PullParams(ref=ref)


def test_a_member_without_a_known_role_is_refused() -> None:
    with pytest.raises(ValidationError):
        Member.model_validate({"id": "1", "name": "Ada", "role": "root"})
    assert Member.model_validate({"id": "1", "name": "Ada", "role": "viewer", "extra": 1}).role is Role.VIEWER

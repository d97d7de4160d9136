"""Domain errors keep their class, sentence and facts on the way through JSON-RPC and HTTP."""

import pytest

from firefly import errors
from firefly.protocol.errors import (
    ErrorCode,
    ManifestError,
    RefusedPath,
    RpcError,
    error_object,
    from_error_object,
    from_problem,
    problem,
    status_of,
)

TRAVELLERS = [
    (errors.VersionConflict("changed", version="v2", text="new"), -32010, 412),
    (errors.NotFound("gone", path="a"), -32011, 404),
    (errors.NameTaken("taken"), -32012, 409),
    (RefusedPath("refused", field="path"), -32013, 422),
    (errors.TooLarge("large"), -32014, 413),
    (errors.StorageFull("full"), -32015, 507),
    (errors.Forbidden("no"), -32016, 403),
    (errors.LimitReached("many"), -32017, 429),
    (errors.Conflict("not now"), -32018, 409),
    (errors.InvalidInput("wrong", field="x"), -32602, 422),
]


@pytest.mark.parametrize(("error", "code", "status"), TRAVELLERS)
def test_code_and_status_are_the_documented_ones(error: errors.FireflyError, code: int, status: int) -> None:
    assert error_object(error)["code"] == code
    assert status_of(error) == status


@pytest.mark.parametrize(("error", "code", "status"), TRAVELLERS)
def test_an_error_is_the_same_on_the_other_side(error: errors.FireflyError, code: int, status: int) -> None:
    for back in (from_error_object(error_object(error)), from_problem(problem(error))):
        assert type(back) is type(error)
        assert back.detail == error.detail
        assert dict(back.extra) == dict(error.extra)


def test_problem_has_the_members_of_rfc_9457() -> None:
    body = problem(errors.NotFound("There is no a.txt.", path="a.txt"))
    assert body == {
        "type": "urn:firefly:not-found",
        "title": "Not found",
        "status": 404,
        "detail": "There is no a.txt.",
        "path": "a.txt",
    }


def test_an_unknown_error_is_internal_and_has_status_500() -> None:
    assert error_object(errors.FireflyError("odd"))["code"] == ErrorCode.INTERNAL
    assert status_of(errors.FireflyError("odd")) == 500


def test_codes_of_json_rpc_stay_as_they_are() -> None:
    back = from_error_object({"code": -32601, "message": "no such method", "data": {"a": 1}})
    assert isinstance(back, RpcError)
    assert (back.code, back.detail, back.extra) == (-32601, "no such method", {"a": 1})


def test_nonsense_from_the_other_side_is_still_an_error() -> None:
    assert isinstance(from_error_object({"code": "x"}), RpcError)
    assert from_problem({"title": "Bad Gateway"}).detail == "Bad Gateway"
    assert from_problem({}).detail


def test_a_manifest_error_names_its_line() -> None:
    assert problem(ManifestError("wrong", line=3))["line"] == 3

"""What is not a JSON-RPC call is told so, with the code of the specification, and never raises."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firefly.errors import NotFound
from firefly.protocol.envelope import Batch, Broken, Call, failure, notification, parse, result
from firefly.protocol.files import Written

GOOD = {"jsonrpc": "2.0", "id": 1, "method": "files.read", "params": {"path": "a"}}


def test_a_request() -> None:
    assert parse(json.dumps(GOOD)) == Call("files.read", {"path": "a"}, 1, True)


def test_a_notification_wants_no_answer() -> None:
    call = parse('{"jsonrpc":"2.0","method":"files.watch"}')
    assert call == Call("files.watch", {}, None, False)


def test_null_is_an_id() -> None:
    call = parse('{"jsonrpc":"2.0","method":"m","id":null}')
    assert isinstance(call, Call)
    assert call.wants_answer


@pytest.mark.parametrize("text", ["", "{", "nul", "[1,", '{"a": NaN}', "[" * 100_000, b"\xff\xfe"])
def test_broken_json_is_a_parse_error(text: str | bytes) -> None:
    broken = parse(text)
    assert isinstance(broken, Broken)
    assert broken.error.code == -32700


@pytest.mark.parametrize(
    "message",
    [
        1,
        "text",
        None,
        {},
        {**GOOD, "jsonrpc": "1.0"},
        {**GOOD, "method": 5},
        {**GOOD, "id": {"a": 1}},
        {**GOOD, "id": True},
        [],
        [GOOD] * 101,
    ],
)
def test_what_is_no_call_is_an_invalid_request(message: object) -> None:
    broken = parse(json.dumps(message))
    assert isinstance(broken, Broken)
    assert broken.error.code == -32600


@pytest.mark.parametrize("params", [[1, 2], "text", 5, None])
def test_parameters_are_given_by_name(params: object) -> None:
    broken = parse(json.dumps({**GOOD, "params": params}))
    assert isinstance(broken, Broken)
    assert (broken.error.code, broken.id) == (-32602, 1)


def test_a_batch_holds_good_and_broken_calls() -> None:
    batch = parse(json.dumps([GOOD, 5]))
    assert isinstance(batch, Batch)
    assert [type(item) for item in batch.items] == [Call, Broken]


@given(st.text() | st.binary())
def test_nothing_raises(text: str | bytes) -> None:
    assert isinstance(parse(text), Call | Broken | Batch)


def test_answers() -> None:
    assert json.loads(result("a", Written(version="v", size=1))) == {
        "jsonrpc": "2.0",
        "id": "a",
        "result": {"version": "v", "size": 1},
    }
    assert json.loads(failure(7, NotFound("gone", path="x")))["error"] == {
        "code": -32011,
        "message": "gone",
        "data": {"path": "x"},
    }
    assert json.loads(notification("n", Written(version="v", size=1)))["params"] == {"version": "v", "size": 1}

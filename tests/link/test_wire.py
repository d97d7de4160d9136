"""What passes between processes comes out as it went in, and nothing else passes."""

import ipaddress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum, StrEnum, auto
from pathlib import Path
from uuid import UUID

import pytest

from firefly.errors import FireflyError, NotFound, SandboxFailed, Unavailable
from firefly.link import Wire


class Colour(StrEnum):
    RED = "red"


class Shade(Enum):
    DARK = auto()


@dataclass(frozen=True, slots=True)
class Thing:
    id: UUID
    colour: Colour = Colour.RED
    parts: "tuple[Thing, ...]" = ()
    _kept: dict[bytes, bool] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Unlisted:
    name: str


WIRE = Wire((Colour, Shade, Thing))
ID = UUID(int=7)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        1.5,
        "text with \u00e9, \0 and \U0001f525",
        b"\x00\xff bytes",
        ID,
        datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        Path("/run/firefly"),
        ipaddress.ip_network("10.0.0.0/8"),
        ipaddress.ip_network("fd00::/8"),
        ("a", (1, ()), None),
        frozenset({b"/a", b"/b"}),
        {ID: Thing(ID), "b": None, (ID, None): 1.0},
        Shade.DARK,
        Thing(ID, Colour.RED, (Thing(UUID(int=8)),)),
    ],
)
def test_it_comes_out_as_it_went_in(value: object) -> None:
    found = WIRE.load(WIRE.dump(value))
    assert found == value
    assert type(found) is type(value)


def test_a_kind_of_uuid_arrives_as_one() -> None:
    class DriversOwn(UUID):
        pass

    assert type(WIRE.load(WIRE.dump(DriversOwn(int=7)))) is UUID


def test_a_list_arrives_as_a_tuple_and_what_is_private_stays_behind() -> None:
    thing = Thing(ID)
    thing._kept[b"seen"] = True
    (found,) = WIRE.load(WIRE.dump([thing]))
    assert found._kept == {}


@pytest.mark.parametrize("value", [Unlisted("x"), object(), Thing, {1, 2}])
def test_what_is_not_listed_does_not_pass(value: object) -> None:
    with pytest.raises(TypeError, match="is not for other processes"):
        WIRE.dump(value)


@pytest.mark.parametrize(
    "text", ['["object", "Unlisted", "x"]', '["object", "Thing"]', '["enum", "Shade", "LIGHT"]', '["eval", "1"]', "{"]
)
def test_what_was_not_made_here_is_refused(text: str) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        WIRE.load(text.encode())


def test_errors_keep_their_kind_and_what_they_say() -> None:
    failed = WIRE.load(WIRE.dump(SandboxFailed("It crashed.", output="boom", retry_after=3.0)))
    assert isinstance(failed, SandboxFailed)
    assert (failed.detail, failed.output, failed.retry_after, str(failed)) == (
        "It crashed.",
        "boom",
        3.0,
        "It crashed.",
    )
    gone = WIRE.load(WIRE.dump(NotFound("Gone.", host="a")))
    assert (type(gone), gone.extra) == (NotFound, {"host": "a"})
    refused = WIRE.load(WIRE.dump(ConnectionRefusedError(111, "Connection refused")))
    assert isinstance(refused, ConnectionRefusedError)


def test_what_is_no_error_of_ours_is_not_told() -> None:
    found = WIRE.load(WIRE.dump(RuntimeError("/etc/secret is missing")))
    assert isinstance(found, FireflyError)
    assert (type(found), found.detail) == (Unavailable, "Something went wrong in Firefly; its log says what.")

"""SPECIFICATION.md and THREAT_MODEL.md are true of this checkout: what they name as holding a promise is there.

And so is what a newcomer is sent to.
"""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
NAMED = re.compile(r"`((?:editor:|bench/)?[\w/.-]+(?:::\w+)?)`")
HEADS = ("| promise |", "| threat |", "| from |")


def rows_of(document: str) -> list[str]:
    lines = (ROOT / document).read_text().splitlines()
    return [line for line in lines if line.startswith("| ") and not line.startswith(HEADS)]


PROMISES = rows_of("SPECIFICATION.md")
THREATS = [row for row in rows_of("THREAT_MODEL.md") if row.count(" | ") == 2]


def held_by(row: str) -> str:
    return row.rstrip("| ").rpartition(" | ")[2]


def place_of(name: str) -> Path:
    path = name.partition("::")[0]
    if path.startswith("editor:"):
        return ROOT / "editor" / "tests" / path.removeprefix("editor:")
    return ROOT / path if path.startswith("bench/") else ROOT / "tests" / path


@pytest.mark.parametrize("row", [*PROMISES, *THREATS], ids=lambda row: row[2:60])
def test_what_holds_a_promise_exists(row: str) -> None:
    names = [name for name in NAMED.findall(held_by(row)) if "/" in name or name.endswith(".py") or "::" in name]
    assert names or "make lint" in held_by(row) or "[not " in held_by(row), "nothing is named"
    for name in names:
        place, function = place_of(name), name.partition("::")[2]
        assert place.exists(), f"{name} is not there"
        assert not function or f"def {function}(" in place.read_text(), f"{name} is not there"


def test_there_are_promises() -> None:
    assert len(PROMISES) > 50
    assert len(THREATS) > 20


def test_where_newcomers_are_sent_something_is() -> None:
    text = (ROOT / "docs/contributors/contributing.md").read_text()
    section = text.partition("## Where things are")[2].partition("\n## ")[0]
    named = [name for name in NAMED.findall(section) if "/" in name or "." in name]
    known = {path.name for path in (ROOT / "firefly").rglob("*.py")}
    missing = [name for name in named if not any((ROOT / place / name).exists() for place in ("", "firefly"))]
    assert len(named) > 40
    assert [name for name in missing if name not in known] == []

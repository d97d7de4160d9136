"""Pages of an index as they are passed on: what is fetched here, and what is left where it is."""

import json

import pytest

from firefly.packages import index

PAGE = "https://index.example/simple/engine/"
SHA256 = "ab" * 32


def turned(**file: object) -> dict[str, object]:
    whole = {"filename": "engine-1.0.whl", "url": "https://files.example/engine-1.0.whl", "hashes": {"sha256": SHA256}}
    found = json.loads(index.turn(json.dumps({"files": [whole | file]}).encode(), PAGE))
    return {"file": found["files"][0], "places": found[index.PLACES]}


def test_a_file_is_asked_for_here() -> None:
    found = turned(url="../../packages/engine-1.0.whl#sha256=x")
    assert found["file"] == {
        "filename": "engine-1.0.whl", "url": "../../files/engine/engine-1.0.whl", "hashes": {"sha256": SHA256}
    }  # fmt: skip
    assert found["places"] == {"engine-1.0.whl": ["https://index.example/packages/engine-1.0.whl", SHA256]}


@pytest.mark.parametrize(
    "file",
    [
        {"hashes": {}},
        {"hashes": {"sha256": "short"}},
        {"filename": "../engine.whl"},
        {"url": "http://10.0.0.1/latest/meta-data"},
        {"url": "ftp://files.example/engine.whl"},
    ],
)
def test_what_cannot_be_checked_or_is_nobodys_to_ask_for_stays_where_it_is(file: dict[str, object]) -> None:
    found = turned(**file)
    assert found["places"] == {}
    assert isinstance(found["file"], dict)
    assert "://" in found["file"]["url"]


@pytest.mark.parametrize(("told", "kept"), [({"sha256": SHA256}, True), (True, False), ({"sha512": "x"}, False)])
def test_metadata_that_cannot_be_checked_is_not_offered(told: object, kept: bool) -> None:
    found = turned(**{"core-metadata": told})
    assert ("core-metadata" in str(found["file"]), "engine-1.0.whl.metadata" in str(found["places"])) == (kept, kept)

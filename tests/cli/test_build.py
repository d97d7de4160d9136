"""`firefly build explain` on a folder of this machine."""

import json
from pathlib import Path

from .conftest import Run

PARTS = ("strategy", "family", "run", "port", "env", "configured_by")


async def test_a_folder_is_explained(run: Run, tmp_path: Path) -> None:
    (tmp_path / "firefly.yml").write_text("image: go\nport: 3000\nenv: {A: b}")
    (tmp_path / "main.go").write_text("package main")
    (tmp_path / "go.mod").write_text("module x\n\ngo 1.23\n")
    told = await run("build", "explain")
    assert told.code == 0, told.err
    for line in (
        "Go, a server: there is a go.mod",
        "versions, since go.mod asks for go 1.23:\n    go 1.23",
        "runtime, since firefly.yml says so:\n    go\n",
        "port, since firefly.yml says so:\n    3000",
        "run, since that is what is built:\n    ./bin/app",
    ):
        assert line in told.out
    found = json.loads((await run("build", "explain", str(tmp_path), "--json")).out)
    assert [found[part] for part in PARTS] == ["commands", "Go", ["./bin/app"], 3000, {"A": "b"}, "firefly.yml"]


async def test_what_cannot_be_explained_is_told(run: Run, tmp_path: Path) -> None:
    missing = await run("build", "explain", "missing")
    assert (missing.code, missing.err) == (1, "missing is no folder.\n")
    (tmp_path / "firefly.yml").write_text("\nbiuld: make")
    wrong = await run("build", "explain")
    assert (wrong.code, wrong.err) == (1, "firefly.yml, line 2: the key biuld is not known.\n")

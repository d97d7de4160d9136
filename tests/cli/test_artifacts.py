"""`firefly admin artifacts copy`: from one store to another, and again, and what is damaged."""

import json
from pathlib import Path

from firefly.artifacts import FileArtifactStore
from tests.artifacts.bodies import pieces

from .conftest import Run


async def test_artifacts_are_copied_once_and_what_is_damaged_is_named(
    run: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    environment["FIREFLY_DATA_DIR"] = str(tmp_path)
    store = FileArtifactStore(tmp_path / "artifacts")
    digests = [(await store.put(pieces(content), limit=9)).digest for content in (b"one", b"two")]
    target = f"file://{tmp_path}/other"
    would = await run("admin", "artifacts", "copy", "--to", target, "--dry-run")
    assert (would.code, would.out.strip()) == (0, "2 artifacts would be copied, 6 bytes; 0 were there already.")
    async with store.local(digests[1]) as path:
        path.write_bytes(b"owt")
    done = await run("admin", "artifacts", "copy", "--to", target, "--json")
    assert json.loads(done.out) == {"copied": 1, "bytes": 3, "there": 0, "damaged": [digests[1]]}
    assert (done.code, digests[1] in done.err) == (1, True)
    assert [held.digest for held in await FileArtifactStore(tmp_path / "other").listed()] == [digests[0]]
    same = await run("admin", "artifacts", "copy")
    assert (same.code, "Both stores are the same" in same.err) == (1, True)

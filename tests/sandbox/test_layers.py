"""Workspaces on layers, in real sandboxes: seen as their own, independent from the first write, deleted when unused."""

import os
import time
from pathlib import Path
from uuid import uuid4

import pytest

from firefly.errors import Conflict, SandboxFailed
from firefly.sandbox.backend import Layer
from firefly.sandbox.process import ProcessBackend
from firefly.settings import Settings
from tests.sandbox.conftest import Inside, Start

pytestmark = pytest.mark.skipif(os.getuid() != 0, reason="Layers need root.")

FILL = """
mkdir -p src/deep .hidden && echo one > src/a.txt && echo two > src/deep/b.txt && echo three > gone.txt
head -c 10000000 /dev/urandom > large && chmod 444 src/deep/b.txt && ln -s src/a.txt link && printf 'x' > 'odd,:name'
"""


async def settled(backend: ProcessBackend, inside: Inside) -> Layer:
    """A layer of what a sandbox has written."""
    layer_id = uuid4()
    await backend.stop(inside.instance.id, reason="It is ready.")
    await backend.settle(inside.spec.workspace_id, layer_id)
    return Layer(layer_id, inside.spec.uid)


async def test_two_workspaces_on_one_layer_are_independent_and_their_own(backend: ProcessBackend, start: Start) -> None:
    assert backend.capabilities().layers
    first = await start()
    assert (await first.run(FILL)).code == 0
    with pytest.raises(Conflict, match="Stop the sandbox"):
        await backend.settle(first.spec.workspace_id, uuid4())
    layer = await settled(backend, first)
    one, other = await start(layers=(layer,)), await start(layers=(layer,))

    # As one's own: owner, mode, links; a folder of the layer can be renamed.
    assert (await one.run("stat -c '%U %a' src/a.txt src/deep/b.txt && cat link")).stdout == (
        "firefly 644\nfirefly 444\none\n"
    )
    changed = await one.run("echo changed > src/a.txt && rm gone.txt && mv src/deep moved && rm moved/b.txt && ls -A")
    assert changed.stdout.split() == [".hidden", "large", "link", "moved", "odd,:name", "src"]
    seen = await other.run("cat src/a.txt src/deep/b.txt gone.txt")
    assert seen.stdout == "one\ntwo\nthree\n"
    began = time.monotonic()
    assert (await one.run("printf x | dd of=large conv=notrunc status=none && stat -c %s large")).stdout == "10000000\n"
    assert time.monotonic() - began < 20
    # What overlayfs notes is out of reach inside, and so is what lies below.
    refused = await one.python("import os; os.setxattr('src', 'trusted.overlay.opaque', b'y')")
    assert "PermissionError" in refused.stderr
    assert "/layers" not in (await one.run("cat /proc/self/mountinfo")).stdout

    # A second layer upon the first, with what was removed and renamed; and the next start finds its changes.
    again = Layer((await settled(backend, one)).id, one.spec.uid)
    upper = await start(layers=(again, layer))
    assert (await upper.run("ls -A; cat src/a.txt; ls -A moved")).stdout == changed.stdout + "changed\n"
    await backend.stop(upper.instance.id, reason="Once more.")
    assert (await other.run("cat src/a.txt")).stdout == "one\n"
    await backend.create(upper.spec)
    await backend.remove_layer(uuid4())


async def test_a_workspace_on_layers_is_removed_without_them(
    backend: ProcessBackend, start: Start, settings: Settings
) -> None:
    first = await start()
    await first.run("echo one > a.txt; mkdir -m 0 closed")
    layer = await settled(backend, first)
    upper = await start(layers=(layer,))
    await upper.run("echo two > b.txt")
    await backend.stop(upper.instance.id, reason="It is over.")
    await backend.remove_workspace(upper.spec.workspace_id)

    assert not workspace(settings, upper).exists()
    assert (settings.data_dir / "layers" / str(layer.id) / "a.txt").read_text() == "one\n"
    await backend.remove_layer(layer.id)
    assert list((settings.data_dir / "layers").iterdir()) == []

    # Without its layers a new workspace begins empty, and what is left of an older one is not taken for the whole.
    fresh = await start(layers=(layer,))
    assert (await fresh.run("ls -A")).stdout == ""
    (workspace(settings, fresh) / "work").mkdir()
    await backend.stop(fresh.instance.id, reason="It is over.")
    with pytest.raises(SandboxFailed, match="lies on is not on this machine"):
        await backend.create(fresh.spec)


def workspace(settings: Settings, inside: Inside) -> Path:
    return settings.data_dir / "workspaces" / str(inside.spec.workspace_id)

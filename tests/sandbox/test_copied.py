"""Workspaces that begin with a copy of a layer, where none can be mounted: as an ordinary user, or by an old kernel."""

from uuid import UUID, uuid4

import pytest

from firefly.sandbox import trees
from firefly.sandbox.backend import Layer
from firefly.sandbox.process import ProcessBackend
from firefly.settings import Settings
from tests.sandbox.conftest import Start


@pytest.fixture(autouse=True)
def _no_overlays(monkeypatch: pytest.MonkeyPatch) -> None:
    async def cannot(_: object) -> bool:
        return False

    monkeypatch.setattr(trees, "can_lie_on_layers", cannot)


async def test_a_workspace_begins_with_a_copy_that_is_its_own(
    backend: ProcessBackend, start: Start, settings: Settings
) -> None:
    assert backend.capabilities().layers
    first = await start()
    await first.run("mkdir deep && echo one > deep/a.txt && echo two > gone.txt && ln -s /etc/passwd link")
    lower = await settled(backend, first.instance.id, first.spec.workspace_id, first.spec.uid)
    one, other = await start(layers=(lower,)), await start(layers=(lower,))

    assert (await one.run("stat -c '%U' deep/a.txt link && rm gone.txt && echo mine > deep/a.txt")).stdout == (
        "firefly\nfirefly\n"
    )
    assert (await other.run("cat deep/a.txt gone.txt && readlink link")).stdout == "one\ntwo\n/etc/passwd\n"

    # What is made of a copy is whole, and what was removed stays away, in this run and the next.
    upper = await settled(backend, one.instance.id, one.spec.workspace_id, one.spec.uid)
    last = await start(layers=(upper, lower))
    assert (await last.run("cat deep/a.txt; ls")).stdout == "mine\ndeep\nlink\n"
    await last.run("rm -r deep")
    await backend.stop(last.instance.id, reason="Once more.")
    await backend.create(last.spec)
    folder = settings.data_dir / "workspaces" / str(last.spec.workspace_id)
    assert sorted(path.name for path in (folder / "tree").iterdir()) == ["link"]

    for layer in (upper, lower):
        await backend.remove_layer(layer.id)
    assert list((settings.data_dir / "layers").iterdir()) == []


async def settled(backend: ProcessBackend, instance: str, workspace_id: UUID, uid: int) -> Layer:
    layer = Layer(uuid4(), uid)
    await backend.stop(instance, reason="It is ready.")
    await backend.settle(workspace_id, layer.id)
    return layer

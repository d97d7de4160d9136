"""Sites of pages from their first build to their end, on two servers, without a sandbox."""

import asyncio
import shutil
from typing import Any

import pytest

from firefly.builds.model import SiteState
from firefly.builds.pages import exhibition, shelf
from firefly.errors import Conflict, NotFound, Withheld
from firefly.routes import Access
from tests.bridge.test_building import tar
from tests.builds.pages.gallery import DOMAIN, Gallery, ask
from tests.support.waiting import eventually

MAIN = "main--garden--ada"
ONE = tar(("index.html", "one"), ("404.html", "lost"), ("well.txt", "well"))


async def test_pages_are_shown_by_every_server_from_the_artifact(gallery: Gallery) -> None:
    plan: dict[str, Any] = {"configuration": {"urls": ["www"], "database": "postgres", "health": {"path": "/well.txt"}}}
    build = await gallery.build(ONE, 1, **plan)
    site, log = await gallery.publish(build)
    assert (site.state, site.reason, site.is_pages, site.workspace_id) == (SiteState.LIVE, "It is shown.", True, None)
    assert [(step.name, step.state.value) for step in log.steps] == [
        ("start", "succeeded"), ("health", "succeeded"), ("route", "succeeded")
    ]  # fmt: skip
    assert "database" in log.steps[0].said[0]
    urls = [gallery.settings.host_url(f"{label}.{DOMAIN}") for label in (MAIN, "build-1--garden--ada")]
    assert log.steps[2].said == [f"It is shown at {urls[0]}, and by itself at {urls[1]}"]
    for label in (MAIN, f"www--{MAIN}", "build-1--garden--ada"):
        assert gallery.leads(label) == site.id
    for at in (gallery.here, gallery.there):
        assert await gallery.get(site, at=at) == (200, "one")
        assert await gallery.get(site, "/nothing", at=at) == (404, "lost")

    # The next one takes its place, and what was there stays at its own address.
    second = await gallery.show(2, {"index.html": "two"})
    assert (gallery.leads(MAIN), gallery.leads(f"www--{MAIN}")) == (second.id, None)
    assert gallery.leads("build-1--garden--ada") == site.id
    first = await gallery.records.find(site.id)
    assert first is not None
    assert (first.state, first.reason) == (SiteState.REPLACED, "Build 2 took its place.")
    assert [await gallery.get(one) for one in (site, second)] == [(200, "one"), (200, "two")]

    # With its branch its hosts go; a build's own address stays, and is not emptied.
    assert await gallery.ends.ref_ended(gallery.project_id, "refs/heads/main", "Branch main was deleted.") == 2
    await gallery.ends.sweep()
    assert (gallery.leads(MAIN), gallery.leads("build-2--garden--ada")) == (None, second.id)
    assert await gallery.get(second) == (200, "two")


async def test_its_hosts_move_with_its_project_and_come_back_from_the_bin(gallery: Gallery) -> None:
    site = await gallery.show(1, {"index.html": "one"}, configuration={"preview": {"access": "code"}})
    async with gallery.yard.database.transaction() as connection:
        hosts = await gallery.hosts.rename(gallery.project_id, ("garden", "ada"), ("park", "ada"), connection)
    await gallery.routes.apply(hosts)
    assert (gallery.leads("main--park--ada"), gallery.leads("build-1--park--ada")) == (site.id, site.id)
    await gallery.routes.remove(gallery.project_id)
    assert gallery.leads("main--park--ada") is None
    async with gallery.yard.database.transaction() as connection:
        hosts = await gallery.hosts.route(gallery.project_id, "public", connection)
    await gallery.routes.apply(hosts)
    route = gallery.table.get(f"main--park--ada.{DOMAIN}")
    assert route is not None
    assert (gallery.leads("main--park--ada"), route.access) == (site.id, Access.ONLY_CODE)


async def test_what_does_not_answer_as_it_should_is_not_shown(gallery: Gallery) -> None:
    first = await gallery.show(1, {"index.html": "one"})
    plan: dict[str, Any] = {"configuration": {"health": {"path": "/well.txt", "timeout": "0.1s"}}}
    site = await gallery.show(2, {"index.html": "two"}, **plan)
    assert (site.state, site.hosts) == (SiteState.FAILED, ())
    assert site.reason == "GET /well.txt was not answered with 2xx or 3xx within 0.1 s: at last it answered 404."
    assert gallery.leads(MAIN) == first.id


async def test_who_stops_it_stops_it_everywhere_also_on_connections_that_are_open(gallery: Gallery) -> None:
    site = await gallery.show(1, {"index.html": "one"})
    reader, writer = await asyncio.open_connection(sock=await gallery.there.serving.connect(site.id))
    assert await ask(reader, writer, "/") == (200, "one")
    (build,) = [await gallery.yard.records.find(site.build_id)]
    assert build is not None

    await gallery.control.stop(gallery.ada, build.id)
    stopped = await gallery.records.find(site.id)
    assert stopped is not None
    assert (stopped.state, stopped.reason) == (SiteState.STOPPED, "ada stopped it.")
    await eventually(lambda: gallery.there.serving.name(site.id) is None)
    with pytest.raises(asyncio.IncompleteReadError):
        await ask(reader, writer, "/")
    writer.close()
    with pytest.raises(Withheld, match=r"ada stopped it\. It starts again from the page of build 1"):
        await gallery.get(site, at=gallery.there)
    with pytest.raises(Conflict, match="Nothing shows this build"):
        await gallery.control.stop(gallery.ada, build.id)

    again, _ = await gallery.publish(build)
    assert (again.id, again.state) == (site.id, SiteState.LIVE)
    assert await gallery.get(site, at=gallery.there) == (200, "one")


@pytest.fixture
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server hears of changes by the bus."""
    monkeypatch.setattr(exhibition.Exhibition, "_hear", lambda _: asyncio.Event().wait())


async def test_the_server_that_stops_it_does_so_before_it_says_so(deaf: None, gallery: Gallery) -> None:
    site = await gallery.show(1, {"index.html": "one"})
    assert [await gallery.get(site, at=at) for at in (gallery.here, gallery.there)] == [(200, "one")] * 2
    await gallery.control.stop(gallery.ada, site.build_id)
    assert (gallery.here.serving.name(site.id), gallery.there.serving.name(site.id) is None) == (None, False)
    with pytest.raises(Withheld):
        await gallery.get(site)


async def test_an_artifact_that_is_damaged_or_gone_is_the_sites_reason(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await gallery.show(1, {"index.html": "one"})
    build = await gallery.yard.records.find(site.build_id)
    assert build is not None
    assert build.artifact is not None
    async with gallery.artifacts.local(build.artifact) as (stored, _):
        whole = stored.read_bytes()
    monkeypatch.setattr(shelf, "PAUSE", 0)
    for damaged in (whole[:-9], b"none", b""):
        stored.write_bytes(damaged)
        with pytest.raises(Conflict, match="What is stored of it is"):
            await gallery.get(site, at=gallery.there)
    noted = await gallery.records.find(site.id)
    assert noted is not None
    assert noted.state is SiteState.LIVE
    assert noted.reason.startswith(f"{exhibition.BROKEN}What is stored of it is")

    # Who has it unpacked already goes on; the others do when it is whole again.
    assert await gallery.get(site) == (200, "one")
    stored.unlink()
    with pytest.raises(NotFound):
        await gallery.get(site, at=gallery.there)
    stored.write_bytes(whole)
    assert await gallery.get(site, at=gallery.there) == (200, "one")
    healed = await gallery.records.find(site.id)
    assert healed is not None
    assert healed.reason == "It is shown."

    # What owners' artifacts have no room for is gone for good.
    await gallery.yard.execute("update builds set artifact = null")
    with pytest.raises(NotFound, match="Build it again"):
        await gallery.replica("elsewhere").serving.connect(site.id)
    await gallery.yard.execute("update projects set deleted_at = now()")
    with pytest.raises(NotFound, match="This site is gone"):
        await gallery.replica("elsewhere").serving.connect(site.id)


async def test_what_vanishes_from_the_disk_is_unpacked_again(gallery: Gallery) -> None:
    site = await gallery.show(1, {"index.html": "one", "large.txt": "x" * 300_000})
    reader, writer = await asyncio.open_connection(sock=await gallery.here.serving.connect(site.id))
    writer.write(b"GET /large.txt HTTP/1.1\r\nHost: x\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    for folder in gallery.here.folder.iterdir():
        shutil.rmtree(folder)
    # What is being sent is sent to its end.
    assert (b"200 OK" in head, await reader.readexactly(300_000)) == (True, b"x" * 300_000)
    assert await ask(reader, writer, "/") == (200, "one")
    assert (await ask(reader, writer, "/nothing.txt"))[0] == 404

    # Where that fails the connection ends, and who dials anew is told.
    build = await gallery.yard.records.find(site.build_id)
    assert build is not None
    assert build.artifact is not None
    async with gallery.artifacts.local(build.artifact) as (stored, _):
        stored.write_bytes(b"damaged")
    for folder in gallery.here.folder.iterdir():
        shutil.rmtree(folder)
    with pytest.raises(asyncio.IncompleteReadError):
        await ask(reader, writer, "/")
    writer.close()
    with pytest.raises(Conflict, match="damaged"):
        await gallery.get(site)

"""Labels of refs: each its own, readable where it can be, moved with their project."""

from firefly.routes import Access
from tests.builds.sites.booth import DOMAIN, Booth


async def test_no_two_refs_share_a_label(booth: Booth) -> None:
    refs = ("heads/release", "tags/release", "heads/live", "heads/" + "1" * 250, "heads/123", "heads/feature/a",
            "heads/feature-a", "heads/Feature-A", "heads/pr-3", "pull/3", "heads/build-1", "heads/xx")  # fmt: skip
    for number, ref in enumerate(refs, 1):
        await booth.show(f"refs/{ref}", number, configuration={"urls": ["api"]})
    labels = booth.labels
    # Of each its own, the further host, and that of its build.
    assert len(labels) == 3 * len(refs)
    assert max(map(len, labels)) <= 63
    assert {"release--garden--ada", "pr-3--garden--ada", "feature-a--garden--ada", "build-3--garden--ada"} < set(labels)
    assert not set(labels) & {"live--garden--ada", "123--garden--ada"}


async def test_hosts_move_with_their_project_and_come_back_from_the_bin_as_they_were(booth: Booth) -> None:
    site = await booth.show("refs/heads/main", configuration={"urls": ["api"], "preview": {"access": "code"}})
    async with booth.yard.database.transaction() as connection:
        hosts = await booth.hosts.rename(booth.project_id, ("garden", "ada"), ("park", "ada"), connection)
    await booth.store.apply(hosts)
    shown = dict.fromkeys(["main--park--ada", "api--main--park--ada", "build-1--park--ada"], Access.ONLY_CODE)
    assert booth.labels == shown
    # Its sandbox is told the new one when it starts the next time.
    moved = await booth.records.facts(site.workspace)
    assert moved is not None
    assert moved.label == "main--park--ada"
    old = booth.table.get(f"main--garden--ada.{DOMAIN}")
    assert old is not None
    assert old.redirect_to == f"main--park--ada.{DOMAIN}"

    await booth.store.apply(await booth.store.remove(booth.project_id))
    assert booth.labels == {}
    async with booth.yard.database.transaction() as connection:
        hosts = await booth.hosts.route(booth.project_id, "public", connection)
    await booth.store.apply(hosts)
    # What firefly.yml narrows stays so, also when the project becomes public.
    assert booth.labels == shown
    await booth.store.set_access(booth.project_id, Access.PUBLIC)
    assert booth.labels == shown

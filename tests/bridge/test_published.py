"""What a build made, run by a bridge as it is."""

import sys

from firefly.protocol.application import ApplicationKind, State
from firefly.protocol.site import SiteParams
from firefly.protocol.workspace import Configuration
from tests.bridge.conftest import CONFIGURATION, Running
from tests.bridge.test_application import SERVER, page, running, status_that, text_of


def of(**site: object) -> Configuration:
    return CONFIGURATION.model_copy(update={"site": SiteParams.model_validate(site)})


async def test_commands_run_in_order_and_the_last_one_serves(house: Running) -> None:
    (house.tree / "server.py").write_text(SERVER)
    # Neither of these is looked at: the build has decided.
    (house.tree / "firefly.yml").write_text("dev: exit 1\n")
    (house.tree / "package.json").write_text('{"scripts": {"dev": "exit 1"}, "dependencies": {"left-pad": "*"}}')
    run = ["echo first > order", "echo second >> order", f"{sys.executable} server.py"]
    await house.client.configure(of(run=run, env={"GREETING": "built"}, writable=["var/log"]))
    status = await running(house)
    assert (status.kind, status.steps) == (ApplicationKind.SERVER, [])
    assert await page(house) == (200, "built")
    assert (house.tree / "order").read_text() == "first\nsecond\n"
    assert (house.tree / "var" / "log").is_dir()
    assert not (house.tree / "node_modules").exists()
    assert not (house.tree / ".git").exists()


async def test_pages_are_served_without_a_process_and_without_the_script_that_reloads(house: Running) -> None:
    (house.tree / "dist").mkdir()
    (house.tree / "dist" / "index.html").write_text("<body>one</body>")
    await house.client.configure(of(folder="dist"))
    assert (await running(house)).kind is ApplicationKind.STATIC
    assert await page(house) == (200, "<body>one</body>")


async def test_one_that_crashes_is_started_again_though_nothing_changes(house: Running) -> None:
    (house.tree / "server.py").write_text(SERVER)
    run = ["test -f again || { touch again; echo not yet; exit 7; }", f"{sys.executable} server.py"]
    await house.client.configure(of(run=run))
    crashed = await status_that(house, lambda status: status.state is State.CRASHED)
    assert crashed.reason == "The application ended with exit status 7. See its output. Trying again in 1 s."
    assert (await running(house)).restarts == 1
    assert "not yet" in await text_of(house)


async def test_the_same_configuration_restarts_nothing_and_another_does(house: Running) -> None:
    (house.tree / "server.py").write_text(SERVER)
    wanted = of(run=[f"{sys.executable} server.py"], env={"GREETING": "one"})
    await house.client.configure(wanted)
    first = await running(house)
    await house.client.configure(wanted)
    assert (await house.client.application_status()).since == first.since
    await house.client.configure(of(run=[f"{sys.executable} server.py"], env={"GREETING": "two"}))
    await status_that(house, lambda status: status.state is State.RUNNING and status.since > first.since)
    assert await page(house) == (200, "two")

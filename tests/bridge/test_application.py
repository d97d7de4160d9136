"""Applications of every kind, with real processes: found, installed, started, restarted, stopped."""

import asyncio
import sys
import time
from collections.abc import Callable

import aiohttp

from firefly.bridge.application.ports import listening
from firefly.client.bridge_connection import Notification
from firefly.protocol.application import ApplicationKind, ApplicationStatus, Line, State, StepState
from firefly.protocol.workspace import Configuration, Role
from tests.bridge.conftest import CONFIGURATION, Running
from tests.support.ports import free_port
from tests.support.waiting import eventually

SERVER = """
import http.server, os, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(TEXT.encode())
    def log_message(self, *args): pass
TEXT = os.environ.get("GREETING", "hello")
print("starting", flush=True)
http.server.HTTPServer((os.environ["HOST"], int(os.environ["PORT"])), Handler).serve_forever()
"""


def manifest(house: Running, **keys: object) -> None:
    lines = {"dev": f"{sys.executable} server.py", **keys}
    (house.tree / "firefly.yml").write_text("".join(f"{key}: {value}\n" for key, value in lines.items()))


async def status_that(
    house: Running, condition: Callable[[ApplicationStatus], bool], within: float = 10
) -> ApplicationStatus:
    async def look() -> ApplicationStatus | None:
        status = await house.client.application_status()
        return status if condition(status) else None

    found = await eventually(look, within=within)
    assert found is not None
    return found


async def running(house: Running) -> ApplicationStatus:
    return await status_that(house, lambda status: status.state is State.RUNNING)


async def page(house: Running, path: str = "/") -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(house.url + path) as response:
        return response.status, await response.text()


async def text_of(house: Running) -> str:
    return "\n".join(line.text for line in house.bridge.application.output.after(None))


async def test_a_server_runs_as_soon_as_the_project_is_configured(house: Running) -> None:
    (house.tree / "server.py").write_text(SERVER)
    manifest(house, env="{GREETING: good day}")
    assert (await house.client.application_status()).state is State.STOPPED
    await house.client.configure(CONFIGURATION)
    status = await running(house)
    assert (status.kind, status.port, status.found_by) == (
        ApplicationKind.SERVER,
        house.environment.port,
        "firefly.yml has dev",
    )
    assert await page(house) == (200, "good day")
    assert "starting" in await text_of(house)


async def test_it_gets_the_hosts_that_development_servers_must_accept(house: Running) -> None:
    (house.tree / "server.py").write_text("import os, json; print(json.dumps(dict(os.environ)))\n" + SERVER)
    manifest(house)
    await house.client.configure(CONFIGURATION)
    await running(house)
    output = await text_of(house)
    assert '"__VITE_ADDITIONAL_SERVER_ALLOWED_HOSTS": "engine--ada.preview.localhost"' in output
    assert f'"PORT": "{house.environment.port}"' in output
    assert "FIREFLY_WORKSPACE_ID" not in output


async def test_a_new_address_restarts_it_the_same_one_does_not(house: Running) -> None:
    (house.tree / "server.py").write_text(SERVER)
    manifest(house)
    await house.client.configure(CONFIGURATION)
    first = await running(house)
    await house.client.configure(CONFIGURATION)
    assert (await house.client.application_status()).since == first.since
    moved = Configuration(project=CONFIGURATION.project, preview_hosts=["new--ada.preview.localhost"])
    await house.client.configure(moved)
    await status_that(house, lambda status: status.state is State.RUNNING and status.since != first.since)


async def test_secrets_reach_all_that_is_started_and_a_change_restarts_the_application(house: Running) -> None:
    (house.tree / "server.py").write_text(SERVER)
    manifest(house, env="{GREETING: good day}")
    await house.client.configure(CONFIGURATION)
    first = await running(house)
    secrets = {"GREETING": "whisper", "PORT_NAME": "x"}
    await house.client.configure(CONFIGURATION.model_copy(update={"secrets": secrets}))
    changed = await status_that(house, lambda status: status.state is State.RUNNING and status.since != first.since)
    assert await page(house) == (200, "whisper"), "they go before firefly.yml's own"
    assert (await house.client.execute("echo $PORT_NAME-$GREETING")).stdout == "x-whisper\n"
    await house.client.configure(CONFIGURATION.model_copy(update={"secrets": secrets}))
    assert (await house.client.application_status()).since == changed.since
    kept = (house.environment.state / "configuration.json").read_text()
    assert "whisper" not in kept
    await house.client.configure(CONFIGURATION)
    await status_that(house, lambda status: status.state is State.RUNNING and status.since != changed.since)
    assert await page(house) == (200, "good day")


async def test_stop_start_and_restart(house: Running) -> None:
    (house.tree / "server.py").write_text(SERVER)
    manifest(house)
    await house.client.configure(CONFIGURATION)
    await running(house)
    async with house.connected() as bridge:
        stopped = await bridge.application("stop")
        assert (stopped.state, stopped.reason) == (State.STOPPED, "Stopped by Ada.")
        async with aiohttp.ClientSession() as session:
            try:
                async with session.get(house.url):
                    raise AssertionError("it still answers")
            except aiohttp.ClientConnectorError:
                pass
        await bridge.application("start")
        await running(house)
        await bridge.application("restart")
        await running(house)
    assert (await page(house))[0] == 200


async def test_a_crash_is_shown_and_tried_again_at_once_when_a_file_is_saved(house: Running) -> None:
    (house.tree / "server.py").write_text("raise SystemExit('broken on purpose')")
    manifest(house)
    await house.client.configure(CONFIGURATION)
    crashed = await status_that(house, lambda status: status.state is State.CRASHED and status.restarts >= 2)
    assert crashed.exit_code == 1
    assert "exit status 1" in crashed.reason
    assert "broken on purpose" in await text_of(house)
    (house.tree / "server.py").write_text(SERVER)
    await running(house)
    assert (await page(house))[1] == "hello"


async def test_a_wrong_manifest_is_told_with_its_line_until_it_is_right(house: Running) -> None:
    (house.tree / "server.py").write_text(SERVER)
    (house.tree / "firefly.yml").write_text("dev: x\nprot: 1\n")
    await house.client.configure(CONFIGURATION)
    status = await status_that(house, lambda status: status.state is State.CRASHED)
    assert "firefly.yml, line 2: the key prot is not known" in status.reason
    manifest(house)
    await running(house)


async def test_an_application_that_ignores_the_port_is_found(house: Running) -> None:
    port = free_port()
    (house.tree / "server.py").write_text(f"import os; os.environ['PORT'] = '{port}'\n" + SERVER)
    manifest(house)
    await house.client.configure(CONFIGURATION)
    status = await running(house)
    assert status.port == port
    assert "does not listen on $PORT" in status.reason


async def test_other_ports_are_told_without_the_main_one(house: Running) -> None:
    other = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    port = other.sockets[0].getsockname()[1]
    assert port in listening()
    (house.tree / "server.py").write_text(SERVER)
    manifest(house)
    await house.client.configure(CONFIGURATION)
    main = (await running(house)).port

    async def told_truly() -> bool:
        before, told, after = listening(), await house.client.ports(), listening()
        assert main in set(before) & set(after)
        # Here the bridge shares the machine's network, where more may be listened on than is told.
        assert main not in told
        assert port in told or len(told) == 50
        return set(told) <= set(before) | set(after)

    # Others come and go there, one may have done both meanwhile.
    await eventually(told_truly)
    other.close()
    await other.wait_closed()
    assert port not in listening()


async def test_a_port_that_is_taken_is_named(house: Running) -> None:
    blocker = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", house.environment.port)
    (house.tree / "server.py").write_text(SERVER)
    manifest(house)
    await house.client.configure(CONFIGURATION)
    status = await status_that(house, lambda status: status.state is State.WAITING)
    assert f"listens on port {house.environment.port} already" in status.reason
    blocker.close()
    await blocker.wait_closed()
    await running(house)


async def test_dependencies_are_installed_first_and_only_when_they_changed(house: Running) -> None:
    (house.tree / "server.py").write_text(SERVER)
    (house.tree / "requirements.txt").write_text("one\n")
    manifest(house, install="[echo installing >> ran; echo dependencies are coming]")
    await house.client.configure(CONFIGURATION)
    status = await running(house)
    assert [(step.state, bool(step.finished)) for step in status.steps] == [(StepState.DONE, True)]
    assert "dependencies are coming" in await text_of(house)
    await house.client.restart_application()
    assert [step.state for step in (await running(house)).steps] == [StepState.SKIPPED]
    (house.tree / "requirements.txt").write_text("two\n")
    await house.client.restart_application()
    await running(house)
    async with house.connected() as bridge:
        await bridge.application("install")
    await running(house)
    assert (house.tree / "ran").read_text() == "installing\n" * 3


async def test_a_failing_installation_is_a_crash_with_its_output(house: Running) -> None:
    manifest(house, install="[echo no such package; exit 9]")
    await house.client.configure(CONFIGURATION)
    status = await status_that(house, lambda status: status.state is State.CRASHED)
    assert status.exit_code == 9
    assert [step.state for step in status.steps] == [StepState.FAILED]
    assert "no such package" in await text_of(house)


async def test_what_is_run_for_want_of_a_dev_is_built_before_each_start(house: Running) -> None:
    (house.tree / "server.py.in").write_text(SERVER)
    build = "\n  - 'cp server.py.in server.py; echo built >> built'\n  - test ! -e broken"
    (house.tree / "firefly.yml").write_text(f"build: {build}\nrun: {sys.executable} server.py\n")
    await house.client.configure(CONFIGURATION)
    first = await running(house)
    assert [(step.name, step.state) for step in first.steps] == [("Build", StepState.DONE)] * 2
    assert "$ cp server.py.in server.py; echo built >> built\n$ test ! -e broken\n" in await text_of(house)
    async with house.connected() as bridge:
        await bridge.application("restart")
        await status_that(house, lambda status: status.state is State.RUNNING and status.since > first.since)
        assert (house.tree / "built").read_text() == "built\n" * 2

        (house.tree / "broken").touch()
        await bridge.application("restart")
        failed = await status_that(house, lambda status: status.state is State.CRASHED)
    assert failed.reason == "test ! -e broken failed with exit status 1. See the output. Trying again in 1 s."
    # What it wrote is no reason to try again sooner.
    began = time.monotonic()
    await status_that(house, lambda status: status.restarts == 2)
    assert time.monotonic() - began > 0.7
    # Where there is a `dev` it needs nothing built.
    manifest(house, build=build, run=f"{sys.executable} server.py")
    assert (await running(house)).steps == []


async def test_files_named_in_watch_restart_it(house: Running) -> None:
    (house.tree / "server.py").write_text(SERVER)
    (house.tree / "server").mkdir()
    manifest(house, watch="{restart: ['server/**']}")
    await house.client.configure(CONFIGURATION)
    first = await running(house)
    (house.tree / "server/deep.txt").write_text("x")
    second = await status_that(house, lambda status: status.state is State.RUNNING and status.since > first.since)
    assert second.restarts == first.restarts
    (house.tree / "watch.json").write_text(r'{"restart": {"include": ["\\.sql$"]}, "throttle": 1}')
    manifest(house)
    third = await status_that(house, lambda status: status.state is State.RUNNING and status.since > second.since)
    (house.tree / "server/deep.sql").write_text("x")
    await status_that(house, lambda status: status.state is State.RUNNING and status.since > third.since)


async def test_a_script_runs_its_output_is_the_preview_and_a_save_runs_it_again(house: Running) -> None:
    (house.tree / "main.py").write_text("print('forty', '<two>')")
    await house.client.configure(CONFIGURATION)
    status = await status_that(house, lambda status: status.state is State.STOPPED and status.exit_code == 0)
    assert (status.kind, status.reason) == (ApplicationKind.SCRIPT, "The script ended with exit status 0.")
    code, text = await page(house, "/anything")
    assert (code, "forty &lt;two&gt;" in text) == (200, True)
    (house.tree / "main.py").write_text("print('again'); raise SystemExit(3)")
    status = await status_that(house, lambda status: status.state is State.CRASHED)
    assert status.exit_code == 3
    _, text = await page(house)
    assert ("again" in text, "forty" in text) == (True, False)


async def test_a_static_page_is_served_and_becomes_something_else(house: Running) -> None:
    await house.client.configure(CONFIGURATION)
    status = await status_that(house, lambda status: status.state is State.WAITING)
    assert status.kind is ApplicationKind.NONE
    code, text = await page(house)
    assert (code, "Nothing to show yet" in text) == (404, True)
    (house.tree / "index.html").write_text("<h1>page</h1>")
    assert (await running(house)).kind is ApplicationKind.STATIC
    assert (await page(house))[0] == 200
    (house.tree / "server.py").write_text(SERVER)
    manifest(house)
    await status_that(house, lambda status: status.kind is ApplicationKind.SERVER and status.state is State.RUNNING)
    assert await page(house) == (200, "hello")


async def test_output_and_changes_are_told_to_subscribers(house: Running) -> None:
    (house.tree / "server.py").write_text(SERVER)
    manifest(house)
    async with house.connected() as bridge:
        assert (await bridge.subscribe()).lines == []
        await house.client.configure(CONFIGURATION)
        states: list[str] = []
        texts: list[str] = []
        async with asyncio.timeout(30):
            async for item in bridge.incoming():
                assert isinstance(item, Notification)
                if item.method == "application.changed":
                    states.append(ApplicationStatus.model_validate(item.params).state)
                elif item.method == "application.output":
                    texts += [line["text"] for line in item.params["lines"]]  # type: ignore[attr-defined]
                if "running" in states and "starting" in texts:
                    break
    assert states[-1] == "running"
    async with house.connected(Role.VIEWER, visits=True) as visitor:
        assert (await visitor.subscribe()).lines == []
    async with house.connected() as bridge:
        lines = (await bridge.subscribe()).lines
        assert [line.text for line in lines] == texts
        assert (await bridge.subscribe(after=lines[-1].seq)).lines == []


async def test_logs_are_streamed_and_resumed(house: Running) -> None:
    (house.tree / "server.py").write_text(SERVER)
    manifest(house)
    await house.client.configure(CONFIGURATION)
    lines: list[Line] = []
    async for item in house.client.logs():
        if isinstance(item, Line):
            lines.append(item)
        elif item.state is State.RUNNING:
            break
    assert "starting" in [line.text for line in lines]
    house.bridge.application.output.say("later")
    async for item in house.client.logs(after=lines[-1].seq):
        if isinstance(item, Line):
            assert item.text == "later"
            break


async def test_waiting_for_it_to_be_ready(house: Running) -> None:
    (house.tree / "server.py").write_text("import time; time.sleep(0.5)\n" + SERVER)
    manifest(house)
    await house.client.configure(CONFIGURATION)
    status = await house.client._json(ApplicationStatus, "GET", "/application?wait=10")
    assert status.state is State.RUNNING


async def test_a_command_that_ends_at_once_after_a_restart_is_seen_to_end(house: Running) -> None:
    """Whoever watches the port must let go, or the crash would never be shown."""
    for code in range(1, 7):
        (house.tree / "firefly.yml").write_text("run: sleep 600\n")
        await house.client.configure(CONFIGURATION)
        (house.tree / "firefly.yml").write_text(f"run: exit {code}\n")
        await house.client.restart_application()

        async def ended(code: int = code) -> ApplicationStatus | None:
            status = await house.client.application_status()
            return status if status.exit_code == code else None

        status = await eventually(ended)
        assert status is not None
        assert status.state is State.CRASHED
        assert str(code) in status.reason


async def test_a_caller_who_goes_away_does_not_leave_a_restart_half_done(house: Running) -> None:
    """Ending a stubborn application takes seconds, longer than the calls of a lost connection are waited for."""
    stubborn = "import signal\nsignal.signal(signal.SIGTERM, lambda *_: print('no', flush=True))\n"
    (house.tree / "server.py").write_text(stubborn + SERVER)
    manifest(house)
    await house.client.configure(CONFIGURATION)
    await running(house)
    application = house.bridge.application
    restarting = asyncio.create_task(application.restart("Ada"))

    async def refused() -> bool:
        return "no" in (await text_of(house)).splitlines()

    await eventually(refused)
    restarting.cancel()
    await asyncio.wait([restarting])
    assert restarting.cancelled()
    (house.tree / "server.py").write_text(SERVER)

    async def again() -> bool:
        return (await text_of(house)).count("starting") == 2

    await eventually(again, within=60)
    assert (await status_that(house, lambda status: status.state is State.RUNNING, within=60)).state is State.RUNNING

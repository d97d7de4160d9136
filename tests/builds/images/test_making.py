"""Images by Dockerfile: stages, arguments, secrets, caches, what goes wrong, and an end that is one."""

import asyncio
import json
import os
import time
from ipaddress import IPv4Network

import pytest

from firefly.builds.images.builder import ImageFailed
from firefly.builds.model import Trust
from firefly.errors import InvalidInput, TooLarge, Unavailable
from firefly.protocol.manifest import Dockerfile
from firefly.sandbox.docker.engine import Engine as Client
from tests.builds.images.conftest import Workshop
from tests.sandbox.conftest import processes
from tests.sandbox.docker.test_networks import LISTEN, TRY, listening
from tests.support.engine import BEYOND, HERE, METADATA, PRIVATE, PUBLIC, Engine, needs_engine
from tests.support.waiting import eventually

pytestmark = needs_engine

STAGES = """FROM {base} AS tools
ARG GREETING
RUN --mount=type=secret,id=TOKEN printf '%s of %s\\n' "$GREETING" "$(wc -c < /run/secrets/TOKEN)" > /made
FROM {base} AS app
COPY --from=tools /made /made
COPY . /src
EXPOSE 8080 9090/udp
CMD ["sleep", "infinity"]
FROM {base} AS never
RUN exit 1
"""


async def test_a_stage_is_built_with_arguments_and_a_secret_that_no_layer_has(
    workshop: Workshop, engine: Engine
) -> None:
    files = {
        "docker/Dockerfile": STAGES, "run.sh": "echo", ".dockerignore": "left\n**/*.log\n!keep.log\n",
        "left/out": "x", "a/b.log": "x", "keep.log": "x", ".gitattributes": "run.sh export-ignore\n",
    }  # fmt: skip
    wanted = Dockerfile(path="docker/Dockerfile", target="app", args={"GREETING": "two\nlines, and 'quotes'"})
    image = await workshop.make(files, wanted, links={"away": "/etc/passwd"}, secrets={"TOKEN": "hidden away"})
    assert image.id.startswith("sha256:")
    assert (image.port, image.starts) == (8080, True)
    container = {"Image": image.id, "Cmd": ["sh", "-c", "cat /made; cd /src; find . ! -type d | sort; readlink away"]}
    async with workshop.client.calling() as docker:
        made = await docker.containers.create({**container, "HostConfig": {"NetworkMode": "none"}})
        await made.start()
        await made.wait()
        printed = "".join(await made.log(stdout=True))
        await made.delete(force=True)
    assert printed.split("\n./", 1)[0] == "two\nlines, and 'quotes' of 11"
    assert printed.split("\n./", 1)[1].split() == [
        ".dockerignore", "./.gitattributes", "./away", "./docker/Dockerfile", "./keep.log", "./run.sh",
        "/etc/passwd",
    ]  # fmt: skip
    steps = [(step.command or "").partition(" ")[0] for step in workshop.log.steps]
    assert steps.count("COPY") == 2
    assert {step.state for step in workshop.log.steps} <= {"succeeded", "skipped"}
    history = json.dumps(await workshop.client.call("GET", f"images/{image.id}/history"))
    assert "hidden away" not in history
    assert list((workshop.settings.run_dir / "images").iterdir()) == [workshop.settings.run_dir / "images" / "home"]


KEEPING = """FROM {base}
RUN --mount=type=cache,target=/kept ls /kept; date +%N > /kept/note; date +%N
"""


async def test_results_are_found_again_by_the_same_project_and_never_by_a_forks_build(workshop: Workshop) -> None:
    async def printed(text: str, trust: Trust) -> tuple[str, str]:
        await workshop.make({"Dockerfile": text}, trust=trust)
        return workshop.printed, workshop.log.steps[-1].reason

    (first, _), (again, kept) = [await printed(KEEPING, Trust.PROJECT) for _ in range(2)]
    assert (again, kept) == ("", "Kept from an earlier build.")
    fork, kept = await printed(KEEPING, Trust.FORK)
    assert kept == ""
    assert fork.split() != first.split()
    # The folder that is kept is the project's own, too: there is something in it for the project alone.
    assert "note" not in (await printed(KEEPING + "RUN true\n", Trust.FORK))[0]
    changed = KEEPING.replace("ls /kept", "ls -a /kept")
    assert "note" in (await printed(changed, Trust.PROJECT))[0]


FAILING = """FROM {base}
RUN echo fine
RUN echo almost && echo broken >&2 && exit 7
RUN echo never
"""


async def test_what_fails_is_the_step_that_failed_with_its_lines(workshop: Workshop) -> None:
    with pytest.raises(ImageFailed) as caught:
        await workshop.make({"Dockerfile": FAILING})
    failure = caught.value.failure
    assert (failure.step, failure.exit_code) == ("build", 7)
    assert failure.command == "RUN echo almost && echo broken >&2 && exit 7"
    assert sorted(failure.lines) == ["almost", "broken"]
    assert [(step.command, step.state, step.exit_code) for step in workshop.log.steps[-2:]] == [
        ("RUN echo fine", "succeeded", None),
        (failure.command, "failed", 7),
    ]


UNREACHABLE = "127.0.0.1:9/nobody/thing"
FROM_NOWHERE = f"FROM {UNREACHABLE}\n"
LACKS_A_SECRET = "FROM {base}\nRUN --mount=type=secret,id=NO,required cat /run/secrets/NO\n"


@pytest.mark.parametrize(
    ("text", "wanted", "cause"),
    [
        ("FROM {base}\nCOPY absent /x\n", Dockerfile(), "absent is not among the files that the Dockerfile is given."),
        ("FROM {base}\nFOO bar\n", Dockerfile(), "The Dockerfile cannot be read, line 2: unknown instruction: FOO."),
        ("FROM {base}\n", Dockerfile(target="none"), "The Dockerfile has no stage named none."),
        (FROM_NOWHERE, Dockerfile(), f"The image {UNREACHABLE}:latest is not in the engine, and its registry"),
        (LACKS_A_SECRET, Dockerfile(), "The Dockerfile needs a secret that this build does not have."),
        ("# nothing\n", Dockerfile(), "The Dockerfile has no instruction."),
        ("FROM {base}\nRUN exit 137\n", Dockerfile(), "was killed, most likely because its memory was used up."),
    ],
)
async def test_what_the_engine_refuses_is_explained(
    workshop: Workshop, text: str, wanted: Dockerfile, cause: str
) -> None:
    with pytest.raises(ImageFailed) as caught:
        await workshop.make({"Dockerfile": text}, wanted)
    assert cause in caught.value.failure.cause


@pytest.mark.parametrize(
    ("files", "wanted", "said"),
    [
        ({"Dockerfile": "# syntax=evil/frontend:1\nFROM {base}\n"}, Dockerfile(), "evil/frontend:1"),
        ({"Dockerfile": "FROM {base}\nADD http://127.0.0.1/ /x\n"}, Dockerfile(), "fetched by the engine itself"),
        ({"other": ""}, Dockerfile(), "Dockerfile is not there"),
        ({"Dockerfile": "FROM {base}\n"}, Dockerfile(args={"BUILDKIT_SYNTAX": "x"}), "is set by Firefly"),
        ({"Dockerfile": "FROM {base}\n"}, Dockerfile(args={"A\nB": "x"}), "no name of an argument"),
        ({"Dockerfile": "FROM {base}\n"}, Dockerfile(args={"A": "x" * 70_000}), "too long"),
        ({"Dockerfile": "FROM {base}\n", ".dockerignore": "a\n" * 501}, Dockerfile(), "more than 500 patterns"),
    ],
)
async def test_what_is_not_carried_out_at_all_says_why(
    workshop: Workshop, files: dict[str, str], wanted: Dockerfile, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        await workshop.make(files, wanted)
    assert workshop.log.steps == []


async def test_what_an_image_itself_has_the_engine_fetch_ends_the_build(workshop: Workshop) -> None:
    trap = "FROM {base}\nONBUILD ADD http://127.0.0.1:9/a /a\n"
    workshop.use(build_network="open")
    image = await workshop.make({"Dockerfile": trap})
    async with workshop.client.calling() as docker:
        await docker.images.tag(image.id, "trap", tag="1")
    workshop.use(build_network="public")
    with pytest.raises(ImageFailed, match="would be fetched by the engine itself"):
        await workshop.make({"Dockerfile": "FROM trap:1\n"})


async def test_a_dockerfile_that_is_a_link_and_a_context_that_is_huge_are_refused(workshop: Workshop) -> None:
    with pytest.raises(InvalidInput, match="a link is not followed"):
        await workshop.make({"real": "FROM {base}\n"}, links={"Dockerfile": "/etc/shadow"})
    workshop.use(build_context_max=1 << 20)
    files: dict[str, str | bytes] = {"Dockerfile": "FROM {base}\n", "large.bin": bytes(2 << 20)}
    with pytest.raises(TooLarge, match="take up more than 1 MiB, the most here"):
        await workshop.make(files)
    await workshop.make({**files, ".dockerignore": "*.bin"})


async def test_a_build_that_is_cancelled_is_gone_at_once(workshop: Workshop) -> None:
    """Also where what it runs heeds no signal, and has children."""
    one, other = f"5431.{os.getpid()}", f"5432.{os.getpid()}"
    stubborn = f"FROM {{base}}\nRUN trap '' TERM INT; echo begun; sleep {other} & while :; do sleep {one}; done\n"
    building = asyncio.create_task(workshop.make({"Dockerfile": stubborn}))
    await eventually(lambda: "begun" in workshop.printed and _running(f"sleep\0{one}"))
    began = time.monotonic()
    building.cancel()
    await asyncio.wait([building])
    await eventually(lambda: not _running(f"sleep\0{one}") and not _running(f"sleep\0{other}"))
    # It takes some 50 ms on a machine that has nothing else to do; an engine that stops something waits for 10 s.
    assert time.monotonic() - began < 8
    assert building.cancelled()
    assert workshop.log.steps[-1].state == "ended"


async def test_an_engine_that_is_away_is_no_failure_of_the_projects(workshop: Workshop) -> None:
    workshop.client = Client("unix:///nowhere/docker.sock")
    workshop.use(build_network="open")
    with pytest.raises(Unavailable, match="engine does not answer"):
        await workshop.make({"Dockerfile": "FROM scratch\nCOPY . /\n"})


def _running(command: str) -> bool:
    return bool(processes(command))


async def test_commands_reach_the_internet_and_nothing_private(workshop: Workshop, engine: Engine) -> None:
    """Neither the engine's machine, nor private ranges or metadata; and nothing at all where the settings say so."""
    (bridge,) = (await workshop.client.call("GET", "networks/bridge"))["IPAM"]["Config"]
    gateway = str(IPv4Network(bridge["Subnet"])[1])
    addresses = [PUBLIC, PRIVATE, METADATA, HERE, BEYOND, gateway]
    files = {
        "Dockerfile": "FROM {base}\nCOPY try.py /\nRUN python3 /try.py\n",
        "try.py": TRY.format(addresses=addresses),
    }
    with listening(engine.beyond("python3", "-c", LISTEN)), listening(engine.inside("python3", "-c", LISTEN)):
        await workshop.make(files)
        streams, datagrams = json.loads(workshop.printed)
    assert {address for address, said in streams.items() if said == "reached"} == {PUBLIC, BEYOND}
    # Datagrams come back from the nearest of its addresses, whichever was asked.
    assert {address for address, said in datagrams.items() if said == "reached"} == {BEYOND}
    workshop.use(build_network="none")
    await workshop.make(files)
    assert "reached" not in workshop.printed
    assert "ENETUNREACH" in workshop.printed

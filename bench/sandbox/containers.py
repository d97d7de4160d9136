"""The docker backend: from `POST /projects` to the first 200, beside a bare `docker run` of the same image.

The engine is one of the benchmark's own, in a network namespace of its own, with the tests' project image. What is run
bare is Python's server of files; it is asked in the engine's namespace until it answers 200.
"""

import asyncio
import os
import socket
import subprocess
import time

from firefly.sandbox.dialing import JoiningSource
from tests.support.engine import PATH, Engine, missing
from tests.support.images import make_image

from ..harness import Row, beside, limited, percentile, skipped
from .house import AGAIN, LIMIT, PAUSE, House, repeated, serving, timed

ROUNDS = 12
NAME = "docker: create to first 200"
NETWORK, SUBNET, PORT = "bare", "10.214.0.0/24", 3000
ADDRESS = "10.214.0.{}"
SERVE = ("--entrypoint", "/usr/bin/python3")


def rows() -> list[Row]:
    if missing:
        return [skipped(NAME, f"{', '.join(missing)} not there")]
    with Engine() as engine:
        image = make_image(engine.url, engine.folder)
        bare = _bare(engine, image)
        ours = asyncio.run(_firefly(engine, image))
    value, other = percentile(ours, 50), percentile(bare, 50)
    return [
        beside(f"{NAME}, p50", value, "ms", peer="docker run", peer_value=other, at_most=1.5),
        limited(f"{NAME}, p99", percentile(ours, 99), "ms"),
    ]


async def _firefly(engine: Engine, image: str) -> list[float]:
    async with serving(FIREFLY_SANDBOX="docker", FIREFLY_DOCKER_HOST=engine.url, FIREFLY_DOCKER_IMAGE=image) as house:
        return await repeated(ROUNDS, PAUSE, lambda number: timed(_create(house, number)))


async def _create(house: House, number: int) -> None:
    await (await house.create(f"contained-{number}x", "static")).shown()


def _bare(engine: Engine, image: str) -> list[float]:
    _docker(engine, "network", "create", "--subnet", SUBNET, NETWORK)
    namespace = JoiningSource(os.open(engine.network, os.O_RDONLY))
    try:
        return sorted(_run(engine, image, ADDRESS.format(10 + number), namespace) for number in range(ROUNDS))
    finally:
        namespace.close()


def _run(engine: Engine, image: str, address: str, namespace: JoiningSource) -> float:
    """Milliseconds until the container's port answers."""
    place = ("--network", NETWORK, "--ip", address)
    began = time.perf_counter()
    name = _docker(engine, "run", "-d", *place, *SERVE, image, "-m", "http.server", "--directory", "/usr", str(PORT))
    while not _answers(namespace, address):
        if time.perf_counter() - began > LIMIT:
            raise RuntimeError("The container does not answer.")
        time.sleep(AGAIN)
    took = (time.perf_counter() - began) * 1e3
    _docker(engine, "rm", "-f", name)
    return took


def _answers(namespace: JoiningSource, address: str) -> bool:
    try:
        with namespace.make(socket.AF_INET) as connection:
            connection.settimeout(LIMIT)
            connection.connect((address, PORT))
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(64)
    except OSError:
        return False


def _docker(engine: Engine, *command: str) -> str:
    """What the command prints."""
    done = subprocess.run(
        ["docker", "-H", engine.url, *command], env={"PATH": PATH}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"docker {command[0]}: {done.stderr}")
    return done.stdout.strip()

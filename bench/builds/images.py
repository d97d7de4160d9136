"""A project with a Dockerfile: from the push to the page, beside `docker build` and `docker run` of the same files.

The engine is one of the benchmark's own. What is run bare is asked in the engine's namespace until it answers 200; on
both sides only what the last commit changed is carried out, the rest is found again.
"""

import asyncio
import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from firefly.builds.images import finding
from firefly.sandbox.dialing import JoiningSource
from firefly.sandbox.docker.building import base_name
from firefly.sandbox.docker.debian import own_suite
from tests.support.engine import PATH, Engine, missing
from tests.support.images import make_image

from ..harness import Row, beside, limited, percentile, skipped
from ..sandbox.containers import ADDRESS, NETWORK, PORT, SUBNET
from ..sandbox.house import AGAIN, LIMIT, PAUSE, repeated, serving
from .making import SERVER
from .pushing import Clone

ROUNDS = 10
NAME = "a Dockerfile: push to routed"
DOCKERFILE = """FROM {base}
WORKDIR /srv
COPY server.py ./
COPY text ./
RUN cp text page
EXPOSE {port}
CMD ["python3", "server.py"]
"""


def rows() -> list[Row]:
    if missing:
        return [skipped(NAME, f"{', '.join(missing)} not there")]
    with Engine() as engine, tempfile.TemporaryDirectory(prefix="firefly-clones-") as name:
        image, folder = make_image(engine.url, engine.folder), Path(name)
        bare = _bare(engine, folder / "bare")
        ours = asyncio.run(_firefly(engine, image, folder))
    value, other = percentile(ours, 50), percentile(bare, 50)
    return [
        beside(f"{NAME}, p50", value, "ms", peer="docker build + docker run", peer_value=other),
        limited(f"{NAME}, beyond docker build + docker run, p50", value - other, "ms", at_most=500),
        limited(f"{NAME}, overhead beside docker build + docker run", (value / other - 1) * 100, "%"),
        limited(f"{NAME}, p95", percentile(ours, 95), "ms"),
    ]


def _files(number: int) -> dict[str, str]:
    recipe = DOCKERFILE.format(base=base_name(own_suite()), port=PORT)
    return {"Dockerfile": recipe, "server.py": SERVER, "text": f"image {number}x", "firefly.yml": "# by Dockerfile\n"}


async def _firefly(engine: Engine, image: str, folder: Path) -> list[float]:
    settings = {"FIREFLY_SANDBOX": "docker", "FIREFLY_DOCKER_HOST": engine.url, "FIREFLY_DOCKER_IMAGE": image}
    async with serving(connections=100, FIREFLY_BUILDS_AT_ONCE="2", **settings) as house:
        clone = await Clone.make(house, folder)
        await _pushed(clone, ROUNDS)
        return await repeated(ROUNDS, PAUSE, lambda number: _pushed(clone, number))


async def _pushed(clone: Clone, number: int) -> float:
    await clone.commit(_files(number))
    pushed = await clone.push()
    return (await clone.shown(f"image {number}x") - pushed) * 1e3


def _bare(engine: Engine, folder: Path) -> list[float]:
    folder.mkdir()
    docker = asyncio.run(finding.find()).chosen()
    _run(engine, docker, "network", "create", "--subnet", SUBNET, NETWORK)
    namespace = JoiningSource(os.open(engine.network, os.O_RDONLY))
    try:
        _built(engine, docker, folder, ROUNDS, namespace)
        return sorted(_built(engine, docker, folder, number, namespace) for number in range(ROUNDS))
    finally:
        namespace.close()


def _built(engine: Engine, docker: str, folder: Path, number: int, namespace: JoiningSource) -> float:
    """Milliseconds until the page holds what was built into it."""
    for name, text in _files(number).items():
        (folder / name).write_text(text)
    address = ADDRESS.format(10 + number)
    began = time.perf_counter()
    image = _run(engine, docker, "build", "-q", str(folder))
    listening = ("-e", "HOST=0.0.0.0", "-e", f"PORT={PORT}")
    name = _run(engine, docker, "run", "-d", "--network", NETWORK, "--ip", address, *listening, image)
    while f"image {number}x".encode() not in _page(namespace, address):
        if time.perf_counter() - began > LIMIT:
            raise RuntimeError("The container does not answer.")
        time.sleep(AGAIN)
    took = (time.perf_counter() - began) * 1e3
    _run(engine, docker, "rm", "-f", name)
    return took


def _page(namespace: JoiningSource, address: str) -> bytes:
    answer = b""
    try:
        with namespace.make(socket.AF_INET) as connection:
            connection.settimeout(LIMIT)
            connection.connect((address, PORT))
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            while piece := connection.recv(4096):
                answer += piece
    except OSError:
        return b""
    return answer


def _run(engine: Engine, docker: str, *command: str) -> str:
    """What the command prints."""
    variables = {"PATH": PATH, "DOCKER_BUILDKIT": "1", "HOME": str(engine.folder)}
    done = subprocess.run(
        [docker, "-H", engine.url, *command], env=variables, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"docker {command[0]}: {done.stderr}")
    return done.stdout.strip()

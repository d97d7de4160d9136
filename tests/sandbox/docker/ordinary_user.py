"""Sandboxes of an engine as an ordinary user who may use its socket: `python -m tests.sandbox.docker.ordinary_user
FOLDER SOCKET IMAGE RUNTIME`, started by root in the engine's network. Writes what came of each try, as JSON.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from firefly.client.bridge import BridgeClient
from firefly.sandbox.docker.backend import DockerBackend
from firefly.settings import Settings
from firefly.testing.subnets import MemorySubnets
from tests.sandbox.backends import Ground
from tests.sandbox.ordinary_user import settle
from tests.sandbox.test_conformance import greeting
from tests.support.engine import METADATA

DIAL = f"""
import socket
with socket.socket() as probe:
    probe.settimeout(3)
    print(probe.connect_ex(("{METADATA}", 80)))
"""
# As git's helper does in a workspace: what the server says there is what comes back.
ASK = """
import socket
with socket.socket(socket.AF_UNIX) as connection:
    connection.connect("/run/firefly/gateway/git.sock")
    print(connection.recv(100).decode())
"""


async def _greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"from the server")
    writer.close()


async def look_round(settings: Settings) -> dict[str, object]:
    subnets = MemorySubnets()
    ground = Ground(lambda _: DockerBackend(settings, subnets))
    await ground.backend.open()
    sandbox = await ground.start(environment={"GREETING": "hello"})
    found: dict[str, object] = {"lacks": [lack.what for lack in ground.backend.capabilities().lacks]}
    await ground.serve(sandbox, "from inside", port=3000)
    found["port"] = (await greeting(ground.backend, sandbox, 3000)).decode()
    found["user"] = (await sandbox.run("id -u; echo $GREETING; echo kept > file")).stdout.split()
    found["file"] = (settings.data_dir / "workspaces" / str(sandbox.spec.workspace_id) / "tree" / "file").read_text()
    found["metadata"] = int((await sandbox.python(DIAL)).stdout)
    gateway = ground.backend.gateway_path(sandbox.instance.id) / "git.sock"
    async with await asyncio.start_unix_server(_greet, gateway):
        found["gateway"] = (await sandbox.python(ASK)).stdout.strip()
    await ground.backend.freeze(sandbox.instance.id)
    await ground.backend.thaw(sandbox.instance.id)
    found["adopted"] = list(await ground.succeed()) == [sandbox.instance]
    found["port again"] = (await greeting(ground.backend, sandbox, 3000)).decode()
    async with BridgeClient.on_socket(ground.backend.bridge_path(sandbox.instance.id)) as bridge:
        found["ports"] = (await bridge.activity()).ports
    await ground.clear()
    found["left"] = [path.name for path in (settings.run_dir / "containers").iterdir()]
    return found


def main(folder: Path, socket: str, image: str, runtime: str) -> None:
    base = settle(folder)
    assert os.getuid() != 0
    settings = Settings(
        data_dir=base / "data", docker_host=f"unix://{socket}", docker_image=image, docker_runtime=runtime
    )
    sys.stdout.write(json.dumps(asyncio.run(look_round(settings))))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])

"""JupyterHub with its local spawner, installed from its packages, started and asked by its API."""

import json
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from tests.support.ports import free_port

from .harness import find, started

HOME = Path(__file__).resolve().parent.parent / "build" / "bench" / "jupyterhub"
PACKAGES = ("jupyterhub==6.1.1", "jupyter-server")
PROXY = "configurable-http-proxy@5"
INSTALL_LIMIT = 180.0
TOKEN = "bench-token-of-this-run-only"
CONFIGURATION = """
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_port = {hub_port}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api_port}"
c.ConfigurableHTTPProxy.command = ["{proxy}"]
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.spawner_class = "simple"
c.Spawner.cmd = ["{python}", "-m", "jupyterhub.singleuser", "--allow-root"]
c.Spawner.environment = {{"JUPYTERHUB_SINGLEUSER_APP": "jupyter_server.serverapp.ServerApp"}}
c.JupyterHub.services = [{{"name": "bench", "api_token": "{token}"}}]
c.JupyterHub.load_roles = [{{"name": "bench", "scopes": ["admin:users", "admin:servers", "access:servers"],
                            "services": ["bench"]}}]
"""


def spawned(rounds: int) -> list[float]:
    """Milliseconds from asking for a new user's server to its first 200; empty where it cannot be installed."""
    if not _installed():
        return []
    with tempfile.TemporaryDirectory(prefix="firefly-bench-hub-") as name:
        folder, port = Path(name), free_port()
        python = HOME / "bin" / "python"
        proxy = HOME / "node_modules" / ".bin" / "configurable-http-proxy"
        ports = {"port": port, "hub_port": free_port(), "api_port": free_port()}
        text = CONFIGURATION.format(**ports, proxy=proxy, python=python, token=TOKEN)
        (folder / "config.py").write_text(text)
        command = [str(python), "-m", "jupyterhub", "-f", str(folder / "config.py")]
        with started(command, core=0, folder=folder, port=port, wait=60):
            _wait_for_hub(port)
            return [_spawn(port, f"user{number}") for number in range(rounds)]


def _installed() -> bool:
    npm = find("npm")
    if npm is None:
        return False
    steps: list[list[str]] = []
    if not (HOME / "bin" / "jupyterhub").exists():
        steps.append([sys.executable, "-m", "venv", str(HOME)])
        steps.append([str(HOME / "bin" / "pip"), "install", "-q", *PACKAGES])
    if not (HOME / "node_modules" / "configurable-http-proxy").exists():
        steps.append([npm, "install", "--silent", "--prefix", str(HOME), PROXY])
    try:
        return all(subprocess.run(step, timeout=INSTALL_LIMIT, check=False).returncode == 0 for step in steps)
    except subprocess.TimeoutExpired:
        return False


def _wait_for_hub(port: int) -> None:
    for _ in range(300):
        if _ask(port, "GET", "/hub/api/") == 200:
            return
        time.sleep(0.1)
    raise RuntimeError("JupyterHub did not answer")


def _spawn(port: int, user: str) -> float:
    began = time.perf_counter()
    _ask(port, "POST", f"/hub/api/users/{user}")
    _ask(port, "POST", f"/hub/api/users/{user}/server")
    while _ask(port, "GET", f"/user/{user}/api") != 200:
        if time.perf_counter() - began > 60:
            raise RuntimeError(f"JupyterHub did not start a server for {user} within 60 s")
        time.sleep(0.02)
    took = (time.perf_counter() - began) * 1000
    _ask(port, "DELETE", f"/hub/api/users/{user}/server")
    return took


def _ask(port: int, method: str, path: str) -> int:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=json.dumps({}).encode() if method == "POST" else None,
        method=method,
        headers={"Authorization": f"token {TOKEN}", "Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        return int(error.code)
    except OSError:
        return 0

"""The programs that are compared, each as a plain reverse proxy on one core with connections kept to the upstream."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..harness import find

NGINX = """
worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 100000000; client_body_temp_path {folder}; proxy_temp_path {folder};
  fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};
  {http}
}}
"""
SERVE = """
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{ default_type text/html; return 200 "{body}"; }}
    location = /large {{ root {folder}; sendfile on; }}
  }}
"""
FORWARD = """
  upstream behind {{ server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 100000000; }}
  server {{ listen 127.0.0.1:{port} backlog=4096; client_max_body_size 0; location / {{
    proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto http;
    proxy_set_header X-Request-Id $request_id; proxy_buffering off; proxy_request_buffering off;
  }}
  location = /socket {{
    proxy_pass http://behind; proxy_http_version 1.1; proxy_set_header Host $host;
    proxy_set_header Connection "Upgrade"; proxy_set_header Upgrade $http_upgrade;
  }} }}
"""
HAPROXY = """
global
  nbthread 1
  maxconn 4096
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option forwardfor
  http-reuse always
frontend front
  bind 127.0.0.1:{port}
  unique-id-format %[uuid()]
  unique-id-header X-Request-Id
  default_backend behind
backend behind
  server one 127.0.0.1:{upstream}
"""
CADDY = """
{{
  admin off
  auto_https off
}}
http://:{port} {{
  bind 127.0.0.1
  reverse_proxy 127.0.0.1:{upstream} {{
    transport http {{
      keepalive_idle_conns_per_host 1024
    }}
  }}
}}
"""

Command = Callable[[Path, int, int], list[str]]


@dataclass(frozen=True, slots=True)
class Peer:
    """`command` takes a folder of its own, the port to listen on and the upstream's; `program` must be installed."""

    name: str
    program: str
    command: Command

    def is_installed(self, folder: Path) -> bool:
        if self.name == "configurable-http-proxy":
            return _install(folder)
        return find(self.program) is not None


def upstream_command(folder: Path, port: int) -> list[str]:
    """The upstream of all: nginx, 1 KiB from memory, 1 MiB at /large."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "large").write_bytes(bytes(2**20))
    return _nginx(folder, SERVE.format(port=port, body="x" * 1024, folder=folder))


def _nginx(folder: Path, http: str) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o777)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, http=http))
    return [find("nginx") or "nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)]


def module_command(module: str, **options: object) -> list[str]:
    """Runs a module of this package, which reads its options as JSON."""
    root = Path(__file__).parents[2]
    return ["env", f"PYTHONPATH={root}", sys.executable, "-m", f"bench.proxy.{module}", json.dumps(options)]


def _firefly(folder: Path, port: int, upstream: int) -> list[str]:
    return module_command("door", folder=str(folder), port=port, upstream=upstream)


def _plain(folder: Path, port: int, upstream: int) -> list[str]:
    return module_command("plain", port=port, upstream=upstream)


def _forwarding_nginx(folder: Path, port: int, upstream: int) -> list[str]:
    return _nginx(folder, FORWARD.format(port=port, upstream=upstream))


def _haproxy(folder: Path, port: int, upstream: int) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "haproxy.cfg").write_text(HAPROXY.format(port=port, upstream=upstream))
    return [find("haproxy") or "haproxy", "-db", "-f", str(folder / "haproxy.cfg")]


def _caddy(folder: Path, port: int, upstream: int) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Caddyfile").write_text(CADDY.format(port=port, upstream=upstream))
    return ["env", f"HOME={folder}", "GOMAXPROCS=1", find("caddy") or "caddy", "run", "--config", "Caddyfile"]


@cache
def _install(folder: Path) -> bool:
    npm = find("npm")
    if npm is None:
        return False
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder / "npm")]
    done = subprocess.run([*command, "configurable-http-proxy@5"], capture_output=True, check=False, timeout=300)
    return done.returncode == 0


def _configurable(folder: Path, port: int, upstream: int) -> list[str]:
    program = folder.parent / "npm" / "node_modules" / ".bin" / "configurable-http-proxy"
    return [str(program), "--ip", "127.0.0.1", "--port", str(port), "--api-port", "0", "--log-level", "error",
            "--default-target", f"http://127.0.0.1:{upstream}"]  # fmt: skip


PEERS = (
    Peer("firefly", sys.executable, _firefly),
    Peer("nginx", "nginx", _forwarding_nginx),
    Peer("haproxy", "haproxy", _haproxy),
    Peer("caddy", "caddy", _caddy),
    Peer("configurable-http-proxy", "npm", _configurable),
    Peer("aiohttp", sys.executable, _plain),
)

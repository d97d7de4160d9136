"""How git is told to reach a repository elsewhere: pinned to addresses that were checked, and by nothing else."""

import asyncio
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import InvalidInput
from .addresses import AddressPolicy
from .probe import follow
from .sources import Source

_STALLED_AFTER = 60


@dataclass(frozen=True, slots=True)
class Target:
    """What `Git` is handed beside the URL. Credentials are in the environment, which no other user can read."""

    url: str
    settings: Mapping[str, str]
    environment: Mapping[str, str] = field(repr=False)


class Targets:
    """`keep_out` is the data directory, which no file URL may lead into."""

    def __init__(self, policy: AddressPolicy, keep_out: Path) -> None:
        self._policy = policy
        self._keep_out = keep_out

    async def of(self, source: Source, *, authorization: str = "", key: Path | None = None) -> Target:
        """`authorization` is for http, `key` a file with a private key for ssh, in place of the server's own.

        Raises InvalidInput, TimedOut, Unavailable.
        """
        if source.scheme == "file":
            return await asyncio.to_thread(self._file, source)
        if source.scheme == "ssh":
            addresses = await self._policy.resolve(source.host, source.port)
            return Target(source.url, {"protocol.ssh.allow": "always"}, self._ssh(source, addresses[0], key))
        source, addresses = await follow(source, self._policy, authorization)
        pins = ",".join(f"[{address}]" if ":" in address else address for address in addresses)
        settings = {
            f"protocol.{source.scheme}.allow": "always",
            "http.followRedirects": "false",
            "http.proxy": "",
            "http.lowSpeedLimit": "100",
            "http.lowSpeedTime": str(_STALLED_AFTER),
        }
        if ":" not in source.host:
            settings["http.curloptResolve"] = f"{source.host}:{source.port}:{pins}"
        return Target(source.url, settings, _authorized(source, authorization))

    def _file(self, source: Source) -> Target:
        path = Path(source.path).resolve()
        if path.is_relative_to(self._keep_out.resolve()):
            raise InvalidInput("Firefly's own data cannot be imported.", field="git_url")
        if not path.is_dir():
            raise InvalidInput("There is no repository at this address.", field="git_url")
        return Target(f"file://{path}", {"protocol.file.allow": "always"}, {})

    def _ssh(self, source: Source, address: str, key: Path | None) -> Mapping[str, str]:
        folder = self._keep_out / "ssh"
        folder.mkdir(mode=0o700, exist_ok=True)
        options = {
            "BatchMode": "yes",
            "StrictHostKeyChecking": "accept-new",
            "UserKnownHostsFile": str(folder / "known_hosts"),
            "IdentityFile": str(key or folder / "id_ed25519"),
            "IdentitiesOnly": "yes",
            "ConnectTimeout": "15",
            "ServerAliveInterval": "15",
            "HostName": address,
            "HostKeyAlias": source.host,
        }
        parts = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return {"GIT_SSH_COMMAND": shlex.join(["ssh", "-F", "/dev/null", *parts]), "GIT_SSH_VARIANT": "ssh"}


def _authorized(source: Source, authorization: str) -> Mapping[str, str]:
    """Said to this host alone, and never on a command line."""
    if not authorization:
        return {}
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{source.url}.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: {authorization}",
    }

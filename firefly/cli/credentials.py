"""Where the command line keeps what `firefly login` was given: one file that only its owner may read."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

DEFAULT_SERVER = "http://localhost:8000"
FILE = "credentials.json"


def config_folder() -> Path:
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "firefly"


def state_folder() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "firefly"


@dataclass(frozen=True, slots=True)
class Credentials:
    """`servers` maps a server's address to the token for it; `default` is the one that was logged in to last."""

    default: str
    servers: dict[str, str]


def load() -> Credentials:
    """What is kept; nothing of it when the file is missing or no longer readable as such."""
    try:
        found = json.loads((config_folder() / FILE).read_bytes())
        servers = {str(server): str(token) for server, token in found["servers"].items()}
        return Credentials(str(found["default"]), servers)
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        return Credentials(os.environ.get("FIREFLY_URL") or DEFAULT_SERVER, {})


def remember(server: str, token: str) -> Path:
    """Keep a token and make its server the default."""
    kept = load()
    body = {"default": server, "servers": {**kept.servers, server: token}}
    return write_private(config_folder() / FILE, json.dumps(body, indent=2))


def forget(server: str) -> bool:
    """Drop the token of `server`; whether there was one."""
    kept = load()
    if server not in kept.servers:
        return False
    rest = {name: token for name, token in kept.servers.items() if name != server}
    write_private(config_folder() / FILE, json.dumps({"default": kept.default, "servers": rest}, indent=2))
    return True


def write_private(path: Path, text: str) -> Path:
    """Replace the file in one step, never readable by others, not even for a moment."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return path

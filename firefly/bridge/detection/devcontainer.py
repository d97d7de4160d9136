"""`.devcontainer/devcontainer.json`, read where there is no firefly.yml: what it installs, its port and environment.

What a sandbox cannot do (an image of one's own, features, other containers) is named with its line, and left out.
"""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from firefly.bridge.detection.project import ProjectFiles

PLACES = (".devcontainer/devcontainer.json", ".devcontainer.json")
# In the order in which they are run, once each; `waitFor` has nothing to add, since the application waits for all.
_COMMANDS = ("onCreateCommand", "updateContentCommand", "postCreateCommand")
_READ = frozenset({*_COMMANDS, "postStartCommand", "forwardPorts", "containerEnv", "remoteEnv", "image"})
# What is for other tools, or is so anyway.
_IDLE = frozenset({"$schema", "name", "customizations", "waitFor", "workspaceFolder", "portsAttributes", "remoteUser"})
# Images that hold what every sandbox has.
_LIKE_OURS = re.compile(
    r"^(mcr\.microsoft\.com/(vscode/)?devcontainers/(base|universal|javascript-node|typescript-node|python)"
    r"|(docker\.io/(library/)?)?(node|python))(:[\w.-]+)?$"
)
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*+"|//[^\n]*|/\*.*?\*/|[{}\[\],]|[^"/{}\[\],]++|.', re.DOTALL)
_COLON = re.compile(r"\s*+:")
_WORKSPACE = re.compile(r"\$\{containerWorkspaceFolder\}")
_VARIABLE = re.compile(r"\$\{[^}]*\}")


@dataclass(frozen=True, slots=True)
class DevContainer:
    """`install` are shell commands, run in order; `start` is run before each start of the application."""

    path: str
    install: tuple[str, ...] = ()
    start: str = ""
    port: int | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read(files: ProjectFiles) -> DevContainer | None:
    """None where the project has none. A broken one has a note that says where, and nothing else."""
    path = files.first(*PLACES)
    text = files.text(path) if path else None
    if path is None or text is None:
        return None
    try:
        cleaned, lines = plain_json(text)
        data = json.loads(cleaned)
    except json.JSONDecodeError as error:
        return DevContainer(path, notes=(f"{path}, line {error.lineno}: {error.msg}. It is not read.",))
    except RecursionError:
        return DevContainer(path, notes=(f"{path} is nested too deeply. It is not read.",))
    if not isinstance(data, dict):
        return DevContainer(path, notes=(f"{path}, line 1: it is an object with keys. It is not read.",))
    return _understood(path, data, lines)


def _understood(path: str, data: Mapping[str, object], lines: Mapping[str, int]) -> DevContainer:
    notes = [f"{path}, line {lines.get(key, 1)}: {sentence}" for key, sentence in _complaints(data)]
    env = {**_texts(data.get("containerEnv")), **_texts(data.get("remoteEnv"))}
    return DevContainer(
        path,
        install=tuple(command for key in _COMMANDS for command in _commands(data.get(key))),
        start=" && ".join(_commands(data.get("postStartCommand"))),
        port=next((port for port in _ports(data.get("forwardPorts")) if isinstance(port, int)), None),
        env={name: _WORKSPACE.sub("/workspace", value) for name, value in env.items() if not _is_foreign(value)},
        notes=tuple(notes),
    )


def _complaints(data: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        if key not in _READ | _IDLE:
            yield key, f"{key} is not supported here."
        elif key == "image" and not _LIKE_OURS.match(str(value)):
            yield key, f"the image {value} is not used: a sandbox has Node, Python and git of this server."
        elif key == "forwardPorts" and any(not isinstance(port, int) for port in _ports(value)):
            yield key, "only ports of the sandbox itself are shown, as numbers."
        elif key in ("containerEnv", "remoteEnv"):
            for name, text in _texts(value).items():
                if _is_foreign(text):
                    yield key, f"{name} is left out: {text} means a variable of another machine."
        elif key in (*_COMMANDS, "postStartCommand") and value and not list(_commands(value)):
            yield key, f"{key} is a command, a list of arguments, or several by name."


def _commands(value: object) -> Iterator[str]:
    """A text goes through the shell, a list does not; of an object, which others run at once, one after another."""
    if isinstance(value, str) and value.strip():
        yield value
    elif isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        yield shlex.join(value)
    elif isinstance(value, dict):
        for part in value.values():
            if not isinstance(part, dict):
                yield from _commands(part)


def _ports(value: object) -> list[object]:
    ports = value if isinstance(value, list) else []
    return [port if isinstance(port, int) and 0 < port < 65536 else str(port) for port in ports]


def _texts(value: object) -> dict[str, str]:
    found = value if isinstance(value, dict) else {}
    return {name: text for name, text in found.items() if isinstance(text, str) and "\0" not in name + text}


def _is_foreign(value: str) -> bool:
    return bool(_VARIABLE.search(_WORKSPACE.sub("", value)))


def plain_json(text: str) -> tuple[str, dict[str, int]]:
    """Without comments and trailing commas, lines as they were; and the line of each key of the outermost object."""
    parts: list[str] = []
    lines: dict[str, int] = {}
    depth, line, comma = 0, 1, -1
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token.startswith(("//", "/*")):
            token = "\n" * token.count("\n") or " "
        elif token in ("{", "["):
            depth += 1
        elif token in ("}", "]"):
            depth -= 1
            if comma >= 0:
                parts[comma] = ""
        elif token.startswith('"') and depth == 1 and _COLON.match(text, found.end()):
            lines.setdefault(token[1:-1], line)
        if token.strip():
            comma = len(parts) if token == "," else -1
        parts.append(token)
        line += token.count("\n")
    return "".join(parts), lines

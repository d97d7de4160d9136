"""Scripts of package.json, run by themselves where npm would do no more than that.

It costs npm a quarter of a second to find them, and 60 MB for as long as they run.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from firefly.bridge.detection.project import ProjectFiles
from firefly.bridge.environment import Environment

_CALL = re.compile(r"npm (?:run ([\w:.-]+)|(start))(?: -- ([^;&|<>()`\n]+))?")


@dataclass(frozen=True, slots=True)
class Command:
    """`shell` runs `text`, with `env` beside everything else."""

    shell: str
    text: str
    env: Mapping[str, str] = field(default_factory=dict)


def command_of(text: str, files: ProjectFiles, environment: Environment) -> Command:
    """What to run for a plan's command: itself, or the script that it names."""
    whole = Command(environment.shell(), text)
    found = _CALL.fullmatch(text)
    if found is None or _configures_npm(environment):
        return whole
    name, package = found[1] or found[2], files.json("package.json")
    scripts = package.get("scripts")
    script = scripts.get(name) if isinstance(scripts, dict) else None
    if not isinstance(scripts, dict) or not isinstance(script, str) or not script.strip():
        return whole
    if f"pre{name}" in scripts or f"post{name}" in scripts:
        return whole
    text = f"{script} {found[3]}" if found[3] else script
    return Command("/bin/sh", text, _variables(name, script, package, environment))


def _configures_npm(environment: Environment) -> bool:
    """By a file or a variable: it may say by what shell, or with what Node, scripts run."""
    files = (environment.workspace / ".npmrc", environment.home / ".npmrc")
    names = (*environment.inherited, *environment.secrets)
    return any(file.exists() for file in files) or any(name.lower().startswith("npm_config_") for name in names)


def _variables(name: str, script: str, package: Mapping[str, object], environment: Environment) -> Mapping[str, str]:
    """Of those that npm sets, the ones that scripts read."""
    told = {f"npm_package_{key}": value for key in ("name", "version") if isinstance(value := package.get(key), str)}
    return {
        "INIT_CWD": str(environment.workspace),
        "npm_command": "start" if name == "start" else "run-script",
        "npm_lifecycle_event": name,
        "npm_lifecycle_script": script,
        "npm_package_json": str(environment.workspace / "package.json"),
        **told,
    }

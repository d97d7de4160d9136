"""Projects with a package.json."""

import re

from firefly.bridge.detection.plan import InstallStep, Plan
from firefly.bridge.detection.project import ProjectFiles
from firefly.families.node import MODULES, NPM, Packages, packages, server
from firefly.protocol.application import ApplicationKind

# How a development server that does not read $PORT is told which port to take.
_PORT_FLAGS = (
    (re.compile(r"^vite(\s+(dev|serve|preview))?(\s+-|$)"), "--port $PORT --strictPort"),
    (re.compile(r"^(astro|ng)\s+(dev|serve)\b"), "--port $PORT"),
    (re.compile(r"^(webpack(-dev-server|\s+serve)|parcel|vue-cli-service\s+serve)\b"), "--port $PORT"),
    (re.compile(r"^gatsby\s+develop\b"), "-p $PORT"),
)
_OWN_PORT = re.compile(r"(--port|-p)\b|\bPORT\b")


def install_steps(files: ProjectFiles) -> tuple[InstallStep, ...]:
    found = packages(files)
    if found is None or found.install is None:
        return ()
    return (InstallStep("Install packages", found.install, found.inputs, MODULES),)


def detect(files: ProjectFiles, port: int) -> Plan | None:
    found = packages(files)
    if found is None:
        return None
    for name in ("dev", "start", "serve"):
        if name in found.scripts:
            return _script(files, port, found, name)
    if entry := server(files):
        found_by = f"package.json has no script dev or start; {entry} is a server"
        return _plan(files, port, f"node --watch {entry}", found_by)
    return None


def _script(files: ProjectFiles, port: int, found: Packages, name: str) -> Plan:
    script = found.scripts[name]
    command, found_by = found.run(name), f"package.json has the script {name}: {script}"
    flags = next((flags for pattern, flags in _PORT_FLAGS if pattern.search(script.strip())), None)
    if flags and not _OWN_PORT.search(script) and not _configures_port(files):
        separator = " --" if command.startswith(NPM.program) else ""
        return _plan(files, port, f"{command}{separator} {flags}", found_by)
    return _plan(files, port, command, found_by)


def _plan(files: ProjectFiles, port: int, command: str, found_by: str) -> Plan:
    return Plan(ApplicationKind.SERVER, command, found_by, port, install=install_steps(files))


def _configures_port(files: ProjectFiles) -> bool:
    """A vite.config that reads $PORT knows better than a flag."""
    configuration = files.first("vite.config.js", "vite.config.ts", "vite.config.mjs", "vite.config.mts")
    return configuration is not None and "PORT" in (files.text(configuration) or "")

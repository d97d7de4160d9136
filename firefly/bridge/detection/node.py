"""Projects with a package.json."""

import re
from collections.abc import Mapping

from firefly.bridge.detection.plan import InstallStep, Plan
from firefly.bridge.detection.project import ProjectFiles
from firefly.protocol.application import ApplicationKind

# How a development server that does not read $PORT is told which port to take.
_PORT_FLAGS = (
    (re.compile(r"^vite(\s+(dev|serve|preview))?(\s+-|$)"), "--port $PORT --strictPort"),
    (re.compile(r"^(astro|ng)\s+(dev|serve)\b"), "--port $PORT"),
    (re.compile(r"^(webpack(-dev-server|\s+serve)|parcel|vue-cli-service\s+serve)\b"), "--port $PORT"),
    (re.compile(r"^gatsby\s+develop\b"), "-p $PORT"),
)
_OWN_PORT = re.compile(r"(--port|-p)\b|\bPORT\b")
_MANAGERS = (
    ("pnpm-lock.yaml", "pnpm", "pnpm install --frozen-lockfile"),
    ("yarn.lock", "yarn", "yarn install --frozen-lockfile"),
    ("package-lock.json", "npm", "npm ci"),
    ("npm-shrinkwrap.json", "npm", "npm ci"),
)


def install_steps(files: ProjectFiles) -> tuple[InstallStep, ...]:
    package = files.json("package.json")
    if not any(package.get(key) for key in ("dependencies", "devDependencies", "optionalDependencies", "workspaces")):
        return ()
    for lock, _, command in _MANAGERS:
        if files.has(lock):
            return (InstallStep("Install packages", command, ("package.json", lock), "node_modules"),)
    return (InstallStep("Install packages", "npm install", ("package.json",), "node_modules"),)


def detect(files: ProjectFiles, port: int) -> Plan | None:
    if not files.has("package.json"):
        return None
    scripts = _texts(files.json("package.json").get("scripts"))
    for name in ("dev", "start", "serve"):
        if name in scripts:
            return _script(files, port, name, scripts[name])
    entry = files.first("server.js", "server.mjs", "app.js", "index.js", "src/server.js", "src/index.js")
    if entry and not files.has("index.html") and _serves(files.text(entry) or ""):
        found_by = f"package.json has no script dev or start; {entry} is a server"
        return _plan(files, port, f"node --watch {entry}", found_by)
    return None


def _script(files: ProjectFiles, port: int, name: str, script: str) -> Plan:
    manager = next((manager for lock, manager, _ in _MANAGERS if files.has(lock)), "npm")
    command, found_by = f"{manager} run {name}", f"package.json has the script {name}: {script}"
    flags = next((flags for pattern, flags in _PORT_FLAGS if pattern.search(script.strip())), None)
    if flags and not _OWN_PORT.search(script) and not _configures_port(files):
        separator = " --" if manager == "npm" else ""
        return _plan(files, port, f"{command}{separator} {flags}", found_by)
    return _plan(files, port, command, found_by)


def _plan(files: ProjectFiles, port: int, command: str, found_by: str) -> Plan:
    return Plan(ApplicationKind.SERVER, command, found_by, port, install=install_steps(files))


def _configures_port(files: ProjectFiles) -> bool:
    """A vite.config that reads $PORT knows better than a flag."""
    configuration = files.first("vite.config.js", "vite.config.ts", "vite.config.mjs", "vite.config.mts")
    return configuration is not None and "PORT" in (files.text(configuration) or "")


def _serves(source: str) -> bool:
    return ".listen(" in source or "createServer" in source


def _texts(value: object) -> Mapping[str, str]:
    return {str(key): text for key, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}

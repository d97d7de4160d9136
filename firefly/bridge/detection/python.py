"""Python projects: Django, Streamlit, FastAPI and other ASGI applications, Flask, and plain scripts."""

import re
import shlex
import tomllib
from dataclasses import replace
from pathlib import Path

from firefly.bridge.detection.plan import InstallStep, Plan
from firefly.bridge.detection.project import ProjectFiles
from firefly.protocol.application import ApplicationKind

_MODULES = (
    *("main.py", "app.py", "server.py", "api.py", "asgi.py", "wsgi.py", "application.py"),
    *("hello.py", "streamlit_app.py"),
    *("app/main.py", "app/__init__.py", "src/main.py", "src/app.py", "api/main.py", "backend/main.py"),
)
_REQUIREMENTS = ("requirements.txt", "requirements/dev.txt", "requirements-dev.txt")
_ASGI = re.compile(r"^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?(FastAPI|Starlette|Litestar|Quart)\(", re.MULTILINE)
_FLASK = re.compile(r"^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?Flask\(", re.MULTILINE)
_FACTORY = re.compile(r"^def (create_app|make_app)\(", re.MULTILINE)
_STREAMLIT = re.compile(r"^(import|from) streamlit\b", re.MULTILINE)
_SERVES_ITSELF = re.compile(
    r"\b(uvicorn\.run|app\.run|web\.run_app|serve_forever|run_server)\(|HTTPServer\("
    r"|^(import|from) gradio\b(?s:.*)\.launch\(",
    re.MULTILINE,
)
_DJANGO = re.compile(r"""DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)["']""")
# Restarted from outside, since with --reload a second process imports everything once more. What still streams to
# somebody does not hold that up.
_UVICORN = {"UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN": "1"}
_SHIMS = Path(__file__).parent.parent / "shims"


def install_steps(files: ProjectFiles) -> tuple[InstallStep, ...]:
    source = next((path for path in _REQUIREMENTS if _names_any(files.text(path))), None)
    what = f"-r {source}" if source else _of_pyproject(files)
    if not what:
        return ()
    inputs = (source,) if source else ("pyproject.toml",)
    return (
        InstallStep("Make a virtual environment", '"$FIREFLY_BASE_PYTHON" -m venv .venv', (), ".venv/bin/python"),
        InstallStep("Install packages", f".venv/bin/python -m pip install {what}", inputs, ".venv/bin/python"),
    )


def _of_pyproject(files: ProjectFiles) -> str:
    """A package is installed as it is; of what has no build system, as `uv init` makes it, only what it depends on."""
    try:
        declared = tomllib.loads(files.text("pyproject.toml") or "")
    except tomllib.TOMLDecodeError:
        return ""
    if "build-system" in declared:
        return "-e ."
    project = declared.get("project")
    dependencies = project.get("dependencies") if isinstance(project, dict) else None
    return shlex.join(filter(None, map(str, dependencies))) if isinstance(dependencies, list) else ""


def _names_any(requirements: str | None) -> bool:
    """Whether there is more than comments; a virtual environment takes seconds that a plain script needs not wait."""
    lines = (line.strip() for line in (requirements or "").splitlines())
    return any(line and not line.startswith("#") for line in lines)


def detect(files: ProjectFiles, port: int) -> Plan | None:
    for kind in (_django, _streamlit, _asgi, _flask, _script):
        if plan := kind(files, port):
            return plan
    return None


def _django(files: ProjectFiles, port: int) -> Plan | None:
    manage = files.text("manage.py") or ""
    if "DJANGO_SETTINGS_MODULE" not in manage:
        return None
    plan = _server(files, port, "python3 manage.py runserver $HOST:$PORT", "manage.py belongs to Django")
    if found := _DJANGO.search(manage):
        shim = {"DJANGO_SETTINGS_MODULE": "firefly_django", "FIREFLY_DJANGO_SETTINGS": found[1]}
        return replace(plan, env={**shim, "PYTHONPATH": str(_SHIMS)})
    return plan


def _streamlit(files: ProjectFiles, port: int) -> Plan | None:
    for path, source in _sources(files):
        if _STREAMLIT.search(source):
            options = "--server.port $PORT --server.address $HOST --server.headless true --server.runOnSave true"
            return _server(files, port, f"streamlit run {path} {options}", f"{path} has a Streamlit application")
    return None


def _asgi(files: ProjectFiles, port: int) -> Plan | None:
    for path, source in _sources(files):
        if found := _ASGI.search(source):
            command = f"uvicorn {_module(path)}:{found[1]} --host $HOST --port $PORT"
            plan = _server(files, port, command, f"{path} has a {found[2]} application")
            return replace(plan, env=_UVICORN, restart_on=("*.py",))
    return None


def _flask(files: ProjectFiles, port: int) -> Plan | None:
    for path, source in _sources(files):
        found = _FLASK.search(source) or (_FACTORY.search(source) if "flask" in source.lower() else None)
        if found:
            command = f"flask --app {_module(path)}:{found[1]} run --debug --host $HOST --port $PORT"
            return _server(files, port, command, f"{path} has a Flask application")
    return None


def _script(files: ProjectFiles, port: int) -> Plan | None:
    path = files.first("main.py", "app.py", "run.py", "script.py", "server.py")
    if path is None:
        return None
    if _SERVES_ITSELF.search(files.text(path) or ""):
        return _server(files, port, f"python3 {path}", f"{path} starts a server")
    found_by = f"{path} is a Python script"
    return Plan(ApplicationKind.SCRIPT, f"python3 {path}", found_by, port, install=install_steps(files))


def _server(files: ProjectFiles, port: int, command: str, found_by: str) -> Plan:
    return Plan(ApplicationKind.SERVER, command, found_by, port, install=install_steps(files))


def _sources(files: ProjectFiles) -> list[tuple[str, str]]:
    return [(path, source) for path in _MODULES if (source := files.text(path)) is not None]


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

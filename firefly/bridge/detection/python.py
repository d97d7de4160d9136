"""Python projects: Django, Streamlit, FastAPI and other ASGI applications, Flask, and plain scripts."""

import shlex
from pathlib import Path

from firefly.bridge.detection.plan import InstallStep, Plan
from firefly.bridge.detection.project import ProjectFiles
from firefly.families import python
from firefly.families.python import Application, Kind
from firefly.protocol.application import ApplicationKind

# Restarted from outside, since with --reload a second process imports everything once more. What still streams to
# somebody does not hold that up.
_UVICORN = {"UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN": "1"}
_SHIMS = Path(__file__).parent.parent / "shims"


def install_steps(files: ProjectFiles) -> tuple[InstallStep, ...]:
    source = python.requirements(files)
    what = f"-r {source}" if source else _of_pyproject(files)
    if not what:
        return ()
    inputs = (source,) if source else (python.PROJECT,)
    return (
        InstallStep("Make a virtual environment", '"$FIREFLY_BASE_PYTHON" -m venv .venv', (), ".venv/bin/python"),
        InstallStep("Install packages", f".venv/bin/python -m pip install {what}", inputs, ".venv/bin/python"),
    )


def _of_pyproject(files: ProjectFiles) -> str:
    """A package is installed as it is; of what has no build system only what it depends on."""
    return "-e ." if python.is_package(files) else shlex.join(python.declared(files))


def detect(files: ProjectFiles, port: int) -> Plan | None:
    found = python.application(files)
    if found is None:
        return None
    kind = ApplicationKind.SCRIPT if found.kind is Kind.SCRIPT else ApplicationKind.SERVER
    restart_on = ("*.py",) if found.kind is Kind.ASGI else ()
    return Plan(
        kind, _command(found), found.found_by, port, install=install_steps(files), env=_variables(found),
        restart_on=restart_on,
    )  # fmt: skip


def _command(found: Application) -> str:
    match found.kind:
        case Kind.DJANGO:
            return "python3 manage.py runserver $HOST:$PORT"
        case Kind.STREAMLIT:
            options = "--server.port $PORT --server.address $HOST --server.headless true --server.runOnSave true"
            return f"streamlit run {found.path} {options}"
        case Kind.ASGI:
            return f"uvicorn {found.module}:{found.name} --host $HOST --port $PORT"
        case Kind.FLASK:
            return f"flask --app {found.module}:{found.name} run --debug --host $HOST --port $PORT"
        case _:
            return f"python3 {found.path}"


def _variables(found: Application) -> dict[str, str]:
    """Django gets settings of ours before its own, and uvicorn what its options say."""
    if found.kind is Kind.ASGI:
        return _UVICORN
    if found.kind is not Kind.DJANGO or not found.name:
        return {}
    shim = {"DJANGO_SETTINGS_MODULE": "firefly_django", "FIREFLY_DJANGO_SETTINGS": found.name}
    return {**shim, "PYTHONPATH": str(_SHIMS)}

"""Python projects: who installs what they depend on, and what serves them to visitors."""

import re
import shlex
from dataclasses import dataclass
from typing import TypeAlias

from firefly.builds.analysis.plan import Cache, Plan, Strategy
from firefly.builds.analysis.source import Source
from firefly.families import python
from firefly.families.python import Application, Kind

_BIN = ".venv/bin"
_VENV = "python3 -m venv .venv"
_PIP = f"{_BIN}/python3 -m pip install"
# Commands, the files that they depend on, and why they are these.
Steps: TypeAlias = tuple[tuple[str, ...], tuple[str, ...], str]


@dataclass(frozen=True, slots=True)
class Tool:
    """Who installs, known by `lock`; `needs` is what pip brings first."""

    lock: str
    needs: str
    command: str


TOOLS = (
    Tool("uv.lock", "uv", f"{_BIN}/uv sync --frozen --no-dev --inexact"),
    Tool("poetry.lock", "poetry", f"{_BIN}/poetry install --only main --no-interaction"),
    Tool("Pipfile.lock", "pipenv", f"PIPENV_VENV_IN_PROJECT=1 {_BIN}/pipenv sync"),
)
_STATIC_ROOT = re.compile(r"^STATIC_ROOT\s*=", re.MULTILINE)
_POSTGRES = re.compile(r"django\.db\.backends\.postgresql|dj_database_url|DATABASE_URL|postgres(?:ql)?://")
_DRIVERS = frozenset({"psycopg", "psycopg2", "psycopg2-binary", "asyncpg", "pg8000"})
_SERVER_OF = {Kind.ASGI: "uvicorn", Kind.FLASK: "flask", Kind.STREAMLIT: "streamlit"}


def detect(source: Source) -> Plan | None:
    if source.has("mkdocs.yml") and "mkdocs" in python.dependencies(source):
        return _docs(source)
    found = python.application(source)
    if found is None:
        return None
    install, why, caches = _install(source)
    binary = f"{_BIN}/" if install else ""
    run, why["run"], notes = _run(found, python.dependencies(source), binary)
    build = _build(found, source, binary)
    if build:
        why["build"] = "its settings have STATIC_ROOT"
    database = _database(found, source)
    if database:
        why["database"] = database
    why["family"] = found.found_by
    family = "Python" if found.kind in (Kind.SERVER, Kind.SCRIPT) else found.framework
    return Plan(
        Strategy.COMMANDS, family, "python", install=install, build=build, run=run,
        database="postgres" if database else None, caches=caches, why=why, notes=notes,
    )  # fmt: skip


def _docs(source: Source) -> Plan:
    install, why, caches = _install(source)
    why |= {"family": "there is a mkdocs.yml", "build": "MkDocs is built so", "folder": "MkDocs builds there"}
    build = (f"{_BIN}/mkdocs build",)
    return Plan(Strategy.SITE, "MkDocs", "python", install=install, build=build, folder="site", caches=caches, why=why)


def _install(source: Source) -> tuple[tuple[str, ...], dict[str, str], tuple[Cache, ...]]:
    """Commands, the reasons for them, and what is kept."""
    found = _by_tool(source) or _by_pip(source)
    if found is None:
        return (), {}, ()
    commands, keys, why = found
    reasons = {"install": why, "caches": "what is installed depends on these files alone"}
    return (_VENV, *commands), reasons, (Cache(".venv", keys),)


def _by_tool(source: Source) -> Steps | None:
    tool = next((tool for tool in TOOLS if source.has(tool.lock)), None)
    if tool is None:
        return None
    project = python.PROJECT if source.has(python.PROJECT) else "Pipfile"
    return (f"{_PIP} {tool.needs}", tool.command), (project, tool.lock), f"{tool.lock} is there"


def _by_pip(source: Source) -> Steps | None:
    if path := python.requirements(source):
        return (f"{_PIP} -r {path}",), (path,), f"{path} names packages"
    if python.is_package(source):
        return (f"{_PIP} .",), (python.PROJECT,), f"{python.PROJECT} describes a package"
    if declared := python.declared(source):
        return (f"{_PIP} {shlex.join(declared)}",), (python.PROJECT,), f"{python.PROJECT} has dependencies"
    return None


def _run(found: Application, dependencies: frozenset[str], binary: str) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    """Commands, the reason for them, and notes."""
    match found.kind:
        case Kind.DJANGO:
            return _django(found, dependencies, binary)
        case Kind.STREAMLIT:
            options = "--server.port $PORT --server.address $HOST --server.headless true"
            command = f"{binary}streamlit run {found.path} {options}"
        case Kind.ASGI:
            command = f"{binary}uvicorn {found.module}:{found.name} --host $HOST --port $PORT"
        case Kind.FLASK if "gunicorn" in dependencies:
            return (f"{binary}gunicorn {_callable(found)} --bind $HOST:$PORT",), "gunicorn is a dependency", ()
        case Kind.FLASK:
            command = f"{binary}flask --app {found.module}:{found.name} run --host $HOST --port $PORT"
        case _:
            note = f"{found.path} does not look like a server: nothing is shown unless it listens on $PORT."
            return (f"{binary}python3 {found.path}",), found.found_by, (note,) if found.kind is Kind.SCRIPT else ()
    return (command,), found.found_by, _missing(found, dependencies)


def _callable(found: Application) -> str:
    """As gunicorn wants it: a function that makes the application is called."""
    call = "()" if found.name in ("create_app", "make_app") else ""
    return shlex.quote(f"{found.module}:{found.name}{call}")


def _missing(found: Application, dependencies: frozenset[str]) -> tuple[str, ...]:
    wanted = _SERVER_OF[found.kind]
    others = {"fastapi"} if wanted == "uvicorn" else set()
    if wanted in dependencies or others & dependencies:
        return ()
    return (f"{wanted} serves it, and is not among its dependencies.",)


def _django(
    found: Application, dependencies: frozenset[str], binary: str
) -> tuple[tuple[str, ...], str, tuple[str, ...]]:
    manage = f"{binary}python3 manage.py"
    migrate = f"{manage} migrate --noinput"
    package = found.name.partition(".settings")[0]
    if "gunicorn" in dependencies and package:
        serve = f"{binary}gunicorn {package}.wsgi --bind $HOST:$PORT"
        return (migrate, serve), f"{found.found_by}; gunicorn is a dependency", ()
    if "uvicorn" in dependencies and package:
        serve = f"{binary}uvicorn {package}.asgi:application --host $HOST --port $PORT"
        return (migrate, serve), f"{found.found_by}; uvicorn is a dependency", ()
    note = "Django's own server is for development: with gunicorn among the dependencies that is taken instead."
    return (migrate, f"{manage} runserver --noreload $HOST:$PORT"), found.found_by, (note,)


def _settings(found: Application, source: Source) -> str:
    """The text of Django's settings, those of a package of settings too."""
    stem = found.name.replace(".", "/")
    return source.text(f"{stem}.py") or source.text(f"{stem}/__init__.py") or ""


def _build(found: Application, source: Source, binary: str) -> tuple[str, ...]:
    if found.kind is Kind.DJANGO and _STATIC_ROOT.search(_settings(found, source)):
        return (f"{binary}python3 manage.py collectstatic --noinput",)
    return ()


def _database(found: Application, source: Source) -> str | None:
    """Why it gets a database."""
    if found.kind is Kind.DJANGO and _POSTGRES.search(_settings(found, source)):
        return "its settings name PostgreSQL"
    drivers = sorted(_DRIVERS & python.dependencies(source))
    return f"{drivers[0]} is a dependency" if drivers else None

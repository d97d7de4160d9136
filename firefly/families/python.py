"""Python projects: what they depend on, who installs it, and which application they hold."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from .tree import Tree, table

PROJECT = "pyproject.toml"
REQUIREMENTS = ("requirements.txt", "requirements/dev.txt", "requirements-dev.txt")
_MODULES = (
    *("main.py", "app.py", "server.py", "api.py", "asgi.py", "wsgi.py", "application.py"),
    *("hello.py", "streamlit_app.py"),
    *("app/main.py", "app/__init__.py", "src/main.py", "src/app.py", "api/main.py", "backend/main.py"),
)
_SCRIPTS = ("main.py", "app.py", "run.py", "script.py", "server.py")
_ASGI = re.compile(r"^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?(FastAPI|Starlette|Litestar|Quart)\(", re.MULTILINE)
_FLASK = re.compile(r"^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)?Flask\(", re.MULTILINE)
_FACTORY = re.compile(r"^def (create_app|make_app)\(", re.MULTILINE)
_STREAMLIT = re.compile(r"^(import|from) streamlit\b", re.MULTILINE)
_SERVES_ITSELF = re.compile(r"\b(uvicorn\.run|app\.run|web\.run_app|serve_forever|run_server)\(|HTTPServer\(")
_GRADIO = re.compile(r"^(import|from) gradio\b", re.MULTILINE)
_DJANGO = re.compile(r"""DJANGO_SETTINGS_MODULE["']\s*,\s*["']([\w.]+)["']""")
_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)")


class Kind(StrEnum):
    DJANGO = "Django"
    STREAMLIT = "Streamlit"
    ASGI = "ASGI"
    FLASK = "Flask"
    SERVER = "server"
    SCRIPT = "script"


@dataclass(frozen=True, slots=True)
class Application:
    """`name` is the variable or function of an application, Django's settings module, or empty.

    `framework` is what people call it.
    """

    kind: Kind
    path: str
    name: str = ""
    framework: str = ""

    @property
    def module(self) -> str:
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def found_by(self) -> str:
        """A sentence for people."""
        match self.kind:
            case Kind.DJANGO:
                return f"{self.path} belongs to Django"
            case Kind.SERVER:
                return f"{self.path} starts a server"
            case Kind.SCRIPT:
                return f"{self.path} is a Python script"
            case _:
                return f"{self.path} has a {self.framework} application"


def requirements(tree: Tree) -> str | None:
    """The file with more than comments; a virtual environment takes seconds that a plain script needs not wait."""
    return next((path for path in REQUIREMENTS if any(_lines(tree.text(path)))), None)


def declared(tree: Tree) -> tuple[str, ...]:
    """What pyproject.toml names, as requirements."""
    found = table(tree.toml(PROJECT), "project").get("dependencies")
    return tuple(filter(None, map(str, found))) if isinstance(found, list) else ()


def is_package(tree: Tree) -> bool:
    """Whether it is installed as it is; `uv init` makes what has no build system."""
    return "build-system" in tree.toml(PROJECT)


def dependencies(tree: Tree) -> frozenset[str]:
    """The names of what it asks for by itself, with small letters and hyphens."""
    source = requirements(tree)
    poetry = table(tree.toml(PROJECT), "tool", "poetry", "dependencies")
    pipenv = table(tree.toml("Pipfile"), "packages")
    wanted = [*_lines(tree.text(source) if source else None), *declared(tree), *poetry, *pipenv]
    return frozenset(
        found[1].lower().replace("_", "-").replace(".", "-") for line in wanted if (found := _NAME.match(line))
    )


def _lines(text: str | None) -> Iterator[str]:
    lines = (line.strip() for line in (text or "").splitlines())
    return (line for line in lines if line and not line.startswith("#"))


def application(tree: Tree) -> Application | None:
    manage = tree.text("manage.py") or ""
    if "DJANGO_SETTINGS_MODULE" in manage:
        settings = _DJANGO.search(manage)
        return Application(Kind.DJANGO, "manage.py", settings[1] if settings else "", "Django")
    sources = [(path, source) for path in _MODULES if (source := tree.text(path)) is not None]
    for look in (_streamlit, _asgi, _flask):
        for path, source in sources:
            if found := look(path, source):
                return found
    script = tree.first(*_SCRIPTS)
    if script is None:
        return None
    return Application(Kind.SERVER if _serves(tree.text(script) or "") else Kind.SCRIPT, script)


def _serves(source: str) -> bool:
    gradio = _GRADIO.search(source)
    return bool(_SERVES_ITSELF.search(source)) or (gradio is not None and ".launch(" in source[gradio.end() :])


def _streamlit(path: str, source: str) -> Application | None:
    return Application(Kind.STREAMLIT, path, "", "Streamlit") if _STREAMLIT.search(source) else None


def _asgi(path: str, source: str) -> Application | None:
    found = _ASGI.search(source)
    return Application(Kind.ASGI, path, found[1], found[2]) if found else None


def _flask(path: str, source: str) -> Application | None:
    found = _FLASK.search(source) or (_FACTORY.search(source) if "flask" in source.lower() else None)
    return Application(Kind.FLASK, path, found[1], "Flask") if found else None

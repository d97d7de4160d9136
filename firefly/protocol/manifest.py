"""firefly.yml: what a project says about how it is installed, run, built and shown. The schema is strict."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import PurePosixPath
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from firefly.protocol.errors import MANIFEST_NAME, ManifestError
from firefly.protocol.quantities import Duration, Size
from firefly.protocol.yamltext import Lines, load

LONGEST = 64 << 10
UNQUOTED = " YAML reads a text with `: ` in it as a key and its value: put it into quotes."


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _as_texts(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {key: _scalar_text(item) for key, item in value.items()}


def _scalar_text(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


def _passable(value: str) -> str:
    """What can be handed to a program."""
    if "\0" in value or any(0xD800 <= ord(character) < 0xE000 for character in value):
        raise ValueError("a text with characters that no program can be given")
    return value


def _inside(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts or "\0" in value or not value:
        raise ValueError("a path is relative and stays in the project")
    return value


Text = Annotated[str, AfterValidator(_passable)]
Texts = Annotated[list[Text], BeforeValidator(_as_list)]
Variables = Annotated[dict[str, Text], BeforeValidator(_as_texts)]
InsidePath = Annotated[str, AfterValidator(_inside)]
InsidePaths = Annotated[list[InsidePath], BeforeValidator(_as_list)]
Label = Annotated[str, Field(pattern=r"^[a-z0-9](-?[a-z0-9])*$", max_length=40)]
VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


# Hosts of one branch beside its main one; each is a route in every server.
MOST_URLS = 20


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


_Kind = TypeVar("_Kind", bound=Section)


class Dockerfile(Section):
    path: InsidePath = "Dockerfile"
    target: str | None = None
    args: Variables = Field(default_factory=dict)


class HealthCheck(Section):
    path: str = Field(default="/", pattern="^/")
    timeout: Duration = 30.0


class Preview(Section):
    access: Literal["public", "members", "people", "link", "code", "password", "addresses"] | None = None
    inject: bool = True


class Resources(Section):
    memory: Size | None = None
    cpu: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    pids: int | None = Field(default=None, gt=0)
    disk: Size | None = None


class Builds(Section):
    branches: Texts = Field(default_factory=list)
    pull_requests: bool = True


class Watch(Section):
    install: Texts = Field(default_factory=list)
    restart: Texts = Field(default_factory=list)
    throttle: Duration = 0.1


class Idle(Section):
    freeze: Duration | None = None
    stop: Duration | None = None


class Manifest(Section):
    """Durations in seconds, sizes in bytes. What is absent is None or empty, so that the analyser may decide."""

    image: str | None = None
    install: Texts | None = None
    build: Texts = Field(default_factory=list)
    run: Texts = Field(default_factory=list)
    dev: Texts = Field(default_factory=list)
    port: int | None = Field(default=None, ge=1, le=65535)
    test: Texts = Field(default_factory=list)
    env: dict[VariableName, Text] = Field(default_factory=dict)
    writable: InsidePaths = Field(default_factory=list)
    urls: Annotated[list[Label], BeforeValidator(_as_list)] = Field(default_factory=list, max_length=MOST_URLS)
    dockerfile: Dockerfile | None = None
    health: HealthCheck | None = None
    preview: Preview = Field(default_factory=Preview)
    resources: Resources | None = None
    builds: Builds | None = None
    schedule: dict[str, str] = Field(default_factory=dict)
    watch: Watch = Field(default_factory=Watch)
    idle: Idle | None = None
    database: Literal["postgres", "none"] | None = None
    seed: Texts = Field(default_factory=list)
    caches: InsidePaths = Field(default_factory=list)


def parse(text: str) -> Manifest:
    """Raises ManifestError, which names the line, for YAML that is broken and for keys and values that are wrong."""
    return check(*read(text, MANIFEST_NAME), MANIFEST_NAME)


def read(text: str, name: str) -> tuple[dict[str, object], Lines]:
    """The keys of a file, and the line of each. Raises ManifestError where it has none."""
    if len(text) > LONGEST:
        raise ManifestError(f"{name} is longer than {LONGEST >> 10} KiB.", line=1)
    try:
        data, lines = load(text)
    except ValueError as error:
        message, line = error.args
        hint = UNQUOTED if message.startswith("mapping values are not allowed") else ""
        raise ManifestError(f"{name}, line {line}: {message}.{hint}", line=line) from error
    if data is not None and not isinstance(data, dict):
        raise ManifestError(f"{name}, line 1: the file is a list of keys with values.", line=1)
    return data or {}, lines


def check(data: dict[str, object], lines: Lines, name: str) -> Manifest:
    """Raises ManifestError, which names the line, for keys and values that are wrong."""
    if isinstance(data.get("env"), dict):
        data["env"] = _as_texts(data["env"])
    return validated(Manifest, data, lines, name)


def validated(kind: type[_Kind], data: dict[str, object], lines: Lines, name: str) -> _Kind:
    """As `check`, of another file."""
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise _located(error, lines, name, kind) from error


def _located(error: ValidationError, lines: Lines, file: str, kind: type[BaseModel]) -> ManifestError:
    first = error.errors(include_url=False, include_context=False)[0]
    location = tuple(str(part) for part in first["loc"] if part != "[key]")
    line = _line(location, lines)
    name = ".".join(location)
    if first["type"] == "extra_forbidden":
        sentence = f"{file}, line {line}: the key {name} is not known.{_meant(location, kind.model_fields)}"
        return ManifestError(sentence, line=line)
    message = first["msg"].removeprefix("Value error, ")
    hint = UNQUOTED if first["type"] == "string_type" and isinstance(first["input"], dict) else ""
    return ManifestError(f"{file}, line {line}: {name}: {message}.{hint}", line=line)


def _meant(location: tuple[str, ...], known: Iterable[str]) -> str:
    """Of a key at the top that is nearly one, which."""
    near = get_close_matches(location[0], list(known), n=1) if len(location) == 1 else []
    return f" Did you mean {near[0]}?" if near else ""


def _line(location: tuple[str, ...], lines: Lines) -> int:
    while location and location not in lines:
        location = location[:-1]
    return lines.get(location, 1)

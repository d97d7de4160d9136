"""Where settings come from, weakest first: a TOML file, FIREFLY_* variables, flags."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from firefly.errors import InvalidInput

from .settings import PREFIX, Settings

# For the commands that talk to a server; the server itself has no use for it.
CLIENT_TOKEN = f"{PREFIX}TOKEN"


def load(flags: Mapping[str, object] | None = None) -> Settings:
    """Read all sources; `flags` win. Raises InvalidInput, a line per mistake; an unknown FIREFLY_* name is one."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {f"{PREFIX}CONFIG", CLIENT_TOKEN}
    unknown = sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
    if unknown:
        raise InvalidInput(f"{', '.join(unknown)}: not a setting of this version. `firefly serve --help` lists them.")
    _check_file()
    try:
        return Settings(**{name: value for name, value in (flags or {}).items() if value is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        lines = [f"{PREFIX}{'.'.join(map(str, e['loc'])).upper() or '*'}: {e['msg']}" for e in error.errors()]
        raise InvalidInput("\n".join(lines)) from error


def _check_file() -> None:
    """Raises InvalidInput for a file that was named and cannot be used; pydantic would pass over a missing one."""
    name = os.environ.get(f"{PREFIX}CONFIG")
    if not name:
        return
    try:
        tomllib.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInput(f"{PREFIX}CONFIG: {name} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise InvalidInput(f"{PREFIX}CONFIG: {name} is not TOML: {error}.") from error

"""The templates that a project can be made from, read from firefly/projects/templates."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import InvalidInput

FOLDER = Path(__file__).parent / "templates"
DESCRIPTION = "template.toml"


@dataclass(frozen=True, slots=True)
class Template:
    """`icon` is one emoji; `language` is what most of it is written in; `opens` is the file to show first.

    `warm` are paths that are asked for once when it is made ready, so that what it makes at first use is there.
    """

    name: str
    title: str
    description: str
    order: int
    icon: str
    language: str
    opens: str
    warm: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return FOLDER / self.name


class Catalogue:
    """Each folder of templates holds the project's files and, beside them, `template.toml`, which is no part of it."""

    def __init__(self, folder: Path = FOLDER) -> None:
        found = [_read(path) for path in folder.glob(f"*/{DESCRIPTION}")]
        self._templates = {template.name: template for template in sorted(found, key=lambda each: each.order)}

    def list(self) -> Sequence[Template]:
        """In the order of template.toml."""
        return tuple(self._templates.values())

    def get(self, name: str) -> Template:
        """Raises InvalidInput, naming the templates that exist."""
        try:
            return self._templates[name]
        except KeyError as error:
            names = ", ".join(self._templates)
            raise InvalidInput(f"There is no template {name[:40]!r}. There are {names}.", field="template") from error


def _read(path: Path) -> Template:
    found = tomllib.loads(path.read_text())
    return Template(**{**found, "name": path.parent.name, "warm": tuple(found.get("warm", ()))})

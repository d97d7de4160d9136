"""The templates that a project can be made from, read from firefly/projects/templates."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Template:
    """`icon` is one emoji; `language` is what the editor highlights most of it as."""

    name: str
    title: str
    description: str
    order: int
    icon: str
    language: str
    opens: str

    @property
    def folder(self) -> Path:
        return FOLDER / self.name


class Catalogue:
    def list(self) -> Sequence[Template]:
        """In the order of template.toml."""
        raise NotImplementedError

    def get(self, name: str) -> Template:
        """Raises InvalidInput, naming the templates that exist."""
        raise NotImplementedError

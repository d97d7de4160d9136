"""What a change makes of a project, and how it is told."""

from dataclasses import replace

from ..errors import InvalidInput
from .model import Project, UpdateProject

LONGEST_DESCRIPTION = 2000


def check_description(text: str) -> None:
    """Raises InvalidInput."""
    if len(text) > LONGEST_DESCRIPTION:
        raise InvalidInput(f"The description may have {LONGEST_DESCRIPTION} characters.", field="description")
    if "\x00" in text:
        raise InvalidInput("The description holds a character that cannot be stored.", field="description")


def changed(old: Project, change: UpdateProject) -> Project:
    return replace(
        old,
        name=old.name if change.name is None else change.name,
        description=old.description if change.description is None else change.description.strip(),
        visibility=change.visibility or old.visibility,
    )


def what_changed(old: Project, new: Project) -> str:
    """Continues a sentence that begins with a name."""
    if old.name != new.name:
        return f"renamed it from {old.name}"
    return "changed who may see it" if old.visibility is not new.visibility else "changed the description"

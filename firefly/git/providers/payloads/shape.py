"""What shapes of payloads have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

ZEROS = frozenset({"0" * 40, "0" * 64})


class Shape(BaseModel):
    """The members that Firefly uses; the others are passed over, types are not guessed."""

    model_config = ConfigDict(extra="ignore", strict=True, defer_build=True)


Line = Annotated[str, StringConstraints(max_length=1024, pattern=r"^[^\x00-\x1f\x7f]*$")]
Ref = Annotated[str, StringConstraints(max_length=1024, pattern=r"^refs/[^\x00-\x20\x7f~^:?*\[\\]+$")]
Name = Annotated[str, StringConstraints(max_length=1000, min_length=1, pattern=r"^[^\x00-\x20\x7f~^:?*\[\\]+$")]
# Bitbucket shortens those of pull requests.
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{7,64}$")]
Path = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x20\x7f]+$")]


def ref_of(kind: str, name: str) -> str:
    """Of a branch or a tag by its short name."""
    return name if name.startswith("refs/") else f"refs/{'tags' if kind == 'tag' else 'heads'}/{name}"

"""Reading a hook's body, once its signature was found to be good."""

from typing import Any

from pydantic import ValidationError

from ....errors import InvalidInput
from ....weighing import MOST_VALUES, values_in
from . import bitbucket, bitbucketdc, github, gitlab
from .happenings import Happening

_SHAPES = {
    "github": github.SHAPES,
    "gitea": github.SHAPES,
    "bitbucket": bitbucket.SHAPES,
    "bitbucketdc": bitbucketdc.SHAPES,
}


def read(provider: str, event: str, body: bytes) -> Happening | None:
    """None for what Firefly does not heed. Raises InvalidInput for what is not of the published shape."""
    check_weight(body)
    try:
        shape: Any = _SHAPES[provider].get(event) if provider in _SHAPES else _gitlab(body)
        told: Happening | None = shape.model_validate_json(body).told() if shape else None
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, found["loc"]))
        raise InvalidInput(f"The payload is not one of {event or 'that event'}: {place} {found['msg']}.") from error
    return told


def check_weight(body: bytes) -> None:
    """Whoever signs a body may be anybody: he has the secret of his own project. Raises InvalidInput."""
    if values_in(body) > MOST_VALUES:
        raise InvalidInput(f"The payload holds more than {MOST_VALUES:,} values.")


def _gitlab(body: bytes) -> Any:
    return gitlab.Kind.model_validate_json(body).shape()

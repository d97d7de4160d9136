"""Answers of the API, read as what they should be."""

from typing import TypeVar

import aiohttp
from pydantic import BaseModel

from .errors import ClientError

Model = TypeVar("Model", bound=BaseModel)


async def read(model: type[Model], response: aiohttp.ClientResponse) -> Model:
    try:
        return model.model_validate_json(await response.read())
    except ValueError as error:
        raise ClientError(
            f"{response.url.origin()} answered with something else than Firefly's API. Check --server.",
            status=response.status,
        ) from error

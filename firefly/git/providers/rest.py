"""What the small clients share: JSON both ways, and lists page by page."""

import base64
import json
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from ...errors import NotFound, Unavailable
from .model import Page
from .provider import GitProvider
from .transport import Answer

Item = TypeVar("Item")


def quoted(part: str) -> str:
    """For one step of a path, what is no slash of ours included."""
    return quote(part, safe="")


class RestProvider(GitProvider):
    @property
    @abstractmethod
    def api(self) -> str:
        """Where the API is, without a slash at the end."""

    def authorization(self) -> str:
        """The field of a request that carries the credential."""
        if self.credential.user:
            pair = f"{self.credential.user}:{self.credential.token}"
            return f"Basic {base64.b64encode(pair.encode()).decode()}"
        return f"Bearer {self.credential.token}"

    async def call(self, method: str, path: str, data: Mapping[str, Any] | None = None, **query: str) -> Any:
        """The JSON of the answer; None where there is none."""
        answer = await self.answer(method, path, data, **query)
        return json_of(answer, self.title)

    async def answer(self, method: str, path: str, data: Mapping[str, Any] | None = None, **query: str) -> Answer:
        url = f"{self.api}{path}" + (f"?{urlencode(query)}" if query else "")
        fields = {"accept": "application/json"}
        if self.credential.token:
            fields["authorization"] = self.authorization()
        if data is not None:
            fields["content-type"] = "application/json"
        body = None if data is None else json.dumps(data).encode()
        return await self.transport.send(method, url, headers=fields, body=body)

    async def remove(self, path: str) -> None:
        """What is gone already is none to complain of."""
        try:
            await self.answer("DELETE", path)
        except NotFound:
            return

    async def numbered(
        self, path: str, cursor: str | None, item: Callable[[Any], Item], *, size: tuple[str, int], **query: str
    ) -> Page[Item]:
        """A page of a plain list; `size` names how the provider calls that of a page, and how many are asked for."""
        number = int(cursor or 1)
        asked = {**query, size[0]: str(size[1]), "page": str(number)}
        found = await self.call("GET", path, None, **asked)
        return Page([item(one) for one in found], str(number + 1) if len(found) == size[1] else None)


def json_of(answer: Answer, title: str) -> Any:
    if not answer.body.strip():
        return None
    try:
        return json.loads(answer.body)
    except ValueError as error:
        raise Unavailable(f"{title} answers with something that is no JSON.", retry_after=60) from error

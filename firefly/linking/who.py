"""Who a token is good for: asked of the provider when somebody connects, and each day."""

import base64
import json
from collections.abc import Mapping
from urllib.parse import unquote

from ..errors import Unavailable
from ..git.providers.model import Credential, CredentialRefused, storable
from ..git.providers.transport import Answer, Transport
from .dialects import DIALECTS, api_url
from .model import User


def authorization(credential: Credential) -> Mapping[str, str]:
    if not credential.user:
        return {"Authorization": f"Bearer {credential.token}"}
    pair = f"{credential.user}:{credential.token}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _named(answer: Answer) -> Mapping[str, str]:
    """Who asked, as Bitbucket Data Center says it. Raises CredentialRefused for nobody."""
    name = unquote(answer.headers.get("x-ausername", ""))
    if name in ("", "anonymous"):
        raise CredentialRefused("Bitbucket Data Center does not know the token. Connect it again.")
    return {"id": answer.headers["x-auserid"], "login": name}


async def who(transport: Transport, provider: str, url: str, credential: Credential) -> User:
    """Raises CredentialRefused, and what else `Transport.send` promises."""
    answer = await transport.send(
        "GET",
        api_url(provider, url) + DIALECTS[provider].user,
        headers={"Accept": "application/json", **authorization(credential)},
    )
    try:
        data = _named(answer) if provider == "bitbucketdc" else json.loads(answer.body)
        id, login = data.get("uuid") or data["id"], data.get("login") or data["username"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unavailable(f"What answers at {url} is not {DIALECTS[provider].title}.") from error
    scopes = answer.headers.get("x-oauth-scopes")
    held = None if scopes is None else frozenset(storable(scopes).replace(",", " ").split())
    return User(storable(str(id)), storable(str(login)), held)

"""Tokens as they lie in PostgreSQL: sealed, and each good for its own row alone."""

import json
from uuid import UUID

from ..errors import Conflict
from ..git.providers.model import Credential, CredentialRefused
from ..secrets import Keyring
from .model import Tokens

PURPOSE = "provider-connection"


class Vault:
    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def seal(self, id: UUID, tokens: Tokens, user: str = "") -> bytes:
        kept = {"id": str(id), "user": user, "access": tokens.access, "refresh": tokens.refresh}
        return self._keyring.seal(PURPOSE, json.dumps(kept).encode())

    def open(self, id: UUID, sealed: bytes) -> tuple[Credential, Tokens]:
        """Raises CredentialRefused for what was sealed with a key that is gone, or for another row."""
        try:
            kept = json.loads(self._keyring.open(PURPOSE, sealed))
        except Conflict as error:
            raise CredentialRefused("The token was sealed with a key that this installation no longer has.") from error
        if kept["id"] != str(id):
            raise CredentialRefused("The token is another connection's.")
        return Credential(kept["access"], kept["user"]), Tokens(kept["access"], kept["refresh"])

    def seal_text(self, purpose: str, text: str) -> bytes:
        return self._keyring.seal(f"{PURPOSE}/{purpose}", text.encode())

    def open_text(self, purpose: str, sealed: bytes) -> str:
        return self._keyring.open(f"{PURPOSE}/{purpose}", sealed).decode()

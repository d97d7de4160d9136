"""What lets the server into its sandboxes: derived for each from the secret key, so that nothing of it is stored."""

import hashlib
import hmac
import json
from collections.abc import Mapping

from firefly.secrets import Keyring

PURPOSE = "swarm-sandboxes"


class Keys:
    def __init__(self, keyring: Keyring) -> None:
        self._keys = keyring.derive_all(PURPOSE)

    @property
    def installation(self) -> str:
        """Tells this installation's services from those of others in the same Swarm; it follows the newest key."""
        return _derived(self._keys[0], "installation")[:16]

    @property
    def installations(self) -> tuple[str, ...]:
        """Those of older keys too."""
        return tuple(_derived(key, "installation")[:16] for key in self._keys)

    def token(self, instance_id: str, installation: str) -> str:
        """The one of a sandbox that was labelled with `installation`. Raises KeyError where the key is gone."""
        key = dict(zip(self.installations, self._keys, strict=True))[installation]
        return _derived(key, instance_id)

    def handed(self, instance_id: str, environment: Mapping[str, str]) -> str:
        """What a new sandbox is handed, as JSON: the SHA-256 of its token, and the rest of its environment."""
        digest = hashlib.sha256(self.token(instance_id, self.installation).encode()).hexdigest()
        return json.dumps({"digest": digest, "environment": dict(environment)})


def _derived(key: bytes, name: str) -> str:
    return hmac.digest(key, name.encode(), "sha256").hex()

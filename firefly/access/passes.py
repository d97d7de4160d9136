"""Passes: what takes a visitor from one host of a project to another, where he is let in without being asked again.

A pass is signed and not kept: only that it was used is written down. It is good for one host, for the browser that
keeps the nonce it was made for, once, and for 30 seconds. What it says is no secret and opens nothing by itself.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
from dataclasses import replace
from datetime import UTC, datetime

from ..auth import Grant, PreviewGrants, hash_secret
from ..auth.grant import PACKED, pack, unpack
from ..errors import Unauthenticated
from ..secrets import Keyring
from .model import Place
from .records import Records

PASS_LIFE = 30.0
WRONG = "The pass is used, expired or of another browser."
# Random bytes, and the end in microseconds; a signature.
_REST, _MAC = struct.Struct(">16sQ"), 32
_PERSON = b"firefly-pass"


class Passes:
    def __init__(self, *, records: Records, grants: PreviewGrants, keyring: Keyring) -> None:
        self._records = records
        self._grants = grants
        self._keys = keyring.derive_all("preview-pass")

    def issue(self, grant: Grant, place: Place, nonce_hash: bytes) -> str:
        """For `place`, a host of the grant's project, and the browser there whose nonce has that hash.

        The version of the policy is that host's now: a change meanwhile makes the pass worthless, as it does the grant.
        """
        until = round((self._records.clock.time() + PASS_LIFE) * 1e6)
        body = pack(replace(grant, policy_version=place.policy_version)) + _REST.pack(secrets.token_bytes(16), until)
        return base64.urlsafe_b64encode(body + _mac(self._keys[0], body, place.host, nonce_hash)).rstrip(b"=").decode()

    async def redeem(self, value: str, place: Place, nonce: str) -> Grant:
        """The same grant, for `place`. Raises Unauthenticated."""
        body = self._open(value, place.host, self._grants.hash_nonce(nonce))
        if body is None:
            raise Unauthenticated(WRONG)
        until = _REST.unpack_from(body, PACKED)[1] / 1e6
        if until <= self._records.clock.time():
            raise Unauthenticated(WRONG)
        ends = datetime.fromtimestamp(until, tz=UTC)
        async with self._records.database.connection() as connection:
            spent = await self._records.queries.spend(connection, hash=hash_secret(value), expires_at=ends)
        grant = unpack(body[:PACKED])
        # After the wait: what was ended during it counts.
        if spent is None or not self._grants.stands(grant, place.project_id, place.policy_version):
            raise Unauthenticated(WRONG)
        return self._grants.renew(grant)

    def _open(self, value: str, host: str, nonce_hash: bytes) -> bytes | None:
        try:
            raw = base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        body, mac = raw[:-_MAC], raw[-_MAC:]
        if len(body) != PACKED + _REST.size:
            return None
        good = [key for key in self._keys if hmac.compare_digest(mac, _mac(key, body, host, nonce_hash))]
        return body if good else None


def _mac(key: bytes, body: bytes, host: str, nonce_hash: bytes) -> bytes:
    # Of fixed length but for the host, which comes last.
    text = body + nonce_hash + host.encode()
    return hashlib.blake2b(text, key=key, digest_size=_MAC, person=_PERSON).digest()

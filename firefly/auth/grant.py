"""One visitor's grant, and the value of the cookie that carries it: signed, readable, and nothing to look up."""

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID, uuid4

# In seconds: how long a cookie lives, and how old it is when a request brings a new one.
COOKIE_LIFE, RENEW_AFTER = 3600.0, 300.0
LONGEST = 256
# id, project, source, account, session; version of the policy; issued, expires, ends (microseconds); kind
_BODY, _MAC = struct.Struct(">16s16s16s16s16sQQQQB"), 32
PACKED = _BODY.size
_PERSON = b"firefly-grant"
_NOBODY = UUID(int=0)


class Kind(StrEnum):
    """What a grant rests on."""

    MEMBER = "member"
    PERSON = "person"
    LINK = "link"
    CODE = "code"
    PASSWORD = "password"
    REQUEST = "request"


_KINDS = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Grant:
    """Times are POSIX seconds. `expires_at` is the cookie's end, `ends_at` the grant's own."""

    id: UUID
    kind: Kind
    project_id: UUID
    policy_version: int
    source_id: UUID | None
    account_id: UUID | None
    session_id: UUID | None
    issued_at: float
    expires_at: float
    ends_at: float
    renew_at: float = 0.0
    is_member: bool = False
    is_due: bool = False

    @classmethod
    def new(
        cls,
        kind: Kind,
        project_id: UUID,
        policy_version: int,
        *,
        source_id: UUID | None,
        account_id: UUID | None,
        session_id: UUID | None,
        issued_at: float,
        ends_at: float,
    ) -> "Grant":
        return cls(
            uuid4(), kind, project_id, policy_version, source_id, account_id, session_id, issued_at, ends_at, ends_at,
            is_member=kind is Kind.MEMBER,
        )  # fmt: skip

    @property
    def sealed_at(self) -> float:
        """When its cookie was made; earlier for one that lives to the grant's end."""
        return self.expires_at - COOKIE_LIFE

    def renewed(self, now: float) -> "Grant":
        expires = min(now + COOKIE_LIFE, self.ends_at)
        return replace(self, expires_at=expires, renew_at=_renew_at(expires, self.ends_at), is_due=False)


def mark_due(grant: Grant) -> Grant:
    return replace(grant, is_due=True)


def hash_secret(secret: str) -> bytes:
    """For secrets with enough random bits: a slow hash would hide them no better."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


class Sealer:
    """Signs with the first key, accepts what any of them signed."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._keys = keys

    def seal(self, grant: Grant) -> str:
        body = pack(grant)
        return base64.urlsafe_b64encode(body + _mac(self._keys[0], body)).rstrip(b"=").decode()

    def open(self, value: bytes) -> Grant | None:
        """The grant, if we have signed it."""
        if len(value) > LONGEST:
            return None
        try:
            raw = base64.b64decode(value + b"=" * (-len(value) % 4), altchars=b"-_", validate=True)
        except binascii.Error:
            return None
        body, mac = raw[:-_MAC], raw[-_MAC:]
        if len(body) != _BODY.size or not any(hmac.compare_digest(mac, _mac(key, body)) for key in self._keys):
            return None
        return unpack(body)


def pack(grant: Grant) -> bytes:
    """PACKED bytes, which prove nothing."""
    return _BODY.pack(
        grant.id.bytes,
        grant.project_id.bytes,
        *((id or _NOBODY).bytes for id in (grant.source_id, grant.account_id, grant.session_id)),
        grant.policy_version,
        *(round(moment * 1e6) for moment in (grant.issued_at, grant.expires_at, grant.ends_at)),
        _KINDS.index(grant.kind),
    )


def unpack(body: bytes) -> Grant:
    """What `pack` made, and nothing else."""
    id, project, source, account, session, version, issued, expires, ends, kind = _BODY.unpack(body)
    return Grant(
        UUID(bytes=id),
        _KINDS[kind],
        UUID(bytes=project),
        version,
        _somebody(source),
        _somebody(account),
        _somebody(session),
        issued / 1e6,
        expires / 1e6,
        ends / 1e6,
        renew_at=_renew_at(expires / 1e6, ends / 1e6),
        is_member=_KINDS[kind] is Kind.MEMBER,
    )


def _somebody(id: bytes) -> UUID | None:
    return UUID(bytes=id) if id != _NOBODY.bytes else None


def _renew_at(expires: float, ends: float) -> float:
    """A cookie that lives to the grant's end cannot be made to live longer."""
    return expires - COOKIE_LIFE + RENEW_AFTER if expires < ends else ends


def _mac(key: bytes, body: bytes) -> bytes:
    return hashlib.blake2b(body, key=key, digest_size=_MAC, person=_PERSON).digest()

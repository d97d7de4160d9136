"""Whether a hook's call comes from whom it says: checked on the raw bytes, in constant time, before they are read."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass

from ...errors import Forbidden

# Of a signature that has a time: how old it may be, in seconds, either way since clocks differ.
WINDOW = 300.0


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands outside a hook's body: which delivery it is, and what it tells of."""

    delivery: str
    event: str


class Refused(Forbidden):
    """The call is signed wrongly, or not at all. Says no more: whoever calls learns nothing of the project."""

    kind = "hook-refused"
    title = "The call is not signed by a hook of ours"

    def __init__(self) -> None:
        super().__init__("The signature is missing, wrong or too old. Check the secret of the hook.")


def verify(provider: str, headers: Mapping[str, str], body: bytes, secret: str, *, now: float) -> Envelope:
    """Raises Refused. `headers` are looked up in lower case."""
    check, delivery, event = _RULES[provider]
    if not secret or not check(headers, body, secret, now):
        raise Refused
    named = next((headers[name] for name in delivery if headers.get(name)), "")
    # Without an id of its own, what it says is what it is.
    return Envelope(
        delivery=_printable(named)[:200] or hashlib.sha256(body).hexdigest(),
        event=_printable(next((headers[name] for name in event if headers.get(name)), ""))[:100],
    )


def is_signed(provider: str, headers: Mapping[str, str]) -> bool:
    """Whether there is a signature at all, so that without one nobody has to read the body."""
    return any(headers.get(name) for name in _SIGNATURES[provider])


def _hex(headers: Mapping[str, str], body: bytes, secret: str, name: str, prefix: str = "") -> bool:
    expected = prefix + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(headers.get(name, "").encode("utf-8", "surrogateescape"), expected.encode())


def _github(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> bool:
    return _hex(headers, body, secret, "x-hub-signature-256", "sha256=")


def _bitbucket(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> bool:
    return _hex(headers, body, secret, "x-hub-signature", "sha256=")


def _gitea(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> bool:
    """Forgejo has a field of its own name besides; where it is there, it is the one that counts."""
    name = "x-forgejo-signature" if "x-forgejo-signature" in headers else "x-gitea-signature"
    return _hex(headers, body, secret, name)


def _gitlab(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> bool:
    """A signature where there is one (Standard Webhooks, from GitLab 19 on), else the secret itself."""
    if "webhook-signature" in headers:
        return _standard(headers, body, secret, now)
    return hmac.compare_digest(headers.get("x-gitlab-token", "").encode("utf-8", "surrogateescape"), secret.encode())


def _standard(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> bool:
    sent = headers.get("webhook-timestamp", "")
    if not (sent.isascii() and sent.isdigit() and len(sent) < 12 and abs(now - int(sent)) <= WINDOW):
        return False
    signed = f"{headers.get('webhook-id', '')}.{sent}.".encode("utf-8", "surrogateescape") + body
    expected = b"v1," + base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest())
    return any(
        hmac.compare_digest(one.encode("utf-8", "surrogateescape"), expected)
        for one in headers["webhook-signature"].split(" ")[:10]
    )


def _key(secret: str) -> bytes:
    """`whsec_` says that the rest is base64."""
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            pass
    return secret.encode()


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())


_SIGNATURES = {
    "github": ("x-hub-signature-256",),
    "gitlab": ("webhook-signature", "x-gitlab-token"),
    "bitbucket": ("x-hub-signature",),
    "bitbucketdc": ("x-hub-signature",),
    "gitea": ("x-forgejo-signature", "x-gitea-signature"),
}
_RULES = {
    "github": (_github, ("x-github-delivery",), ("x-github-event",)),
    "gitlab": (_gitlab, ("webhook-id", "idempotency-key", "x-gitlab-event-uuid"), ("x-gitlab-event",)),
    "bitbucket": (_bitbucket, ("x-request-uuid",), ("x-event-key",)),
    "bitbucketdc": (_bitbucket, ("x-request-id",), ("x-event-key",)),
    "gitea": (
        _gitea,
        ("x-forgejo-delivery", "x-gitea-delivery"),
        ("x-forgejo-event", "x-gitea-event"),
    ),
}

"""The cookies of content hosts: of one host alone, kept per frame's top site, never readable by a page."""

from typing import Final

GRANT_COOKIE: Final = "__Host-firefly-grant"
NONCE_COOKIE: Final = "__Host-firefly-nonce"
ASKED_COOKIE: Final = "__Host-firefly-asked"
# As the nonce, but for the way from a sister host, which may be gone in another tab at the same time.
JOIN_COOKIE: Final = "__Host-firefly-join"
ROUND_COOKIE: Final = "__Host-firefly-round"


def set_cookie(name: str, value: str, max_age: int) -> str:
    """A Set-Cookie field's value. Frames of the editor are another site's, so SameSite=None; 0 seconds remove it."""
    return f"{name}={value}; Max-Age={max_age}; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"

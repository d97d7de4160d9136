"""Checks on what owners type: networks, paths, labels, how long and how often."""

import ipaddress
import re
from collections.abc import Sequence

from ..errors import InvalidInput

MOST_ADDRESSES, MOST_PATHS, LONGEST_PATH, LONGEST_LABEL = 100, 50, 200, 80
_PATH = re.compile(r"/[!\"$-.0-;=@-\[\]-~/]*")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(?:\.[^@\s.]+)+")


def check_addresses(given: Sequence[str]) -> list[str]:
    """Networks in their usual spelling. Raises InvalidInput."""
    if len(given) > MOST_ADDRESSES:
        raise InvalidInput(f"There may be {MOST_ADDRESSES} addresses and networks.", field="addresses")
    found = set()
    for text in given:
        try:
            network = ipaddress.ip_network(text.strip(), strict=False)
        except ValueError:
            raise InvalidInput(
                f"{text[:60]!r} is neither an address nor a network, as in 192.0.2.7 or 192.0.2.0/24.",
                field="addresses",
            ) from None
        if network.prefixlen == 0:
            raise InvalidInput(f"{network} is everybody. Make the preview public instead.", field="addresses")
        found.add(str(network))
    return sorted(found)


def check_paths(given: Sequence[str]) -> list[str]:
    """Paths exactly as requests spell them: no pattern, nothing that could be read as another path."""
    if len(given) > MOST_PATHS:
        raise InvalidInput(f"There may be {MOST_PATHS} public paths.", field="public_paths")
    for path in given:
        if len(path) > LONGEST_PATH or not _PATH.fullmatch(path) or path.startswith("/.firefly/"):
            raise InvalidInput(
                f"{path[:60]!r} is no single path, as in /healthz: it begins with a slash, has no query, and is "
                "spelled as requests spell it, with %20 for a space.",
                field="public_paths",
            )
        if any(part in {".", ".."} for part in path.split("/")):
            raise InvalidInput(f"{path[:60]!r} has a part that leads elsewhere.", field="public_paths")
    return sorted(set(given))


def check_label(label: str) -> str:
    label = label.strip()
    if len(label) > LONGEST_LABEL or not label.isprintable():
        raise InvalidInput(f"A label has at most {LONGEST_LABEL} characters, on one line.", field="label")
    return label


def check_email(email: str) -> str:
    email = email.strip().lower()
    if len(email) > 320 or not email.isprintable() or not _EMAIL.fullmatch(email):
        raise InvalidInput("That is not an e-mail address.", field="email")
    return email

"""Addresses that strangers send, read without ever failing."""

from urllib.parse import SplitResult, urlsplit

_NOTHING = SplitResult("", "", "", "", "")


def split(text: str) -> SplitResult:
    """As `urlsplit`; all parts are empty for what it cannot read, as an IPv6 address without its end."""
    try:
        return urlsplit(text)
    except ValueError:
        return _NOTHING

"""The grammar of names that people choose: of owners, of projects, and of aliases, which are labels of hosts."""

import re

from .errors import InvalidInput

LONGEST_NAME = 39
RESERVED_NAMES = frozenset({"deleted", "firefly", "localhost", "me", "new", "null", "system", "undefined"})
# Programs ask for these on any domain, or people take them for the operator's.
RESERVED_ALIASES = RESERVED_NAMES | {
    *("admin", "api", "app", "assets", "auth", "autoconfig", "autodiscover", "broadcasthost", "cdn", "dns", "editor"),
    *("ftp", "git", "help", "hooks", "imap", "isatap", "login", "mail", "mcp", "mta-sts", "pop", "preview", "smtp"),
    *("ssl", "static", "status", "support", "wpad", "www"),
}
RESERVED_PARTS = frozenset({"build", "live", "me", "pr", "staging"})
RESERVED_PREFIXES = ("build-", "me-", "pr-")

NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9])*")
# So ends a label that was cut.
LABEL_HASH = re.compile(r".+-[0-9a-f]{16}")


def validate_name(name: str, *, field: str = "name") -> str:
    """Return `name` when it may name an owner or a project. Raises InvalidInput with a sentence that says why not."""
    if not name:
        raise InvalidInput("The name is empty. Choose one of letters, digits and single hyphens.", field=field)
    if len(name) > LONGEST_NAME:
        raise InvalidInput(f"The name is too long: at most {LONGEST_NAME} characters.", field=field)
    if not name.isascii():
        raise InvalidInput("The name may hold only the letters a-z, digits and single hyphens.", field=field)
    if name != name.lower():
        raise InvalidInput("The name may hold no capitals. Use small letters.", field=field)
    if not is_name(name):
        raise InvalidInput(
            "The name may hold letters, digits and single hyphens, and begins and ends with a letter or digit.",
            field=field,
        )
    if name in RESERVED_NAMES:
        raise InvalidInput(f"The name {name} is reserved. Choose another one.", field=field)
    return name


def check_alias(label: str) -> str:
    """Return `label` when a project may choose it for itself. Raises InvalidInput with a sentence that says why not.

    It is a name, so it holds no `--`, as nearly all allocated labels do, and does not end as those that were cut.
    """
    if not is_name(label):
        raise InvalidInput(
            f"An alias has 1 to {LONGEST_NAME} small letters, digits and single hyphens, and no dots; it begins and "
            "ends with a letter or digit.",
            field="host",
        )
    taken = label in RESERVED_ALIASES or label in RESERVED_PARTS or label.startswith(RESERVED_PREFIXES)
    if taken or label.isdecimal() or LABEL_HASH.fullmatch(label):
        raise InvalidInput(f"The label {label} is reserved. Choose another one.", field="host")
    return label


def is_name(text: str) -> bool:
    """Whether `text` has the form of a name, reserved or not."""
    return len(text) <= LONGEST_NAME and NAME.fullmatch(text) is not None

"""Codes that people read to one another: short, without characters that look alike, guessed only by asking us."""

import hashlib
import re
import secrets
from collections.abc import Sequence
from uuid import UUID

# Without 0 O, 1 I L, 2 Z, 5 S, 8 B, U V: of each such group at most the digit is left. 26^8 codes are 37 bits.
ALPHABET = "23456789ACDEFGHJKMNPQRTWXY"
_READ_AS = str.maketrans("BSZ", "852")
_NOT_PART = re.compile(r"[\s-]+")
LONGEST = 40


def make_code() -> str:
    half = ["".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(2)]
    return "-".join(half)


def normalise(typed: str) -> str:
    """As it was made, however it was typed."""
    return _NOT_PART.sub("", typed[:LONGEST]).upper().translate(_READ_AS)


def hash_code(keys: Sequence[bytes], project_id: UUID, typed: str) -> list[bytes]:
    """The hashes under which it may be stored, one per key, the present one first.

    Keyed, since what is so short could be found from a plain hash by whoever reads the database.
    """
    data = project_id.bytes + normalise(typed).encode("utf-8", "surrogatepass")
    return [hashlib.blake2b(data, key=key, digest_size=32, person=b"firefly-code").digest() for key in keys]

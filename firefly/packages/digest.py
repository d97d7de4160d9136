"""What a registry says that a file is: a hash, in npm's notation or as the hexadecimal digits of an index."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Self

# The strongest first; nothing weaker counts.
ALGORITHMS = ("sha512", "sha384", "sha256")
_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Digest:
    """`value` are hexadecimal digits."""

    algorithm: str
    value: str

    @classmethod
    def of_integrity(cls, text: object) -> Self | None:
        """Of `sha512-<base64>`, perhaps several with spaces between them; None where none of them counts."""
        parts = dict(part.partition("?")[0].split("-", 1) for part in str(text or "").split() if "-" in part)
        for algorithm in ALGORITHMS:
            if algorithm in parts:
                try:
                    value = base64.b64decode(parts[algorithm], validate=True)
                except binascii.Error:
                    return None
                return cls(algorithm, value.hex()) if len(value) == hashlib.new(algorithm).digest_size else None
        return None

    @classmethod
    def of_hex(cls, text: object) -> Self | None:
        """Of the digits of a SHA-256."""
        return cls("sha256", text) if isinstance(text, str) and _HEX.fullmatch(text) else None

    @property
    def name(self) -> str:
        return f"{self.algorithm}-{self.value}"

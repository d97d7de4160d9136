"""The root keys: one secret per installation, one derived key per purpose, sealing of small values."""

import hashlib
import os
import stat
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from secrets import token_bytes, token_hex

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ..errors import Conflict, InvalidInput
from ..settings import Settings

SHORTEST = 32
FORMAT, NONCE, MARK = b"\x01", 12, 8
FILE = "secret-key"


class Keyring:
    """Derives keys from the root secrets, of which the first seals and any opens.

    Sealed: format byte, 8 bytes that tell the root, nonce, AES-256-GCM ciphertext with the purpose as associated data:
    what was sealed for one purpose opens for no other.
    """

    def __init__(self, roots: Sequence[str]) -> None:
        """Raises InvalidInput for a root that is too short to be a key."""
        if not roots or any(len(root) < SHORTEST for root in roots):
            raise InvalidInput(
                f"FIREFLY_SECRET_KEY needs at least {SHORTEST} characters; `openssl rand -hex 32` makes one.",
                field="secret_key",
            )
        self._roots = tuple(root.encode() for root in roots)
        self._derive = cache(_derive)

    @classmethod
    def from_settings(cls, settings: Settings) -> "Keyring":
        """The roots of the settings, else the one kept in the data directory, made on first use."""
        return cls(settings.secret_key or (_read_or_make(settings.data_dir / FILE),))

    def derive(self, purpose: str) -> bytes:
        """The 32-byte key for `purpose`, from the first root."""
        return self._derive(self._roots[0], purpose)

    def derive_all(self, purpose: str) -> tuple[bytes, ...]:
        """The keys for `purpose` from every root, the first one's first: for checking what an older root signed."""
        return tuple(self._derive(root, purpose) for root in self._roots)

    def seal(self, purpose: str, value: bytes) -> bytes:
        nonce = token_bytes(NONCE)
        key = self.derive(f"seal/{purpose}")
        return FORMAT + _mark(key) + nonce + AESGCM(key).encrypt(nonce, value, purpose.encode())

    def open(self, purpose: str, sealed: bytes) -> bytes:
        """What `seal` was given. Raises Conflict when no root fits, or the bytes were changed."""
        head, mark, rest = sealed[:1], sealed[1 : 1 + MARK], sealed[1 + MARK :]
        for key in self.derive_all(f"seal/{purpose}"):
            if head == FORMAT and mark == _mark(key) and len(rest) > NONCE:
                try:
                    return AESGCM(key).decrypt(rest[:NONCE], rest[NONCE:], purpose.encode())
                except InvalidTag:
                    break
        raise Conflict(
            f"A sealed value ({purpose}) does not open. FIREFLY_SECRET_KEY is not the one it was sealed with; when "
            "changing it, keep the old one behind the new, separated by a comma."
        )


def _derive(root: bytes, purpose: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"firefly/" + purpose.encode()).derive(root)


def _mark(key: bytes) -> bytes:
    return hashlib.blake2b(key, digest_size=MARK, person=b"firefly-mark").digest()


def _read_or_make(path: Path) -> str:
    if not path.exists():
        _make(path)
    found = path.lstat()
    if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise InvalidInput(f"{path} must be a file that only this user may read: chown and chmod 600 it.")
    return path.read_text().strip()


def _make(path: Path) -> None:
    """Link a finished file into place, so that of two Fireflies that start at once both read the same key."""
    path.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(token_hex(32) + "\n")
        file.flush()
        os.fsync(descriptor)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()

"""Keys with which git gets into one repository, and into no other."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


@dataclass(frozen=True, slots=True)
class KeyPair:
    """As ssh has them in files; the public one is a line of authorized_keys."""

    public: str
    private: str = field(repr=False)


def make_key(comment: str) -> KeyPair:
    """A new ed25519 key; `comment` says at the provider whose it is."""
    made = Ed25519PrivateKey.generate()
    private = made.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    public = made.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return KeyPair(f"{public} {''.join(char for char in comment if char.isprintable())}", private)

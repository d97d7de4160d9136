"""A local authority for development: trusted once by the machine's owner, it signs certificates for chosen hosts."""

import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from firefly.errors import Conflict, InvalidInput

from .certificate import Pair

ROOT, KEY = "root.pem", "root.key"
NAME = "Firefly local authority"
AUTHORITY_LIFETIME = timedelta(days=5 * 365)
# The most that browsers take from authorities of any kind.
LIFETIME = timedelta(days=397)
# A clock that is a little slow is no reason to refuse.
EARLIER = timedelta(hours=1)


@dataclass(frozen=True)
class Authority:
    """Its files are in `folder`. It can sign for the hosts it was made for and for localhost, and for nothing else."""

    folder: Path
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def root(self) -> Path:
        """What browsers have to trust."""
        return self.folder / ROOT

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """The one in `folder`; None where there is none, or it has ended. Raises InvalidInput for what is neither."""
        try:
            certificate = x509.load_pem_x509_certificate((folder / ROOT).read_bytes())
            key = serialization.load_pem_private_key((folder / KEY).read_bytes(), password=None)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise InvalidInput(
                f"The authority in {folder} cannot be read: {error}. Remove it to make a new one."
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
            raise InvalidInput(f"The authority in {folder} has another key than its own. Remove it to make a new one.")
        return cls(folder, certificate, key) if certificate.not_valid_after_utc > datetime.now(UTC) else None

    @classmethod
    def make(cls, folder: Path, hosts: Sequence[str]) -> Self:
        """A new one for `hosts` and all below them, in place of any other."""
        key = ec.generate_private_key(ec.SECP256R1())
        permitted = x509.NameConstraints(_permitted(hosts), excluded_subtrees=None)
        name = _subject(f"{NAME} {secrets.token_hex(4)}")
        built = (
            _builder(name, key, AUTHORITY_LIFETIME)
            .issuer_name(name)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(permitted, critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
        )
        certificate = built.sign(key, hashes.SHA256())
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write(folder / KEY, key_bytes(key), mode=0o600)
        write(folder / ROOT, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)
        return cls(folder, certificate, key)

    def issue(self, pair: Pair, hosts: Sequence[str]) -> datetime:
        """Write a certificate for `hosts` to the files of `pair`; returns its end. Raises Conflict."""
        for host in hosts:
            if not self._may_sign(host):
                raise Conflict(
                    f"The authority in {self.folder} was not made for {host}. Make a new one: --new-authority."
                )
        key = ec.generate_private_key(ec.SECP256R1())
        lifetime = min(LIFETIME, self.certificate.not_valid_after_utc - datetime.now(UTC))
        built = (
            _builder(_subject(hosts[0]), key, lifetime)
            .issuer_name(self.certificate.subject)
            .add_extension(x509.SubjectAlternativeName([_general(host) for host in hosts]), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(_usage(signs_certificates=False), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
        )
        certificate = built.sign(self.key, hashes.SHA256())
        pair.key.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
        write(pair.key, key_bytes(key), mode=0o600)
        write(pair.certificate, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)
        return certificate.not_valid_after_utc

    def _may_sign(self, host: str) -> bool:
        constraints = self.certificate.extensions.get_extension_for_class(x509.NameConstraints).value
        permitted = constraints.permitted_subtrees or []
        wanted = _general(host.removeprefix("*."))
        if isinstance(wanted, x509.IPAddress):
            networks = [one.value for one in permitted if isinstance(one, x509.IPAddress)]
            return any(ip_address(host) in ip_network(str(network)) for network in networks)
        name = str(wanted.value)
        return any(
            isinstance(one, x509.DNSName) and (name == one.value or name.endswith(f".{one.value}")) for one in permitted
        )


def write(path: Path, data: bytes, *, mode: int) -> None:
    """Put a file in place at once; nobody else can open it before its mode is what it should be."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def key_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """PEM, without a passphrase."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _builder(subject: x509.Name, key: ec.EllipticCurvePrivateKey, lifetime: timedelta) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + lifetime)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(name: str) -> x509.Name:
    # A common name has at most 64 characters; browsers read the alternative names only.
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name[:64])])


def _permitted(hosts: Sequence[str]) -> list[x509.GeneralName]:
    names = dict.fromkeys(["localhost", *(host.removeprefix("*.") for host in hosts)])
    found = [_general(name) for name in names]
    addresses = [str(one.value) for one in found if isinstance(one, x509.IPAddress)]
    own = [address for address in addresses if not ip_address(address).is_loopback]
    networks = [x509.IPAddress(ip_network(network)) for network in ("127.0.0.0/8", "::1/128", *own)]
    return [*(one for one in found if isinstance(one, x509.DNSName)), *networks]


def _general(host: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )

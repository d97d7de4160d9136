"""An authority that tests trust, and certificates by it, as files."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from firefly.tls import Pair

DAY = timedelta(days=1)


@dataclass(frozen=True)
class TestAuthority:
    """`folder` gets the files; `root` is the one to trust."""

    __test__ = False

    folder: Path
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @classmethod
    def make(cls, folder: Path) -> "TestAuthority":
        folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        name = _name("the tests' authority")
        built = _builder(name, key, days=365).issuer_name(name)
        built = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        certificate = built.sign(key, hashes.SHA256())
        (folder / "root.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return cls(folder, key, certificate)

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    def issue(self, name: str, *hosts: str, days: float = 90, passphrase: bytes = b"") -> Pair:
        """Write `name`.pem and `name`.key, also in place of older ones."""
        key = ec.generate_private_key(ec.SECP256R1())
        built = _builder(_name(name), key, days=days).issuer_name(self.certificate.subject)
        if hosts:
            built = built.add_extension(x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False)
        signed = built.sign(self.key, hashes.SHA256())
        pair = Pair(self.folder / f"{name}.pem", self.folder / f"{name}.key")
        pair.certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        pair.key.write_bytes(_write(key, passphrase))
        return pair

    def client(self) -> ssl.SSLContext:
        """What a browser would check with that trusts this authority."""
        return ssl.create_default_context(cafile=str(self.root))


def _builder(name: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: float) -> x509.CertificateBuilder:
    # One that has expired also began in the past.
    begins = datetime.now(UTC) - DAY - max(-days, 0) * DAY
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(datetime.now(UTC) + days * DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _write(key: ec.EllipticCurvePrivateKey, passphrase: bytes) -> bytes:
    encryption = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)

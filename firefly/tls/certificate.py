"""One certificate with its key, read from files and made ready to be served."""

import ssl
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from firefly.errors import InvalidInput

# TLS 1.2 only: authenticated ciphers with forward secrecy. Those of TLS 1.3 all are.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
PROTOCOLS = ["http/1.1"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A file with a certificate and those that signed it (PEM), and the one with its key, which may be the same."""

    certificate: Path
    key: Path

    @property
    def stamp(self) -> tuple[tuple[int, int, int], ...]:
        """Changes when a file does, also one that a link leads to. Raises OSError where one is missing."""
        found = (self.certificate.stat(), self.key.stat())
        return tuple((file.st_mtime_ns, file.st_size, file.st_ino) for file in found)

    def __str__(self) -> str:
        return str(self.certificate) if self.key == self.certificate else f"{self.certificate} with {self.key}"


@dataclass(frozen=True, slots=True)
class Certificate:
    pair: Pair
    names: tuple[str, ...]
    """Hosts and addresses that it is for, in small letters; wildcards as `*.example.com`."""
    begins: datetime
    ends: datetime
    context: ssl.SSLContext
    """What a handshake for one of its names is done with."""


def read(pair: Pair) -> Certificate:
    """Raises InvalidInput, with a sentence that names the files, for what could not be served."""
    context = server_context()
    try:
        # Never a question on the terminal: a server has nobody to answer it.
        context.load_cert_chain(pair.certificate, pair.key, password=_refuse_encrypted)
        parsed = x509.load_pem_x509_certificate(pair.certificate.read_bytes())
        names = _names(parsed)
    except ssl.SSLError as error:
        what = "the key is not this certificate's" if "MISMATCH" in (error.reason or "") else "they are not PEM"
        raise InvalidInput(f"The certificate {pair} cannot be used: {what}.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise InvalidInput(f"The certificate {pair} cannot be used: {reason}.") from error
    return Certificate(pair, names, parsed.not_valid_before_utc, parsed.not_valid_after_utc, context)


def covers(names: Collection[str], host: str) -> bool:
    """Whether one of a certificate's names is this host's, by itself or by a wildcard for one label."""
    return host in names or f"*.{host.partition('.')[2]}" in names


def server_context() -> ssl.SSLContext:
    """TLS 1.2 and newer, HTTP/1.1, and no certificate yet."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.set_alpn_protocols(PROTOCOLS)
    # A key for tickets would stay the same until the next start, and open what was recorded until then.
    context.options |= ssl.OP_NO_TICKET | ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    # Many clients end without saying so; requests have lengths of their own, so nothing can be cut off unseen.
    context.options |= ssl.OP_IGNORE_UNEXPECTED_EOF
    return context


def _refuse_encrypted() -> str:
    raise ValueError("the key is encrypted; give it without a passphrase, in a file that only Firefly may read")


def _names(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        raise ValueError("it names no host (subjectAltName), so browsers would refuse it") from None
    hosts = [name.lower() for name in found.get_values_for_type(x509.DNSName)]
    return tuple(hosts + [str(address) for address in found.get_values_for_type(x509.IPAddress)])

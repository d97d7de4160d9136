"""Certificates of custom domains: ordered while a domain is in service, and how it is with each."""

from collections.abc import Sequence
from datetime import UTC, datetime

from firefly.domains import Certificate, CertificateState
from firefly.settings import Settings

from .tls import Encryption

PLAIN = "This server is reached by plain http."
ELSEWHERE = "This server does not speak TLS itself: what stands in front of it needs a certificate for this host."
NO_ACME = (
    "No certificate covers this host. The operator gives one in FIREFLY_TLS_CERTIFICATES, or sets "
    "FIREFLY_ACME_DIRECTORY to have them ordered."
)
NO_PLAIN = (
    "No certificate covers this host, and none can be ordered: authorities look for the proof by port 80, and "
    "FIREFLY_PLAIN_LISTEN is not set."
)


class HostCertificates:
    """Fulfils `domains.Certificates`."""

    def __init__(self, settings: Settings, encryption: Encryption) -> None:
        self._settings = settings
        self._encryption = encryption

    async def serve(self, hosts: Sequence[str]) -> None:
        """Have certificates for these custom domains, and for no others."""
        encryption = self._encryption
        if encryption.custom != list(hosts):
            encryption.custom[:] = hosts
            if encryption.renewal is not None:
                await encryption.renewal.refresh()

    def of(self, host: str) -> Certificate:
        shelf, renewal = self._encryption.shelf, self._encryption.renewal
        if shelf is None:
            reason = ELSEWHERE if self._settings.scheme == "https" else PLAIN
            return Certificate(CertificateState.ELSEWHERE, reason)
        standing = renewal.standing(host) if renewal is not None else None
        reason = standing.reason if standing is not None else ""
        found = shelf.covering(host)
        if found is not None and found.ends > datetime.now(UTC):
            return Certificate(CertificateState.VALID, reason, found.ends)
        if reason:
            return Certificate(CertificateState.FAILED, reason, found.ends if found else None)
        if renewal is None or not self._settings.plain_listen:
            return Certificate(CertificateState.MISSING, NO_ACME if renewal is None else NO_PLAIN)
        ordered = host in self._encryption.custom
        return Certificate(CertificateState.ORDERED if ordered else CertificateState.PLANNED)

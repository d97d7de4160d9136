"""What domains need to know of certificates; the composition root says who knows it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class CertificateState(StrEnum):
    VALID = "valid"
    """There is one, from a file or by ACME."""
    PLANNED = "planned"
    """It is ordered when the domain is in service."""
    ORDERED = "ordered"
    """It is on its way."""
    FAILED = "failed"
    """The last try to get one, or to renew it, failed; it is tried again."""
    MISSING = "missing"
    """There is none, and nobody who would order one."""
    ELSEWHERE = "elsewhere"
    """This server does not speak TLS: certificates are up to what stands in front of it."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """`reason` is a sentence where something is to be known or done; `ends` is None where there is none."""

    state: CertificateState
    reason: str = ""
    ends: datetime | None = None


class Certificates(Protocol):
    def of(self, host: str) -> Certificate:
        """How it is with the certificate of a host that is served, or would be."""

"""Further hosts of a project: aliases on the content domain, and custom domains with proof of ownership."""

from .certificates import Certificate, Certificates, CertificateState
from .checking import Checking
from .control import Domains
from .model import Domain, Kind, State
from .names import Names
from .proof import DnsTexts, Texts
from .records import Records

__all__ = [
    "Certificate",
    "CertificateState",
    "Certificates",
    "Checking",
    "DnsTexts",
    "Domain",
    "Domains",
    "Kind",
    "Names",
    "Records",
    "State",
    "Texts",
]

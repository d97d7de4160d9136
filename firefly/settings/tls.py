"""The settings of TLS: certificates, where they come from, and what proves whose a name is."""

from pydantic import BaseModel, Field, field_validator

from firefly.addresses import host_name, is_address, is_number

from .server import check_addresses
from .texts import Texts


class TlsSettings(BaseModel):
    """Files are paths; an empty one is none."""

    tls_certificates: Texts = Field(
        (),
        description="PEM files with a certificate and those that signed it, separated by commas; the host that a "
        "client names decides, else the first. The addresses of `FIREFLY_LISTEN` then speak TLS. Read anew on SIGHUP "
        "and when they change.",
    )
    tls_keys: Texts = Field(
        (), description="The files with their keys, in the same order. Empty: the keys are in the same files."
    )
    plain_listen: str = Field(
        "", description="Addresses that speak plain http and send browsers to https, as in `0.0.0.0:80,[::]:80`."
    )
    hsts: int = Field(
        31536000,
        ge=0,
        description="Seconds for which browsers keep to https on the app's host once they were there by https; 0 "
        "leaves it to them. Never said on localhost.",
    )
    acme_directory: str = Field(
        "",
        pattern="^(https://.+)?$",
        description="An authority that gives certificates by ACME, for the names that `FIREFLY_TLS_CERTIFICATES` does "
        "not have: the URL of its directory. Setting it agrees to its terms.",
    )
    acme_email: str = Field("", description="Where that authority writes to when something is wrong.")
    acme_dns_hook: str = Field(
        "",
        description="A command that proves by DNS whose a name is, as wildcards need it: `<command> set|remove "
        "<record> <value>`. It ends when the TXT record is visible.",
    )
    acme_roots: str = Field(
        "", description="A file with the authorities that vouch for the ACME server itself. Empty: the system's."
    )
    dns_servers: Texts = Field(
        (),
        description="DNS servers that are asked for the proofs of custom domains, `address:port`, separated by commas. "
        "Empty: those of the system.",
    )

    @field_validator("plain_listen")
    @classmethod
    def _check_plain_listen(cls, value: str) -> str:
        return check_addresses(value) if value else value

    @field_validator("dns_servers")
    @classmethod
    def _check_dns_servers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not all(is_address(server) and is_number(host_name(server)) for server in value):
            raise ValueError("must be addresses with a port, as in 192.0.2.53:53 or [2001:db8::53]:53")
        return value

    @property
    def encrypted(self) -> bool:
        """Whether the front door speaks TLS itself."""
        return bool(self.tls_certificates or self.acme_directory)

"""Certificates as the settings name them, from files and by ACME, and what keeps them fresh while the server runs."""

import asyncio
import hashlib
import signal
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from firefly.addresses import host_name
from firefly.clock import Clock
from firefly.errors import InvalidInput
from firefly.settings import Settings
from firefly.tls import Pair, Shelf
from firefly.tls.certificate import covers
from firefly.tls.proofs import HookProof, PageProof
from firefly.tls.renewal import Renewal, Wanted


@dataclass(frozen=True, kw_only=True)
class Encryption:
    """`shelf` is None where the server has no certificates, `renewal` where it orders none."""

    shelf: Shelf | None = None
    renewal: Renewal | None = None
    pages: PageProof = field(default_factory=PageProof)
    """What the application shows to authorities."""
    custom: list[str] = field(default_factory=list)
    """Custom domains in service; whoever changes them tells the renewal."""

    @classmethod
    def open(cls, settings: Settings, clock: Clock) -> Self:
        """Raises InvalidInput for a file that cannot be served, and for settings by which no certificate can be had."""
        if not settings.encrypted:
            return cls()
        shelf, pages = Shelf(pairs(settings)), PageProof()
        if not settings.acme_directory:
            return cls(shelf=shelf)
        wanted, custom = list(_wanted(settings, shelf, pages)), list[str]()
        # Its libraries are heavy, and most installations do without.
        from firefly.tls.orders import AcmeAuthority

        folder = acme_folder(settings)
        authority = AcmeAuthority(
            settings.acme_directory,
            folder=folder,
            email=settings.acme_email,
            roots=Path(settings.acme_roots) if settings.acme_roots else None,
        )
        files = frozenset(pairs(settings))

        def all_wanted() -> list[Wanted]:
            named = [name for one in shelf.certificates if one.pair in files for name in one.names]
            hosts = custom if settings.plain_listen else ()
            return wanted + [Wanted((host,), pages) for host in hosts if not covers(named, host)]

        renewal = Renewal(folder, shelf=shelf, wanted=all_wanted, order=authority.order, clock=clock)
        renewal.load()
        return cls(shelf=shelf, renewal=renewal, pages=pages, custom=custom)

    def metrics(self) -> Mapping[str, float]:
        """For /metrics: when the first certificate ends, and how many could not be renewed."""
        if self.shelf is None:
            return {}
        ends = [certificate.ends.timestamp() for certificate in self.shelf.certificates]
        failing = [standing for standing in self.renewal.standings if standing.failures] if self.renewal else []
        return {"certificates_end_seconds": min(ends, default=0), "certificates_failing": len(failing)}

    async def run(self) -> None:
        """Read certificates again on SIGHUP and when their files change, and renew those that are ours to; for ever."""
        if self.shelf is None:
            return
        loop = asyncio.get_running_loop()
        asked = asyncio.Event()
        loop.add_signal_handler(signal.SIGHUP, self._ask, asked)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.shelf.follow(asked))
                if self.renewal is not None:
                    group.create_task(self.renewal.run())
        finally:
            loop.remove_signal_handler(signal.SIGHUP)

    def _ask(self, asked: asyncio.Event) -> None:
        asked.set()
        if self.renewal is not None:
            self.renewal.again()


def acme_folder(settings: Settings) -> Path:
    """Where the account at the authority and its certificates are kept."""
    mark = hashlib.sha256(settings.acme_directory.encode()).hexdigest()[:12]
    return settings.data_dir / "acme" / mark


def pairs(settings: Settings) -> Iterator[Pair]:
    """The files that the settings name."""
    certificates = settings.tls_certificates
    for certificate, key in zip(certificates, settings.tls_keys or certificates, strict=True):
        yield Pair(Path(certificate), Path(key))


def uncovered(settings: Settings, names: Collection[str]) -> list[str]:
    """What users come by, the app's host and the wildcard of previews, that certificates for `names` do not have."""
    app, previews = host_name(settings.app_host), f"*.{host_name(settings.content_domain)}"
    return [name for name, had in ((app, covers(names, app)), (previews, previews in names)) if not had]


def _wanted(settings: Settings, shelf: Shelf, pages: PageProof) -> Iterator[Wanted]:
    """What the files do not have, and how it can be proven. Raises InvalidInput where that cannot be done."""
    hook = HookProof(settings.acme_dns_hook) if settings.acme_dns_hook else None
    for name in uncovered(settings, [name for one in shelf.certificates for name in one.names]):
        wildcard = name.startswith("*.")
        proof = pages if settings.plain_listen and not wildcard else hook
        if proof is None and wildcard:
            raise InvalidInput(
                f"A certificate for {name} is proven by DNS only: set FIREFLY_ACME_DNS_HOOK, or give its files in "
                "FIREFLY_TLS_CERTIFICATES.",
                field="acme_dns_hook",
            )
        if proof is None:
            raise InvalidInput(
                "FIREFLY_ACME_DIRECTORY needs FIREFLY_PLAIN_LISTEN, where the authority finds the proof by port 80, or "
                "FIREFLY_ACME_DNS_HOOK.",
                field="acme_directory",
            )
        yield Wanted((name,), proof)

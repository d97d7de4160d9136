"""What lets a sandbox's own proxy stand for public registries, with the tools that it starts and with nobody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from firefly.tls import Pair
from firefly.tls.authority import Authority


@dataclass(frozen=True, slots=True)
class Papers:
    """PEM. `authority` is good for `hosts` alone, and its key is gone."""

    hosts: tuple[str, ...]
    authority: str
    certificate: str
    key: str

    @classmethod
    def make(cls, hosts: Sequence[str]) -> "Papers":
        """New ones, since whoever has them could pass for a registry with whoever trusts them. Blocks."""
        with TemporaryDirectory(prefix="firefly-papers-") as folder:
            authority = Authority.make(Path(folder), hosts)
            pair = Pair(Path(folder) / "hosts.pem", Path(folder) / "hosts.key")
            authority.issue(pair, hosts)
            return cls(tuple(hosts), authority.root.read_text(), pair.certificate.read_text(), pair.key.read_text())

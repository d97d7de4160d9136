"""What lets a sandbox's own proxy stand for public registries, with the tools that it starts and with nobody else."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from firefly.protocol.packages import Papers
from firefly.tls import Pair
from firefly.tls.authority import Authority


def make(hosts: Sequence[str]) -> Papers:
    """New ones, since whoever has them could pass for a registry with whoever trusts them. Blocks."""
    with TemporaryDirectory(prefix="firefly-papers-") as folder:
        authority = Authority.make(Path(folder), hosts)
        pair = Pair(Path(folder) / "hosts.pem", Path(folder) / "hosts.key")
        authority.issue(pair, hosts)
        return Papers(
            hosts=tuple(hosts), authority=authority.root.read_text(), certificate=pair.certificate.read_text(),
            key=pair.key.read_text(),
        )  # fmt: skip

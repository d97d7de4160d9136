"""The local authority: what it signs is trusted, what it was not made for is not, and its key is its owner's."""

import ssl
import stat
import subprocess
from pathlib import Path

import pytest

from firefly.errors import Conflict, InvalidInput
from firefly.tls import Pair, Shelf
from firefly.tls.authority import Authority
from firefly.tls.certificate import read
from tests.support.certificates import TestAuthority

from .conftest import greeter

HOSTS = ["firefly.test", "*.preview.test", "127.0.0.1", "::1"]


@pytest.fixture
def local(tmp_path: Path) -> Authority:
    return Authority.make(tmp_path / "local", HOSTS)


def pair_in(folder: Path) -> Pair:
    return Pair(folder / "dev.pem", folder / "dev.key")


def verify(root: Path, certificate: Path, *options: str) -> str:
    command = ["openssl", "verify", *options, "-CAfile", str(root), str(certificate)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


async def test_what_it_signs_is_trusted_by_who_trusts_it(
    local: Authority, authority: TestAuthority, tmp_path: Path
) -> None:
    pair = pair_in(tmp_path)
    ends = local.issue(pair, HOSTS)
    found = read(pair)
    assert (found.names, found.ends) == (tuple(HOSTS), ends)
    trusting = ssl.create_default_context(cafile=str(local.root))
    async with greeter(Shelf([pair]), authority) as server:
        for host in ("firefly.test", "shop--ann.preview.test", "127.0.0.1"):
            assert await server.names(host, trusting)
        with pytest.raises(ssl.SSLCertVerificationError):
            await server.names("firefly.test")
    assert verify(local.root, pair.certificate, "-x509_strict").endswith(": OK\n")


def test_only_its_owner_can_read_keys(local: Authority, tmp_path: Path) -> None:
    pair = pair_in(tmp_path)
    local.issue(pair, HOSTS)
    assert [stat.S_IMODE(path.stat().st_mode) for path in (local.folder / "root.key", pair.key)] == [0o600, 0o600]
    assert stat.S_IMODE(local.folder.stat().st_mode) == 0o700
    assert not list(tmp_path.rglob(".*")), "no half-written file stays"


def test_the_same_one_signs_again(local: Authority, tmp_path: Path) -> None:
    again = Authority.open(local.folder)
    assert again is not None
    assert again.certificate == local.certificate
    again.issue(pair_in(tmp_path), ["firefly.test", "localhost", "*.preview.localhost", "a.b.preview.test"])
    assert verify(local.root, tmp_path / "dev.pem").endswith(": OK\n")


@pytest.mark.parametrize("host", ["example.com", "*.example.com", "xfirefly.test", "192.0.2.1", "*.test"])
def test_it_signs_for_no_host_it_was_not_made_for(host: str, local: Authority, tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="--new-authority"):
        local.issue(pair_in(tmp_path), ["firefly.test", host])
    assert not (tmp_path / "dev.pem").exists()


def test_who_steals_its_key_cannot_speak_for_other_hosts(local: Authority, tmp_path: Path) -> None:
    """The constraint is in what browsers trust, not only in this code."""
    stolen = TestAuthority(tmp_path / "stolen", local.key, local.certificate)
    stolen.folder.mkdir()
    assert "permitted subtree violation" in verify(local.root, stolen.issue("bank", "bank.example").certificate)
    assert verify(local.root, stolen.issue("own", "firefly.test").certificate).endswith(": OK\n")


def test_none_is_none(tmp_path: Path) -> None:
    assert Authority.open(tmp_path / "nowhere") is None


@pytest.mark.parametrize("file", ["root.pem", "root.key"])
def test_one_that_is_damaged_is_told_not_replaced(file: str, local: Authority) -> None:
    (local.folder / file).write_text("nothing")
    with pytest.raises(InvalidInput, match="Remove it to make a new one"):
        Authority.open(local.folder)


def test_one_whose_key_is_anothers_is_told(local: Authority, tmp_path: Path) -> None:
    other = Authority.make(tmp_path / "other", HOSTS)
    (local.folder / "root.key").write_bytes((other.folder / "root.key").read_bytes())
    with pytest.raises(InvalidInput, match="another key"):
        Authority.open(local.folder)

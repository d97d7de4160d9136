"""Certificates of custom domains: which are ordered, and what is told of each."""

from pathlib import Path

import pytest

from firefly.adapters.certificates import HostCertificates
from firefly.adapters.tls import Encryption
from firefly.clock import SystemClock
from firefly.domains import CertificateState
from firefly.errors import Unavailable
from firefly.settings import Settings
from tests.support.certificates import TestAuthority

HOST = "www.example.org"
ACME = {"acme_directory": "https://acme.test/dir", "acme_dns_hook": "hook"}
PLAIN = {"plain_listen": "127.0.0.1:0"}


@pytest.fixture
def authority(tmp_path: Path) -> TestAuthority:
    return TestAuthority.make(tmp_path / "authority")


def settings_with(tmp_path: Path, **given: object) -> Settings:
    hosts = {"url": "https://firefly.test", "content_domain": "preview.test", "data_dir": tmp_path / "data"}
    return Settings.model_validate(hosts | given)


def opened(settings: Settings) -> tuple[HostCertificates, Encryption]:
    encryption = Encryption.open(settings, SystemClock())
    return HostCertificates(settings, encryption), encryption


@pytest.mark.parametrize(
    ("url", "told"), [("https://firefly.test", "in front of it"), ("http://localhost", "plain http")]
)
def test_without_tls_they_are_up_to_others(tmp_path: Path, url: str, told: str) -> None:
    certificates, _ = opened(settings_with(tmp_path, url=url))
    found = certificates.of(HOST)
    assert (found.state, told in found.reason) == (CertificateState.ELSEWHERE, True)


def test_a_file_that_covers_the_host_is_enough(authority: TestAuthority, tmp_path: Path) -> None:
    pair = authority.issue("some", "*.example.org")
    files = {"tls_certificates": (str(pair.certificate),), "tls_keys": (str(pair.key),)}
    certificates, _ = opened(settings_with(tmp_path, **files))
    found = certificates.of(HOST)
    assert found.state is CertificateState.VALID
    assert found.ends is not None
    found = certificates.of("example.com")
    assert (found.state, "FIREFLY_ACME_DIRECTORY" in found.reason) == (CertificateState.MISSING, True)


def test_without_the_plain_address_none_can_be_ordered(tmp_path: Path) -> None:
    certificates, _ = opened(settings_with(tmp_path, **ACME))
    found = certificates.of(HOST)
    assert (found.state, "FIREFLY_PLAIN_LISTEN" in found.reason) == (CertificateState.MISSING, True)


async def test_it_is_ordered_while_the_domain_is_in_service(
    authority: TestAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificates, encryption = opened(settings_with(tmp_path, **ACME, **PLAIN))
    renewal = encryption.renewal
    assert renewal is not None
    failure: list[Exception] = []

    def order(names: tuple[str, ...], proof: object) -> bytes:
        if failure:
            raise failure[0]
        pair = authority.issue("ordered", *names)
        return pair.key.read_bytes() + pair.certificate.read_bytes()

    monkeypatch.setattr(renewal, "_order", order)
    assert certificates.of(HOST).state is CertificateState.PLANNED
    await certificates.serve([HOST])
    assert certificates.of(HOST).state is CertificateState.ORDERED
    assert (HOST,) in [wanted.names for wanted in renewal.wanted]
    failure.append(Unavailable("The authority could not see the proof."))
    await renewal.look()
    found = certificates.of(HOST)
    assert (found.state, found.reason) == (CertificateState.FAILED, "The authority could not see the proof.")
    failure.clear()
    renewal.again()
    await renewal.look()
    assert certificates.of(HOST).state is CertificateState.VALID
    await certificates.serve([])
    assert (HOST,) not in [wanted.names for wanted in renewal.wanted]
    assert certificates.of(HOST).state is not CertificateState.VALID


async def test_what_a_file_covers_is_not_ordered(authority: TestAuthority, tmp_path: Path) -> None:
    pair = authority.issue("some", "*.example.org")
    files = {"tls_certificates": (str(pair.certificate),), "tls_keys": (str(pair.key),)}
    certificates, encryption = opened(settings_with(tmp_path, **ACME, **PLAIN, **files))
    await certificates.serve([HOST, "example.com"])
    assert encryption.renewal is not None
    assert [wanted.names[0] for wanted in encryption.renewal.wanted if "example" in wanted.names[0]] == ["example.com"]

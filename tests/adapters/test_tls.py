"""Which certificates a server has or orders, by its settings, and which settings cannot do."""

from pathlib import Path

import pytest

from firefly.adapters.tls import Encryption, acme_folder
from firefly.clock import SystemClock
from firefly.errors import InvalidInput
from firefly.settings import Settings
from firefly.tls.certificate import read
from tests.support.certificates import TestAuthority

DIRECTORY = "https://acme.test/dir"


@pytest.fixture
def authority(tmp_path: Path) -> TestAuthority:
    return TestAuthority.make(tmp_path / "authority")


def settings_with(tmp_path: Path, **given: object) -> Settings:
    hosts = {"url": "https://firefly.test", "content_domain": "preview.test", "data_dir": tmp_path / "data"}
    return Settings.model_validate(hosts | given)


def ordered(settings: Settings) -> dict[tuple[str, ...], str]:
    """What is ordered, and by which proof."""
    found = Encryption.open(settings, SystemClock())
    assert found.renewal is not None
    return {wanted.names: wanted.proof.kind for wanted in found.renewal.wanted}


def test_without_certificates_nothing_is_encrypted(tmp_path: Path) -> None:
    found = Encryption.open(settings_with(tmp_path), SystemClock())
    assert (found.shelf, found.renewal, dict(found.pages)) == (None, None, {})


def test_files_are_served_with_keys_beside_them_or_in_them(authority: TestAuthority, tmp_path: Path) -> None:
    pair = authority.issue("app", "firefly.test")
    both = tmp_path / "both.pem"
    both.write_bytes(pair.certificate.read_bytes() + pair.key.read_bytes())
    for given in (
        {"tls_certificates": (str(pair.certificate),), "tls_keys": (str(pair.key),)},
        {"tls_certificates": (str(both),)},
    ):
        found = Encryption.open(settings_with(tmp_path, **given), SystemClock())
        assert found.shelf is not None
        assert [one.names for one in found.shelf.certificates] == [("firefly.test",)]
        assert found.renewal is None


def test_metrics_say_when_the_first_certificate_ends(authority: TestAuthority, tmp_path: Path) -> None:
    soon, late = authority.issue("soon", "firefly.test", days=3), authority.issue("late", "*.preview.test", days=60)
    files = {
        "tls_certificates": (str(late.certificate), str(soon.certificate)),
        "tls_keys": (str(late.key), str(soon.key)),
    }
    found = Encryption.open(settings_with(tmp_path, **files), SystemClock()).metrics()
    assert found == {"certificates_end_seconds": read(soon).ends.timestamp(), "certificates_failing": 0}
    assert Encryption.open(settings_with(tmp_path), SystemClock()).metrics() == {}
    waiting = settings_with(tmp_path, acme_directory=DIRECTORY, acme_dns_hook="hook")
    assert Encryption.open(waiting, SystemClock()).metrics()["certificates_end_seconds"] == 0


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (
            {"plain_listen": "127.0.0.1:0", "acme_dns_hook": "hook"},
            {("firefly.test",): "http-01", ("*.preview.test",): "dns-01"},
        ),
        ({"acme_dns_hook": "hook"}, {("firefly.test",): "dns-01", ("*.preview.test",): "dns-01"}),
    ],
)
def test_what_is_ordered_and_how_it_is_proven(
    given: dict[str, object], wanted: dict[tuple[str, ...], str], tmp_path: Path
) -> None:
    assert ordered(settings_with(tmp_path, acme_directory=DIRECTORY, **given)) == wanted


def test_what_files_have_is_not_ordered(authority: TestAuthority, tmp_path: Path) -> None:
    pair = authority.issue("previews", "*.preview.test")
    files = {"tls_certificates": (str(pair.certificate),), "tls_keys": (str(pair.key),)}
    settings = settings_with(tmp_path, acme_directory=DIRECTORY, plain_listen="127.0.0.1:0", **files)
    assert ordered(settings) == {("firefly.test",): "http-01"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "needs FIREFLY_PLAIN_LISTEN"),
        ({"plain_listen": "127.0.0.1:0"}, r"\*\.preview\.test is proven by DNS only: set FIREFLY_ACME_DNS_HOOK"),
    ],
)
def test_what_nobody_could_prove_is_told_at_the_start(given: dict[str, object], told: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=told):
        Encryption.open(settings_with(tmp_path, acme_directory=DIRECTORY, **given), SystemClock())


def test_each_authority_has_a_folder_of_its_own(tmp_path: Path) -> None:
    one, other = (settings_with(tmp_path, acme_directory=f"https://{name}.test") for name in "ab")
    assert acme_folder(one) != acme_folder(other)
    assert acme_folder(one).parent == tmp_path / "data" / "acme"

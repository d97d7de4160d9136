"""Reading certificates: what is served, and the sentence for what is not."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from firefly.errors import InvalidInput
from firefly.tls import Pair
from firefly.tls.certificate import read
from tests.support.certificates import TestAuthority


def test_its_names_and_times_are_known(authority: TestAuthority) -> None:
    found = read(authority.issue("app", "Firefly.Example", "*.preview.example", "127.0.0.1", days=30))
    assert found.names == ("firefly.example", "*.preview.example", "127.0.0.1")
    assert found.begins < datetime.now(UTC) < found.ends


def test_certificate_and_key_may_share_a_file(authority: TestAuthority, tmp_path: Path) -> None:
    pair = authority.issue("app", "firefly.example")
    both = tmp_path / "both.pem"
    both.write_bytes(pair.key.read_bytes() + pair.certificate.read_bytes())
    assert read(Pair(both, both)).names == ("firefly.example",)


def test_a_key_of_another_certificate_is_refused(authority: TestAuthority) -> None:
    one, other = authority.issue("one", "one.example"), authority.issue("other", "other.example")
    with pytest.raises(InvalidInput, match=r"one\.pem with .*other\.key cannot be used: the key is not this"):
        read(Pair(one.certificate, other.key))


def test_a_missing_file_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"gone\.pem cannot be used: No such file"):
        read(Pair(tmp_path / "gone.pem", tmp_path / "gone.pem"))


@pytest.mark.parametrize(
    "content", [b"", b"just text", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_is_refused(content: bytes, authority: TestAuthority) -> None:
    pair = authority.issue("app", "firefly.example")
    pair.certificate.write_bytes(content)
    with pytest.raises(InvalidInput, match="cannot be used"):
        read(pair)


def test_an_encrypted_key_is_refused_without_a_question_on_the_terminal(authority: TestAuthority) -> None:
    with pytest.raises(InvalidInput, match="the key is encrypted"):
        read(authority.issue("app", "firefly.example", passphrase=b"secret"))


def test_one_that_names_no_host_is_refused(authority: TestAuthority) -> None:
    with pytest.raises(InvalidInput, match="names no host"):
        read(authority.issue("app"))

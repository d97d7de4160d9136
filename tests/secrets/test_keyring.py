"""Keys: one per purpose, sealed values that open for nothing else, rotation without loss."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firefly.errors import Conflict, InvalidInput
from firefly.secrets import Keyring
from firefly.secrets.keyring import FILE
from firefly.settings import Settings

OLD, NEW = "the old root key, which is long enough", "the new root key, which is long enough"


def test_each_purpose_has_its_key() -> None:
    keys = [Keyring((root,)).derive(purpose) for root in (OLD, NEW) for purpose in ("a", "b", "seal/a")]
    assert all(len(key) == 32 for key in keys)
    assert all(one != other for one, other in combinations(keys, 2))
    assert Keyring((OLD,)).derive("a") == keys[0]


@given(purpose=st.text(max_size=30), value=st.binary(max_size=200))
def test_what_is_sealed_opens(purpose: str, value: bytes) -> None:
    keyring = Keyring((OLD,))
    sealed = keyring.seal(purpose, value)
    assert keyring.open(purpose, sealed) == value
    assert len(value) < 4 or value not in sealed


def test_it_opens_for_no_other_purpose() -> None:
    keyring = Keyring((OLD,))
    with pytest.raises(Conflict):
        keyring.open("b", keyring.seal("a", b"value"))


def test_sealing_twice_differs() -> None:
    keyring = Keyring((OLD,))
    assert keyring.seal("a", b"value") != keyring.seal("a", b"value")


def test_every_changed_byte_is_noticed() -> None:
    keyring = Keyring((OLD,))
    sealed = keyring.seal("a", b"value")
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(Conflict):
            keyring.open("a", bytes(changed))


@pytest.mark.parametrize("sealed", [b"", b"\x01", b"\x01" * 9, b"\x01" * 21, b"x" * 1000])
def test_nonsense_does_not_open(sealed: bytes) -> None:
    with pytest.raises(Conflict, match="FIREFLY_SECRET_KEY"):
        Keyring((OLD,)).open("a", sealed)


def test_the_first_seals_and_any_opens() -> None:
    sealed = Keyring((OLD,)).seal("a", b"value")
    rotated = Keyring((NEW, OLD))
    assert rotated.open("a", sealed) == b"value"
    assert rotated.derive_all("a") == (Keyring((NEW,)).derive("a"), Keyring((OLD,)).derive("a"))
    assert Keyring((NEW,)).open("a", rotated.seal("a", b"value")) == b"value"
    with pytest.raises(Conflict):
        Keyring((NEW,)).open("a", sealed)


@pytest.mark.parametrize("roots", [(), ("",), ("short",), (OLD, "short")])
def test_short_roots_are_refused(roots: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput, match="32 characters"):
        Keyring(roots)


def test_a_root_is_made_once_and_kept_closed(settings: Settings) -> None:
    first = Keyring.from_settings(settings)
    assert Keyring.from_settings(settings).derive("a") == first.derive("a")
    assert stat.S_IMODE((settings.data_dir / FILE).stat().st_mode) == 0o600
    assert [path.name for path in settings.data_dir.iterdir() if "secret" in path.name] == [FILE]


def test_fireflies_that_start_at_once_share_it(settings: Settings) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(lambda _: Keyring.from_settings(settings).derive("a"), range(16)))
    assert len(set(keys)) == 1


def test_the_setting_comes_before_the_file(settings: Settings) -> None:
    given_key = settings.model_copy(update={"secret_key": (OLD,)})
    assert Keyring.from_settings(given_key).derive("a") == Keyring((OLD,)).derive("a")
    assert not (settings.data_dir / FILE).exists()


def test_a_file_that_others_may_read_is_refused(settings: Settings) -> None:
    Keyring.from_settings(settings)
    (settings.data_dir / FILE).chmod(0o640)
    with pytest.raises(InvalidInput, match="chmod 600"):
        Keyring.from_settings(settings)


def test_a_link_is_not_followed(settings: Settings) -> None:
    (settings.data_dir / "elsewhere").write_text("x" * 64)
    os.symlink(settings.data_dir / "elsewhere", settings.data_dir / FILE)
    with pytest.raises(InvalidInput):
        Keyring.from_settings(settings)


def test_a_keyring_tells_nothing_about_itself() -> None:
    keyring = Keyring((OLD,))
    keyring.derive("a")
    assert "old root" not in repr(keyring)

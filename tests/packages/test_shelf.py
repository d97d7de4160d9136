"""What is kept, and what goes when there is no more room."""

import os
from pathlib import Path

from firefly.packages import Shelf
from firefly.packages.digest import Digest

DIGITS = "0123456789abcdef"


def put(shelf: Shelf, name: str, size: int) -> Path:
    with shelf.receive() as file:
        file.write(b"x" * size)
    return shelf.put(Path(file.name), name)


async def test_the_longest_unused_go_first_and_the_limit_holds(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 1000)
    await shelf.open()
    for age, digit in enumerate(DIGITS[:4]):
        path = put(shelf, f"sha256-{digit * 64}", 240)
        os.utime(path, (1000 - age, 1000))
    assert shelf.find(f"sha256-{DIGITS[3] * 64}")
    put(shelf, f"sha256-{DIGITS[4] * 64}", 240)
    assert [digit for digit in DIGITS[:5] if shelf.find(f"sha256-{digit * 64}")] == ["0", "3", "4"]


async def test_a_shelf_that_is_opened_again_knows_what_it_holds(tmp_path: Path) -> None:
    first = Shelf(tmp_path, 1000)
    await first.open()
    put(first, f"sha256-{'a' * 64}", 600)
    smaller = Shelf(tmp_path, 500)
    await smaller.open()
    assert smaller.find(f"sha256-{'a' * 64}") is None


async def test_what_another_server_takes_away_meanwhile_keeps_none_from_opening(tmp_path: Path) -> None:
    for folder in ("incoming", "files/ab"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "gone").symlink_to(tmp_path / "nowhere")
    shelf = Shelf(tmp_path, 1000)
    await shelf.open()
    put(shelf, f"sha256-{'a' * 64}", 600)
    assert shelf.find(f"sha256-{'a' * 64}")


def test_only_strong_hashes_count() -> None:
    sha512 = "sha512-" + "A" * 86 + "=="
    assert Digest.of_integrity(f"sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= {sha512}") == Digest("sha512", "00" * 64)
    for text in ("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "sha512-short", "sha512-!!", "", None, 7):
        assert Digest.of_integrity(text) is None
    assert Digest.of_hex("../../etc/passwd") is None

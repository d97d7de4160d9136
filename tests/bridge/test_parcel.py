"""The copy of ignored files: what the disk takes, it takes, and gives back."""

import os
from io import BytesIO
from pathlib import Path

from firefly.bridge.shadow.caches import Caches
from firefly.bridge.shadow.parcel import pack, unpack

NAMES = [b"plain", b"a\xff\xfe", b"line\nbreak", b"\xc3\xafn/" + b"x" * 255]


def test_names_that_are_no_text_come_back(tmp_path: Path) -> None:
    before, after, file = tmp_path / "before", tmp_path / "after", BytesIO()
    after.mkdir()
    for name in NAMES:
        path = before / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name)
    packed = pack(before, [os.fsdecode(name) for name in NAMES], Caches(), file)
    assert (packed.files, packed.refused) == (len(NAMES), [])
    file.seek(0)
    assert unpack(file, after) == len(NAMES)
    assert all((after / os.fsdecode(name)).read_bytes() == name for name in NAMES)

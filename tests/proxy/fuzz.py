"""Coverage-guided fuzzing by atheris of what reads requests and answers: `make fuzz`, or

    python -m tests.proxy.fuzz -max_total_time=60

The corpus is where it begins. Whatever would be passed on has to be read alike by llhttp, h11 and aiohttp's parser.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["firefly.proxy"]):
    from firefly.proxy import answers, bodies, fields, heads  # noqa: F401

from . import corpus
from .passing import misread, misread_answer

# The first byte says what the others are, and where they are cut.
ANSWER = 0xFF


def examine(data: bytes) -> None:
    """Raises AssertionError for what is read in two ways, and whatever reading raises that it should not."""
    kind, message = data[:1], data[1:]
    wrong = misread_answer(message) if kind == bytes([ANSWER]) else misread(message, list(kind))
    assert not wrong, "\n".join(wrong)


def plant(folder: Path) -> None:
    """The corpus as files."""
    for kind, first in (("requests", b"\xfe"), ("answers", bytes([ANSWER]))):
        for subject, entries in corpus.read(kind).items():
            for number, entry in enumerate(entries):
                if len(entry.data) < 5000:
                    (folder / f"{kind}-{subject}-{number}").write_bytes(first + entry.data)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        plant(Path(folder))
        atheris.Setup([*sys.argv, "-max_len=4096", "-timeout=10", f"-artifact_prefix={folder}/", folder], examine)
        atheris.Fuzz()


if __name__ == "__main__":
    main()

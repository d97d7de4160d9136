"""What a server notes of a run in its folder, for itself and for the next one."""

import contextlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from firefly.sandbox.disk import Usage

REASON, READY, TOKEN = "reason.json", "ready", "token"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a run is ended: `requested` by somebody, or because of something that it did. Empty: by itself."""

    text: str = ""
    requested: bool = False


def note_reason(folder: Path, reason: Reason) -> None:
    """For whichever server sees the end. What was noted first counts."""
    with contextlib.suppress(OSError), (folder / REASON).open("x", encoding="utf-8") as file:
        json.dump([reason.text, reason.requested], file)


def read_reason(folder: Path) -> Reason:
    try:
        return Reason(*json.loads((folder / REASON).read_bytes()))
    except (OSError, ValueError, TypeError):
        return Reason()


def note_ready(folder: Path, most: Usage) -> None:
    """The bridge has answered; whoever adopts the run knows by this what its workspace may take up."""
    (folder / READY).write_text(json.dumps([most.size, most.files]))


def read_ready(folder: Path) -> Usage | None:
    """None: it never answered."""
    try:
        return Usage(*json.loads((folder / READY).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def make_token(folder: Path) -> str:
    """What opens the door of a run: the folder is the server's alone, and the bridge is told its SHA-256."""
    token = secrets.token_hex(32)
    (folder / TOKEN).write_text(token)
    return token


def read_token(folder: Path) -> str:
    """Empty: it has no door."""
    try:
        return (folder / TOKEN).read_text()
    except FileNotFoundError:
        return ""

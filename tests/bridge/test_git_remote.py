"""The remote helper itself, where whoever serves it is quicker."""

import socket
from pathlib import Path

import pytest

from firefly.bridge import git_remote


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"error Nobody listens for it.\n", "Nobody listens for it."),
        (b"", "the hosted repository closed the connection"),
    ],
)
def test_who_answers_and_hangs_up_at_once_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: bytes, told: str
) -> None:
    """The answer is there, and the connection closed, before anything is asked."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "git.sock"))
        listener.listen()

        def greet(service: str) -> bytes:
            with listener.accept()[0] as accepted:
                accepted.sendall(answer)
            return service.encode() + b"\n"

        monkeypatch.setattr(git_remote, "_greeting", greet)
        monkeypatch.setenv("FIREFLY_GATEWAY", str(tmp_path))
        assert git_remote._connect("git-upload-pack") == 1
    assert capsys.readouterr().err == f"firefly: {told}\n"

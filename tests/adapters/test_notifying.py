"""What a service manager hears (sd_notify(3))."""

import secrets
import socket
from pathlib import Path

import pytest

from firefly.adapters.notifying import notify


@pytest.mark.parametrize("abstract", [False, True])
def test_the_manager_is_told(abstract: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"firefly-test-{secrets.token_hex(6)}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}" if abstract else name)
        manager.settimeout(30)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}" if abstract else name)
        notify("READY=1", "MAINPID=7")
        assert manager.recv(100) == b"READY=1\nMAINPID=7"


def test_without_a_manager_nothing_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    notify("READY=1")
    assert list(tmp_path.iterdir()) == []

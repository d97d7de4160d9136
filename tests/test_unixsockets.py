"""Sockets at a path: one takes another's place at once, and nothing is in between."""

import os
import socket
import stat
import threading
from pathlib import Path

import pytest

from firefly.unixsockets import inode_of, is_own, peer, put_in_place


def test_whoever_connects_meanwhile_finds_one_or_the_other(tmp_path: Path) -> None:
    path, done, failures = tmp_path / "s", threading.Event(), []
    listeners = [put_in_place(path, mode=0o600)]

    def connect() -> None:
        while not done.is_set():
            try:
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(str(path))
            except BlockingIOError:
                continue
            except OSError as error:
                failures.append(error)

    thread = threading.Thread(target=connect)
    thread.start()
    try:
        listeners += [put_in_place(path, mode=0o600) for _ in range(200)]
    finally:
        done.set()
        thread.join()
    assert failures == []
    assert len({inode_of(path)}) == 1
    assert list(tmp_path.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for listener in listeners:
        listener.close()


def test_it_is_known_whose_it_is(tmp_path: Path) -> None:
    path = tmp_path / "s"
    assert not is_own(path)
    assert inode_of(path) is None
    with put_in_place(path, mode=0o600), socket.socket(socket.AF_UNIX) as client:
        assert is_own(path)
        client.connect(str(path))
        assert peer(client) == (os.getpid(), os.geteuid())
    path.unlink()
    path.touch()
    assert not is_own(path)


def test_what_cannot_be_put_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "s"
    (path / "in the way").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        put_in_place(path, mode=0o600)
    assert list(tmp_path.iterdir()) == [path]

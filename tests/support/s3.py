"""A service of S3 on the loopback: rclone's, which checks signatures and digests, and keeps objects as files."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.ports import free_port

RCLONE = Path(sys.executable).parent / "rclone"
BUCKET, KEY, SECRET = "artifacts", "AKIATESTS", "the-key-of-the-tests"
START_LIMIT = 30.0


@dataclass(frozen=True)
class S3Server:
    """Folders in `folder` are its buckets; it knows those that were there before it was asked first."""

    folder: Path
    url: str

    def settings(self, prefix: str, **more: object) -> dict[str, object]:
        """What a server is told to keep its artifacts here, apart from those of others."""
        key = {"s3_access_key": KEY, "s3_secret_key": SECRET}
        return {"artifacts": f"s3://{BUCKET}/{prefix}", "s3_endpoint": self.url, "s3_style": "path", **key, **more}

    def files(self, prefix: str) -> Path:
        return self.folder / BUCKET / prefix


@contextmanager
def s3_server(folder: Path, *options: str, scheme: str = "http") -> Iterator[S3Server]:
    port = free_port()
    data, log = folder / "buckets", folder / "s3.log"
    (data / BUCKET).mkdir(parents=True)
    command = [
        os.fspath(RCLONE), "serve", "s3", os.fspath(data), "--config", "", "--addr", f"127.0.0.1:{port}",
        "--auth-key", f"{KEY},{SECRET}", "--no-cleanup", "--disable-multipart-streaming", *options,
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={"HOME": os.fspath(folder)})
    try:
        _wait(process, log)
        yield S3Server(data, f"{scheme}://localhost:{port}")
    finally:
        process.kill()
        process.wait()


def _wait(process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT
    while "Starting s3 server" not in log.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the service of S3 does not run: {log.read_text()}")
        time.sleep(0.02)


def variables(settings: Mapping[str, object]) -> dict[str, str]:
    """The same as a server's environment."""
    return {f"FIREFLY_{name.upper()}": str(value) for name, value in settings.items()}

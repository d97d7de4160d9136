"""Stock git for tests: a client that knows nothing of this machine, and repositories with a history."""

import asyncio
import os
import subprocess
from pathlib import Path

IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.org",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.org",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "true",
}


def environment(**extra: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent"} | IDENTITY | extra


def git(folder: Path, *arguments: str, **extra: str) -> str:
    """Raises CalledProcessError; stderr is in its `stderr`."""
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=environment(**extra),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    return done.stdout.strip()


async def client(folder: Path, *arguments: str, **extra: str) -> tuple[int, str]:
    """git beside a server that runs in this loop; returns its status and all that it said."""
    process = await asyncio.create_subprocess_exec(
        "git",
        *arguments,
        cwd=folder,
        env=environment(**extra),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, out.decode()


def commit(folder: Path, name: str = "README.md", text: str = "hello\n", message: str = "Say hello") -> str:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def history(folder: Path, *, branch: str = "main", commits: int = 1) -> Path:
    """A repository with a working tree and some commits."""
    folder.mkdir(parents=True)
    git(folder, "init", "-q", "-b", branch)
    for number in range(commits):
        commit(folder, f"file{number}.txt", f"{number}\n", f"Commit {number}")
    return folder

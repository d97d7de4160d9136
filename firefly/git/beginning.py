"""What a project begins with: its template's commit. Where nothing else has come, the first push takes its place.

A pusher's git refuses to replace a commit that it does not have. So the branch is not shown to it, and what makes
the branch anew, seen from there, replaces the commit here.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from .command import Git, GitFailed
from .model import RefChange
from .receiving import CommandReader

# Of the commits of templates, so that the same files give the same commit everywhere.
NAME, EMAIL, SECONDS = "Firefly", "firefly@localhost", 1767225600
SUBJECT = "Start from the template"
IDENTITY = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", NAME), ("EMAIL", EMAIL), ("DATE", f"@{SECONDS} +0000"))
}
REPLACED = "It took the place of what the template began the project with."
_FORMAT = "%(objectname)%00%(refname)%00%(parent)%00%(authorname)%00%(authoremail)%00%(authordate:unix)%00%(subject)"
_NOTHING = "0" * 40


async def untouched(git: Git, repository: Path) -> RefChange | None:
    """The branch that is all there is, with the template's commit as `new`; None where anything else has come.

    A workspace in which something was edited has a shadow branch here.
    """
    lines = (await git.run("for-each-ref", "--count=2", f"--format={_FORMAT}", cwd=repository)).splitlines()
    if len(lines) != 1:
        return None
    commit, ref, *told = lines[0].split("\0")
    expected = ["", NAME, f"<{EMAIL}>", str(SECONDS)]
    if not ref.startswith("refs/heads/") or told[:4] != expected or not told[4].startswith(SUBJECT):
        return None
    return RefChange(ref=ref, old=_NOTHING, new=commit)


def hiding(beginning: RefChange | None) -> Mapping[str, str]:
    """Settings of git by which a pusher is not shown it."""
    return {} if beginning is None else {"receive.hideRefs": beginning.ref}


def give_way(beginning: RefChange, commands: CommandReader, head: bytes) -> tuple[bytes, RefChange | None]:
    """What git is to read for `head`, a push's commands and what came with them, and the change from the beginning."""
    for number, change in enumerate(commands.changes):
        if change.ref == beginning.ref and change.old == _NOTHING != change.new:
            taken = commands.changes[number] = replace(change, old=beginning.new)
            asked, meant = (f"{one.old} {one.new} {one.ref}".encode() for one in (change, taken))
            return head.replace(asked, meant, 1), taken
    return head, None


async def is_replaced(git: Git, repository: Path, first: RefChange) -> bool:
    """Whether what came, and is there now, does not go on from the beginning."""
    try:
        await git.run("merge-base", "--is-ancestor", first.old, first.new, cwd=repository)
    except GitFailed:
        return True
    return False

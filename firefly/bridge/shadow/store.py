"""The bridge's own repository beside the workspace's: the same files, another index, nothing of the user's settings.

It lies in the home, borrows the objects of the workspace's repository, and keeps files byte for byte: no filter, no
change of line ends, no hook, whatever the project's configuration and attributes say.
"""

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from firefly.bridge.environment import Environment
from firefly.bridge.process import Finished, run
from firefly.bridge.tasks import in_thread
from firefly.bridge.workspace import ANNEX, REPOSITORY
from firefly.errors import Conflict

_CONFIG = """[core]
\trepositoryformatversion = 0
\tbare = false
\tlooseCompression = 1
\tfsmonitor = false
\thooksPath = /dev/null
\tquotePath = false
[gc]
\tauto = 0
[pack]
\tthreads = 1
[uploadpack]
	allowAnySHA1InWant = true
"""
# Above every .gitattributes of the project (gitattributes(5)).
_ATTRIBUTES = "* -text -eol -ident -filter -working-tree-encoding\n"
_EXCLUDED = f"/{ANNEX}/\n"
_AUTHOR = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Firefly"), ("EMAIL", "firefly@localhost"))
}
_LISTED = 64 << 20
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Head:
    """Where the user's repository stands: the ref that HEAD names (`HEAD`: none), and its commit."""

    ref: str
    commit: str | None


class ShadowStore:
    """One call at a time. Raises Conflict with git's last words where git fails."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._tree = environment.workspace
        self.folder = environment.state / "shadow.git"
        self._ready = False

    async def prepare(self) -> None:
        """Make it where there is none; its configuration is ours at every start."""
        if self._ready:
            return
        await in_thread(self._lay_out)
        if not self._index.exists():
            await self._seed()
        self._ready = True

    def _lay_out(self) -> None:
        for name in ("objects/info", "refs", "info"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "HEAD").write_text("ref: refs/heads/none\n")
        (self.folder / "config").write_text(_CONFIG)
        (self.folder / "info/attributes").write_text(_ATTRIBUTES)
        (self.folder / "info/exclude").write_text(_EXCLUDED)
        (self.folder / "objects/info/alternates").write_text(f"{self._tree / REPOSITORY / 'objects'}\n")
        # Of a bridge that was killed.
        (self.folder / "index.lock").unlink(missing_ok=True)

    async def start_over(self) -> None:
        """Forget everything: what it borrowed may have been removed, or somebody wrote into it."""
        await in_thread(shutil.rmtree, self.folder, True)
        self._ready = False
        await in_thread(self._lay_out)
        self._ready = True

    @property
    def _index(self) -> Path:
        return self.folder / "index"

    async def _seed(self) -> None:
        """A copy of the user's index spares reading every file again, where it describes them byte for byte."""
        source = self._tree / REPOSITORY / "index"
        if not source.is_file() or (self._tree / REPOSITORY / "info/attributes").exists():
            return
        if (await self.user_git("config", "--get-regexp", r"^core\.(autocrlf|eol|attributesfile)$")).code == 0:
            return
        # With its time: git tells by that which files may have changed in the same instant.
        await in_thread(shutil.copy2, source, self._index)
        listed = await self.git("ls-files", "-z", "-v", "--stage")
        if listed.code != 0 or listed.truncated or not all(map(_is_plain, listed.out.split(b"\0"))):
            self._index.unlink()

    async def everything(self) -> list[str]:
        """Every path that differs from what was staged last, whether it is there or not."""
        flags = ("--others", "--modified", "--deleted", "--exclude-standard", "--deduplicate")
        listed = await self.must("ls-files", "-z", *flags)
        return [os.fsdecode(raw) for raw in listed.out.split(b"\0") if raw]

    async def unversioned(self) -> list[str]:
        """Files, and folders with a slash at the end, that no checkpoint holds: ignored ones, and repositories."""
        ignored = await self.must("ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory")
        others = await self.must("ls-files", "-z", "--others", "--exclude-standard")
        paths = [os.fsdecode(raw) for raw in ignored.out.split(b"\0") if raw]
        return paths + [os.fsdecode(raw) for raw in others.out.split(b"\0") if raw.endswith(b"/")]

    async def ignored(self, paths: Sequence[str]) -> set[str]:
        """Those of `paths` that git ignores; none of them may lie in a repository of its own.

        What was staged once is not ignored; git itself would look for each path through all that is staged.
        """
        if not paths:
            return set()
        # It knows no literal paths: a name that begins with a colon must not be taken for more than a name.
        named = _joined([f"./{path}" for path in paths])
        done = await self.git("check-ignore", "--no-index", "-z", "--stdin", stdin=named, literal="0")
        if done.code not in (0, 1) or done.truncated:
            raise Conflict(f"git check-ignore failed: {done.error_text[-500:]}")
        found = {os.fsdecode(raw)[2:] for raw in done.out.split(b"\0") if raw}
        return found.difference(await self._staged()) if found else found

    async def _staged(self) -> list[str]:
        listed = await self.must("ls-files", "-z")
        return [os.fsdecode(raw) for raw in listed.out.split(b"\0") if raw]

    async def stage(self, present: Sequence[str], gone: Sequence[str]) -> None:
        """Take files as they are now; of what is gone, everything that lay below it too."""
        if gone and (below := _below(gone, await self._staged())):
            await self.must("update-index", "--force-remove", "-z", "--stdin", stdin=_joined(below))
        if present:
            await self.must("update-index", "--add", "--remove", "--replace", "-z", "--stdin", stdin=_joined(present))

    async def write_tree(self) -> str:
        return (await self.must("write-tree")).text

    async def tree_of(self, commit: str) -> str:
        return (await self.must("rev-parse", f"{commit}^{{tree}}")).text

    async def commit(self, tree: str, message: str, parents: Sequence[str]) -> str:
        named = [part for parent in parents for part in ("-p", parent)]
        return (await self.must("commit-tree", tree, *named, "-m", message)).text

    async def find(self, ref: str) -> str | None:
        done = await self.git("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        return done.text if done.code == 0 else None

    async def set(self, ref: str, commit: str) -> None:
        await self.must("update-ref", ref, commit)

    async def user_head(self) -> Head:
        ref = await self.user_git("symbolic-ref", "--quiet", "HEAD")
        commit = await self.user_git("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        return Head(ref.text if ref.code == 0 else "HEAD", commit.text if commit.code == 0 else None)

    async def is_hosted(self, head: Head) -> bool:
        """Whether the hosted repository had the user's commit when it was last heard of."""
        done = await self.user_git("rev-parse", "--verify", "--quiet", "@{upstream}^{commit}")
        return done.code == 0 and done.text == head.commit

    async def tidy(self) -> None:
        await self.must("gc", "--quiet", "--prune=now", timeout=600)

    async def must(self, *arguments: str, stdin: bytes | None = None, timeout: float = 60) -> Finished:
        done = await self.git(*arguments, stdin=stdin, timeout=timeout)
        if done.code != 0 or done.truncated:
            raise Conflict(f"git {arguments[0]} failed: {done.error_text[-500:]}")
        return done

    async def git(
        self, *arguments: str, stdin: bytes | None = None, timeout: float = 60, literal: str = "1"
    ) -> Finished:
        """git on the shadow, which never reads a configuration, attributes or an index of the user's."""
        environment = {
            **self._plain(),
            **_AUTHOR,
            "GIT_DIR": str(self.folder),
            "GIT_WORK_TREE": str(self._tree),
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_LITERAL_PATHSPECS": literal,
            "GIT_NO_REPLACE_OBJECTS": "1",
            "XDG_CONFIG_HOME": os.devnull,
            "FIREFLY_EPOCH": str(self._environment.epoch),
        }
        return await run(
            ("git", *arguments), cwd=self._tree, env=environment, stdin=stdin, timeout=timeout, limit=_LISTED
        )

    async def user_git(self, *arguments: str, timeout: float = 20) -> Finished:
        """git on the user's repository; nothing that the project configures is run."""
        argv = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", *arguments)
        environment = {**self._plain(), "GIT_OPTIONAL_LOCKS": "0", **_trusting()}
        return await run(argv, cwd=self._tree, env=environment, timeout=timeout)

    def _plain(self) -> dict[str, str]:
        child = self._environment.child(GIT_TERMINAL_PROMPT="0", LC_ALL="C.UTF-8")
        kept = {"GIT_TERMINAL_PROMPT", "GIT_CEILING_DIRECTORIES"}
        return {name: value for name, value in child.items() if not name.startswith("GIT_") or name in kept}


def _trusting() -> dict[str, str]:
    """The workspace may belong to another user than the bridge where sandboxes are not isolated."""
    return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}


def _is_plain(entry: bytes) -> bool:
    """An entry of `ls-files -v --stage`: neither hidden from git nor in conflict, and no attributes."""
    if not entry:
        return True
    facts, _, path = entry.partition(b"\t")
    return facts.startswith(b"H ") and facts.endswith(b" 0") and not path.endswith(b".gitattributes")


def _below(folders: Iterable[str], paths: Iterable[str]) -> list[str]:
    """Those of `paths` that are one of `folders`, or lie in one."""
    wanted = {folder.rstrip("/") for folder in folders}
    return [path for path in paths if path in wanted or not wanted.isdisjoint(_above(path))]


def _above(path: str) -> Iterator[str]:
    while path := path.rpartition("/")[0]:
        yield path


def _joined(paths: Sequence[str]) -> bytes:
    return b"\0".join(os.fsencode(path) for path in paths)

"""What commands of a Dockerfile fetch anew whenever they are carried out, and the line by which it is kept.

Where tools keep what they have fetched is told for root, as whom an image's commands run unless it says otherwise.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

# Commands that are told of, and lines that are read of a Dockerfile.
MOST, MOST_LINES = 5, 5000
# Characters of an instruction that are looked at, and of its first line that are told.
LONGEST, LONGEST_TOLD = 4096, 200
_INSTRUCTION = re.compile(r"[ \t]*(FROM|RUN|USER)[ \t]+(.*)", re.IGNORECASE)
_ROOT = re.compile(r"(?:root|0)(?::\S*)?\s*")
_KEPT = re.compile(r"--mount=\S*\btype=cache\b")
_BEGIN = r"(?:^|[\s;&|(])"


@dataclass(frozen=True, slots=True)
class Fetching:
    """`command` is found in a RUN; `folders` are where the tool keeps things; `denied` by what it is told not to."""

    command: re.Pattern[str]
    folders: tuple[str, ...]
    denied: str = ""

    @property
    def mounts(self) -> str:
        return " ".join(f"--mount=type=cache,target={folder}" for folder in self.folders)


def _fetching(command: str, *folders: str, denied: str = "") -> Fetching:
    return Fetching(re.compile(f"{_BEGIN}{command}\\b"), folders, denied)


_TOOLS = (
    _fetching(r"npm (?:ci|i|install)", "/root/.npm"),
    _fetching(r"pnpm (?:i|install|fetch)", "/root/.local/share/pnpm/store"),
    # As root the first Yarn has its folder elsewhere than the later ones: one of both stays empty.
    _fetching(r"yarn(?: install\b|(?=\s*(?:$|[;&|]|--)))", "/usr/local/share/.cache/yarn", "/root/.yarn/berry/cache"),
    _fetching(r"bun (?:i|install)", "/root/.bun/install/cache"),
    _fetching(r"(?:python3? -m )?pip3? (?:install|wheel|download)", "/root/.cache/pip", denied="--no-cache-dir"),
    _fetching(r"uv (?:sync|pip (?:install|sync))", "/root/.cache/uv", denied="--no-cache"),
    _fetching(r"poetry install", "/root/.cache/pypoetry", denied="--no-cache"),
    _fetching(r"go (?:build|install|mod download)", "/go/pkg/mod", "/root/.cache/go-build"),
    _fetching(r"cargo (?:build|install|fetch)", "/usr/local/cargo/registry"),
    _fetching(r"(?:\./)?mvnw?(?= [-\w])", "/root/.m2"),
)


def advice(path: str, text: str) -> tuple[str, ...]:
    """Sentences about the Dockerfile `text`, which is called `path`; those of the first few commands."""
    return tuple(islice((_sentence(path, *found) for found in _found(text)), MOST))


def _found(text: str) -> Iterator[tuple[int, str, str, Fetching]]:
    """The number of a line with RUN, its arguments, all that belongs to it, and what it fetches by."""
    as_root, lines = True, text.splitlines()[:MOST_LINES]
    for number, line in enumerate(lines, 1):
        if (match := _INSTRUCTION.fullmatch(line)) is None:
            continue
        name, arguments = match[1].upper(), match[2]
        if name != "RUN":
            # Which user an image begins with is not known here: that of most is root.
            as_root = name == "FROM" or _ROOT.fullmatch(arguments) is not None
            continue
        whole = "\n".join(_continued(arguments, islice(lines, number, None)))[:LONGEST]
        tool = next((tool for tool in _TOOLS if tool.command.search(whole)), None)
        if as_root and tool and not _KEPT.search(whole):
            yield number, arguments, whole, tool


def _continued(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    for line in rest if first.rstrip().endswith("\\") else ():
        yield line
        if not line.rstrip().endswith("\\") and not line.lstrip().startswith("#"):
            return


def _sentence(path: str, number: int, arguments: str, whole: str, tool: Fetching) -> str:
    denied = f", without {tool.denied}" if tool.denied and tool.denied in whole else ""
    return (
        f"{path}, line {number}: what this fetches is fetched anew whenever it is carried out. It is kept for later "
        f"builds of this project by `RUN {tool.mounts} {arguments[:LONGEST_TOLD]}`{denied}."
    )

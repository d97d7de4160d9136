"""What of all that is pushed is built: the project's policy, its firefly.yml, and the commit's own word."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from ...protocol.errors import ManifestError
from ...protocol.manifest import Manifest, parse
from .globs import glob

SKIP = re.compile(r"\[(skip firefly|firefly skip)\]", re.IGNORECASE)
MOST_PATTERNS, LONGEST_PATTERN = 100, 300
SKIPPED = "The commit's message says [skip firefly]."


@dataclass(frozen=True, slots=True)
class Policy:
    """What a project's settings say of its builds; the defaults are those of a project without any.

    `policy`: all, none or patterns. `configuration` are the words of a firefly.yml that is kept there; `forced`: it
    counts, whatever the repository has.
    """

    policy: str = "all"
    patterns: Sequence[str] = ()
    pull_requests: bool = True
    configuration: str | None = None
    forced: bool = False


def refusal(policy: Policy, ref: str, *, manifest: Manifest | None = None, message: str = "") -> str:
    """Why it is not built by itself; empty where it is. `message` is the commit's."""
    if SKIP.search(message):
        return SKIPPED
    wanted = manifest.builds if manifest is not None else None
    if ref.startswith("refs/pull/"):
        asked = policy.pull_requests and policy.policy != "none" and (wanted is None or wanted.pull_requests)
        return "" if asked else "This project does not build pull requests."
    if policy.policy == "none":
        return "This project builds nothing by itself."
    if policy.policy == "patterns":
        return "" if matches(policy.patterns, ref) else "No pattern of the project's settings matches it."
    if wanted is not None and wanted.branches and not matches(wanted.branches, ref):
        return "`builds: branches:` of firefly.yml does not name it."
    return ""


async def manifest_of(policy: Policy, text: str | None) -> Manifest | None:
    """The firefly.yml that counts; None where there is none, or one that is wrong, which its build will say.

    Read by a thread: it is whatever somebody pushed, and may take as long as all else that the server does in a second.
    """
    texts = (policy.configuration if policy.forced else None, text, policy.configuration)
    chosen = next((one for one in texts if one is not None), None)
    try:
        return await asyncio.to_thread(parse, chosen) if chosen is not None else None
    except ManifestError:
        return None


def matches(patterns: Iterable[str], ref: str) -> bool:
    """Whether one of them matches the whole name of the branch, or, as in `refs/tags/v*`, the whole ref.

    `*` and `?` do not cross `/`, `**` does; a pattern that begins with `!` takes away what those before it gave.
    """
    name = ref.removeprefix("refs/heads/")
    found = False
    for pattern in islice(patterns, MOST_PATTERNS):
        taken = pattern.startswith("!")
        plain = pattern[taken:]
        if len(plain) <= LONGEST_PATTERN and glob(plain).matches(ref if plain.startswith("refs/") else name):
            found = not taken
    return found

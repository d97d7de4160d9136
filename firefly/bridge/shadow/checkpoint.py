"""One checkpoint: the shadow commit's place and words, read back when the workspace is restored."""

import hashlib
import re
from urllib.parse import quote

from firefly.bridge.shadow.store import Head

ROOT = "refs/firefly"
_LONGEST = 180
_HEAD = re.compile(r"^Head: ([0-9a-f]{40,64})$", re.MULTILINE)
_BRANCH = re.compile(r"^Branch: (\S+)$", re.MULTILINE)


def reference(workspace_id: str, head: Head) -> str:
    """`refs/firefly/<workspace>/<branch>`, one part for the branch, so that `a` and `a/b` may follow each other."""
    name = quote(head.ref.removeprefix("refs/heads/"), safe="+=@_,.!#$&'()")
    if len(name) > _LONGEST or name.startswith(".") or name.endswith((".lock", ".")) or ".." in name or "@" in name:
        name = hashlib.sha256(head.ref.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{ROOT}/{workspace_id}/{name}"


def message(head: Head) -> str:
    return f"Checkpoint\n\nBranch: {head.ref}\nHead: {head.commit or 'none'}\n"


def read(text: str) -> Head:
    """What `message` says; of a text that is none of ours, no head."""
    branch, commit = _BRANCH.search(text), _HEAD.search(text)
    return Head(branch[1] if branch else "HEAD", commit[1] if commit else None)

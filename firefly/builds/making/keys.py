"""What a build depends on, as one key: where that is the same, what an earlier build made is taken."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from uuid import UUID

from ..analysis import Cache, Part, Plan
from ..model import Build, Trust

# Another one with each change of what is made of the same input.
BUILDER = 1
_OF_A_PLAN = (
    "strategy", "runtime", "versions", "install", "build", "test", "folder", "dockerfile", "env", "caches",
)  # fmt: skip


def domain(build: Build) -> str:
    """Among whom what is kept is shared: the builds of a project, or those of one pull request of a stranger."""
    return "project" if build.trust is Trust.PROJECT else f"fork {build.ref}"


def build_key(*, tree: str, plan: Plan, base: str, project_id: UUID, domain: str, secrets: Mapping[str, str]) -> str:
    """Secrets count, since a build may put them into its result. How the result runs does not: it is the same."""
    whole = asdict(plan)
    parts: dict[str, object] = {
        "builder": BUILDER,
        "tree": tree,
        "plan": {name: whole[name] for name in _OF_A_PLAN},
        "base": base,
        "project": str(project_id),
        "domain": domain,
        "secrets": _digest(dict(secrets)),
    }
    return f"sha256:{_digest(parts)}"


def cache_key(*, base: str, plan: Plan, cache: Cache, files: Mapping[str, str]) -> str:
    """Of a folder of dependencies: what is run for it, upon what, and the texts of the files that it depends on."""
    build = plan.build if cache.filled_by is Part.BUILD else ()
    parts = {
        "base": base,
        "install": plan.install,
        "build": build,
        "versions": dict(plan.versions),
        "env": dict(plan.env),
    }
    return _digest({"builder": BUILDER, "files": dict(files), **parts})


def _digest(value: object) -> str:
    text = json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()

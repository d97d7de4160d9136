"""Decides how a tree is built and run: what its configuration says, and where that is silent, what it looks like."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from firefly.errors import InvalidInput
from firefly.families import procfile
from firefly.protocol.configured import Configured
from firefly.protocol.errors import MANIFEST_NAME
from firefly.protocol.manifest import Manifest

from .configuration import configuration
from .families import dockerfile, go, java, node, php, python, ruby, rust, site
from .plan import RUNTIMES, Plan, Strategy
from .source import Source
from .versions import version

# The first that makes a plan wins. Those whose package.json is there for their pages come before those that have
# nothing else, and pages come last.
FAMILIES: tuple[Callable[[Source], Plan | None], ...] = (
    dockerfile.detect,
    php.detect,
    ruby.detect,
    node.detect,
    python.detect,
    go.detect,
    rust.detect,
    java.detect,
    node.detect_pages,
    site.detect,
)
_WITHOUT_IMAGE = FAMILIES[1:]
# Of these, a package.json beside them makes the pages.
_WITH_ASSETS = frozenset({"php", "ruby", "python", "go", "rust", "java"})
_NOTHING = (
    f"There is no {MANIFEST_NAME}, Dockerfile, Procfile or index.html, and no application of a kind that is known."
)

_NO_DATABASE = (
    "No database is made: the site is nothing but pages, and nothing of it runs that could use one. "
    "Say under `run` what does."
)
_INSTEAD = f"Name a runtime as `image` in {MANIFEST_NAME}, one of {', '.join(RUNTIMES)}, and what is to be run."


def analyse(source: Source, stored: Manifest | None = None, *, forced: bool = False, engine: bool = True) -> Plan:
    """Blocks while it reads.

    Parameters
    ----------
    stored: a configuration kept beside the tree; it counts where the tree has none, and always when `forced`
    engine: whether there is a container engine

    Raises
    ------
    ManifestError   the configuration is wrong
    InvalidInput    it needs a container engine, and there is none
    """
    found = configuration(source, stored, forced=forced)
    wanted = found.manifest
    plan = _without_needless(_configured(_looks_like(source, wanted, found.front_controller), found))
    plan = _with_versions(plan, source)
    if plan.needs_engine and not engine:
        what = plan.dockerfile.path if plan.dockerfile else f"The image {plan.runtime}"
        raise InvalidInput(
            f"{what} needs a container engine, which this server does not have. {_INSTEAD}", field="image"
        )
    notes = (*found.notes, *_without_entry(source, found), *plan.notes)
    return replace(plan, notes=notes, configuration=wanted, configured_by=found.origin)


def _without_entry(source: Source, found: Configured) -> tuple[str, ...]:
    if not found.front_controller or php.has_entry(source, found.front_controller):
        return ()
    return (f"{found.origin}: options.front_controller has no effect: there is no {found.front_controller}.",)


def _looks_like(source: Source, wanted: Manifest, front_controller: str) -> Plan:
    if wanted.dockerfile is not None:
        return dockerfile.plan(source, wanted.dockerfile, "the configuration names it")
    detectors = FAMILIES if wanted.image is None and not wanted.run else _WITHOUT_IMAGE
    if front_controller:
        detectors = (partial(php.detect, front=front_controller), *detectors)
    plan = next((plan for detect in detectors if (plan := detect(source))), None)
    if plan and plan.runtime in _WITH_ASSETS:
        plan = node.with_assets(plan, source)
    plan = plan or Plan(Strategy.NONE, notes=(_NOTHING,))
    return plan if plan.strategy is Strategy.DOCKERFILE else _with_procfile(plan, source)


def _with_procfile(plan: Plan, source: Source) -> Plan:
    named = procfile.processes(source.text(procfile.NAME))
    if "web" not in named:
        return plan
    release = (named["release"],) if "release" in named else ()
    others = [name for name in named if name not in ("web", "release")]
    notes = tuple(note for note in plan.notes if note != _NOTHING)
    if others:
        notes = (*notes, f"Of the {procfile.NAME}, {', '.join(others[:10])} is not run: one process serves a site.")
    return replace(
        plan, strategy=Strategy.COMMANDS, family=plan.family or "Procfile", run=(*release, named["web"]), folder=None,
        why={**_without(plan, "folder"), "run": f"the {procfile.NAME} has web"}, notes=notes,
    )  # fmt: skip


def _configured(plan: Plan, found: Configured) -> Plan:
    """The plan with what the configuration says in place of what was found."""
    if found.origin is None:
        return plan
    wanted, said = found.manifest, f"{found.origin} says so"
    changes = _changes(wanted)
    why = {name: sentence for name, sentence in plan.why.items() if name not in changes}
    why |= {name: said for name, value in changes.items() if value}
    if wanted.env:
        changes["env"] = {**plan.env, **wanted.env}
        why["env"] = "; ".join(filter(None, (plan.why.get("env"), said)))
    if wanted.run and plan.strategy is not Strategy.DOCKERFILE:
        changes |= {"strategy": Strategy.COMMANDS, "folder": None}
        why.pop("folder", None)
        changes["notes"] = tuple(note for note in plan.notes if note != _NOTHING)
    return replace(plan, **changes, why=why)  # type: ignore[arg-type]


def _without_needless(plan: Plan) -> Plan:
    """Of pages nothing runs that could use a database."""
    if plan.strategy is not Strategy.SITE or plan.database is None:
        return plan
    return replace(plan, database=None, why=_without(plan, "database"), notes=(*plan.notes, _NO_DATABASE))


def _changes(wanted: Manifest) -> dict[str, object]:
    """Parts of a plan that a configuration names, those that it empties too."""
    changes: dict[str, object] = {}
    for part in ("install", "build", "test", "run"):
        if (commands := getattr(wanted, part)) or part in wanted.model_fields_set:
            changes[part] = tuple(commands or ())
    single = (("port", wanted.port), ("database", wanted.database), ("runtime", wanted.image))
    changes |= {part: value for part, value in single if value is not None}
    return changes | {"database": None} if wanted.database == "none" else changes


def _with_versions(plan: Plan, source: Source) -> Plan:
    found = {runtime: version(source, runtime) for runtime in _runtimes(plan)}
    versions = {runtime: one.text for runtime, one in found.items() if one}
    if not versions:
        return plan
    because = "; ".join(f"{one.path} asks for {runtime} {one.text}" for runtime, one in found.items() if one)
    return replace(plan, versions=versions, why={**plan.why, "versions": because})


def _runtimes(plan: Plan) -> tuple[str, ...]:
    """Its own, and Node where that makes the pages."""
    made_by_node = any(cache.folder == "node_modules" for cache in plan.caches) and plan.runtime != "node"
    return (*((plan.runtime,) if plan.runtime else ()), *(("node",) if made_by_node else ()))


def _without(plan: Plan, part: str) -> dict[str, str]:
    return {name: sentence for name, sentence in plan.why.items() if name != part}

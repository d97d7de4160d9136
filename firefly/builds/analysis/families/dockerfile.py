"""Projects with a Dockerfile, and what can be read from it without building it."""

import re
from collections.abc import Mapping
from itertools import islice

from firefly.builds.analysis.advice import advice
from firefly.builds.analysis.plan import Plan, Strategy
from firefly.builds.analysis.source import Source
from firefly.protocol.manifest import Dockerfile

# Stages after that are not looked at.
MOST_STAGES = 100
_CONTINUED = re.compile(r"\\[ \t]*\r?\n(?:[ \t]*#[^\n]*\n)*")
_STAGE = re.compile(
    r"^[ \t]*FROM[ \t]++(?:--\S++[ \t]++)*+(\S++)(?:[ \t]++AS[ \t]++(\S++))?", re.IGNORECASE | re.MULTILINE
)
_EXPOSE = re.compile(r"^[ \t]*EXPOSE[ \t]++(\d{1,5})(?:/tcp)?(?![/\w])", re.IGNORECASE | re.MULTILINE)
_STARTS = re.compile(r"^[ \t]*(CMD|ENTRYPOINT)[ \t]", re.IGNORECASE | re.MULTILINE)


def detect(source: Source) -> Plan | None:
    return plan(source, Dockerfile(), "there is a Dockerfile") if source.has("Dockerfile") else None


def plan(source: Source, wanted: Dockerfile, why: str) -> Plan:
    """A plan of the Dockerfile that `wanted` names, whether it is there or not."""
    text = source.text(wanted.path)
    if text is None:
        notes: tuple[str, ...] = (f"{wanted.path} is not there, or no ordinary file of a sensible size.",)
        return Plan(Strategy.DOCKERFILE, "Dockerfile", dockerfile=wanted, why=_why(why), notes=notes)
    stage = _stage(_CONTINUED.sub(" ", text), wanted.target)
    if stage is None:
        said = f"has no stage {wanted.target}" if wanted.target else "has no FROM"
        notes = (f"{wanted.path} {said}.",)
        return Plan(Strategy.DOCKERFILE, "Dockerfile", dockerfile=wanted, why=_why(why), notes=notes)
    base, body = stage
    found = _EXPOSE.search(body)
    port = int(found[1]) if found and 0 < int(found[1]) < 65536 else None
    starts = _STARTS.search(body)
    notes = () if starts else (f"{wanted.path} has no CMD or ENTRYPOINT: what {base} starts is started.",)
    reasons = _why(why) | ({"port": f"{wanted.path} exposes it"} if port else {})
    notes = (*notes, *advice(wanted.path, text))
    return Plan(Strategy.DOCKERFILE, "Dockerfile", port=port, dockerfile=wanted, why=reasons, notes=notes)


def _why(why: str) -> dict[str, str]:
    return {"family": why, "dockerfile": why}


def _stage(text: str, target: str | None) -> tuple[str, str] | None:
    """What the stage that is built begins from, and its lines with those of the stages that it rests on."""
    found = list(islice(_STAGE.finditer(text), MOST_STAGES))
    bodies: dict[str, tuple[str, str]] = {}
    last: tuple[str, str] | None = None
    for number, start in enumerate(found):
        end = found[number + 1].start() if number + 1 < len(found) else len(text)
        last = _resting(bodies, start[1], text[start.end() : end])
        bodies[str(number)] = last
        if start[2]:
            bodies[start[2].lower()] = last
    return bodies.get(target.lower()) if target else last


def _resting(bodies: Mapping[str, tuple[str, str]], base: str, body: str) -> tuple[str, str]:
    below = bodies.get(base.lower())
    # What this stage says counts before what it rests on.
    return (below[0], f"{body}\n{below[1]}"[: 1 << 20]) if below else (base, body)

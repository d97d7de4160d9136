"""The language that the commands of a plan are for: whether a sandbox has it, and in which version."""

import re
from collections.abc import Iterator, Mapping

from firefly.sandbox.languages import LANGUAGES, Language

from ..analysis import Plan
from ..model import Failure
from ..seams import StepLog
from .causes import Cause, when
from .workplace import Workplace

_NUMBER = re.compile(r"\d+(?:\.\d+)*")


async def missing(plan: Plan, workplace: Workplace, step: StepLog, *, env: Mapping[str, str]) -> Failure | None:
    """Tell which version is there. What fails where there is none, unless the project may install one itself."""
    language = LANGUAGES.get(plan.runtime or "")
    if language is None:
        return None
    said = await workplace.answer(language.tells, env=env)
    if said is None:
        lack = _absent(plan.runtime or "", language, language.program)
        if "install" not in plan.configuration.model_fields_set:
            return lack
        await step.say(f"{lack.cause} {lack.remedy}")
        return None
    found = _NUMBER.search(said)
    await step.say(_told(plan, language, found[0] if found else said.strip()[:40]))
    return None


def absences() -> Iterator[Cause]:
    """Of commands that call a program of a language which is not there."""
    for name, language in LANGUAGES.items():
        for program in language.programs:
            lack = _absent(name, language, program)
            yield when(rf"(?:^|: ){program}: (?:command )?not found", lack.cause, lack.remedy)


def _absent(name: str, language: Language, program: str) -> Failure:
    return Failure(
        "prepare",
        f"The sandboxes of this server have no “{program}”, which belongs to {language.title}.",
        f"An administrator installs it: `apt install {' '.join(language.packages[:2])}` on the server's machine, or, "
        f"where sandboxes are containers, `firefly admin image build --with {name}`.",
    )


def _told(plan: Plan, language: Language, there: str) -> str:
    asked = plan.versions.get(plan.runtime or "", "")
    if not asked:
        return f"{language.title} {there} is there."
    note = ", which may be too old" if _is_older(there, asked) else ""
    return f"{language.title} {there} is there{note}: the project asks for {asked}."


def _is_older(there: str, asked: str) -> bool:
    """By the first number that is asked for, as far as that goes; an upper bound says nothing."""
    number = _NUMBER.search(asked)
    if number is None or asked.lstrip().startswith("<"):
        return False
    wanted = _parts(number[0])
    return _parts(there)[: len(wanted)] < wanted


def _parts(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdecimal()]

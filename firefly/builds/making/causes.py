"""One likely cause of a failure, and the words of tools by which it is known."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cause:
    """`pattern` is looked for in single lines; its groups fill `cause` and `remedy`. None: the exit status tells.

    Of several lines the last one counts, which is mostly what ended it; the `first` where the others follow from it.
    """

    pattern: re.Pattern[str] | None
    cause: str
    remedy: str
    codes: tuple[int, ...] = ()
    first: bool = False

    def found_in(self, line: str) -> tuple[str, str] | None:
        """Cause and remedy, filled."""
        found = self.pattern.search(line) if self.pattern else None
        return (_filled(self.cause, found), _filled(self.remedy, found)) if found else None


def when(pattern: str, cause: str, remedy: str = "", *, first: bool = False) -> Cause:
    return Cause(re.compile(pattern, re.IGNORECASE), cause, remedy, first=first)


def _filled(text: str, found: re.Match[str]) -> str:
    groups = [group.rstrip(".,:;'\"") for group in found.groups() if group]
    for number in range(2):
        text = text.replace(f"{{{number}}}", groups[number] if number < len(groups) else "…")
    return text

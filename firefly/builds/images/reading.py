"""What a Dockerfile has the engine itself do, by whatever version of BuildKit reads it: other readers, and fetching.

Each looks for more than an engine would find, since versions differ and what is overlooked is a way out.
"""

import re
from collections.abc import Iterator

_SHEBANG, _BEGINNING = re.compile(r"#!.*\n"), re.compile(r"(?:[^\S\n]*(?:#|//).*(?:\n|$))*")
_READER = re.compile(r"^[^\S\n]*(?:#|//)\s*syntax\s*=[^\S\n]*(.*)", re.IGNORECASE | re.MULTILINE)

_REMARK = re.compile(r"^[^\S\n]*(?:#.*)?(?:\n|$)", re.MULTILINE)
_CONTINUED, _OTHERWISE = re.compile(r"\\[ \t\r]*\n"), re.compile(r"`[ \t\r]*\n")
# Where they are, some of what stands on several lines is not one.
_SEVERAL = re.compile(r"<<|(?:\\\\|``)[ \t\r]*$", re.MULTILINE)
_ADD = re.compile(
    r"^[^\S\n]*(?:ONBUILD[^\S\n]+)*ADD[^\S\n]+(?:--[^\s\"'\\`]+[^\S\n]+)*(.*)", re.IGNORECASE | re.MULTILINE
)
_QUOTES, _BETWEEN = re.compile(r"[\"'\\`]"), re.compile(r"[\s,\[\]]+")
_ELSEWHERE = re.compile(r"[^/]*:|github\.com/", re.IGNORECASE)


def readers(text: str) -> Iterator[str]:
    """Images whose code would carry it out (`# syntax=`); one in JSON is named as such."""
    text = text.lstrip("\ufeff")
    for found in _READER.finditer(_beginning(text)):
        yield (found[1].split(maxsplit=1) or [""])[0]
    if _SHEBANG.sub("", text, count=1).lstrip().startswith("{"):
        yield "{…}"


def fetched(text: str) -> Iterator[str]:
    """Sources of ADD that are not plainly files of the project: addresses, and variables, which may be some."""
    for reading in _readings(text.lstrip("\ufeff")):
        for arguments in _ADD.findall(reading):
            yield from (source for source in _sources(arguments) if _leads_elsewhere(source))


def _beginning(text: str) -> str:
    """The lines that may tell how the others are read."""
    found = _BEGINNING.match(text)
    return found[0] if found else ""


def _readings(text: str) -> Iterator[str]:
    """Its lines, put together in each way in which an engine may do it."""
    bare = _REMARK.sub("", text)
    yield _CONTINUED.sub("", bare)
    if "`" in _beginning(text):
        yield _OTHERWISE.sub("", bare)
    if _SEVERAL.search(bare):
        yield bare


def _sources(arguments: str) -> list[str]:
    """All but the place where they go."""
    return [word for word in _BETWEEN.split(arguments) if word][:-1]


def _leads_elsewhere(source: str) -> bool:
    return "$" in source or r"\u" in source or _ELSEWHERE.match(_QUOTES.sub("", source)) is not None

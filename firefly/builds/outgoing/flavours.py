"""What receivers are sent: our own JSON, or a message in the form of a chat. Nothing in it calls people by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..model import Build, BuildState
from .model import Event, Flavour

_GOOD, _BAD, _PLAIN = 0x2DA44E, 0xCF222E, 0x6E7781
_FAILED = frozenset({BuildState.FAILED, BuildState.TESTS_FAILED, BuildState.TIMED_OUT})
_WORDS = {
    BuildState.WAITING: "waits for approval", BuildState.QUEUED: "is queued", BuildState.RUNNING: "has begun",
    BuildState.SUCCEEDED: "succeeded", BuildState.FAILED: "failed", BuildState.TESTS_FAILED: "was built, but its tests "
    "failed", BuildState.CANCELLED: "was cancelled", BuildState.KILLED: "was killed", BuildState.TIMED_OUT: "took too "
    "long", BuildState.SUPERSEDED: "was superseded",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Happening:
    """`url` is the build's page, `data` what the notice said besides."""

    event: Event
    build: Build
    url: str
    data: Mapping[str, Any]


def events_of(kind: str, state: BuildState) -> list[Event]:
    """Those that a notice stands for, the one that names it first."""
    if kind != "ended":
        return [Event(kind)]
    more = [Event.SUCCEEDED] if state is BuildState.SUCCEEDED else [Event.FAILED] if state in _FAILED else []
    return [Event.ENDED, *more]


def message(flavour: Flavour, happening: Happening) -> dict[str, Any]:
    return _FORMS[flavour](happening)


def _generic(what: Happening) -> dict[str, Any]:
    build = what.build
    return {
        "event": what.event,
        "project": f"{build.owner}/{build.project}",
        "build": {
            "id": str(build.id),
            "number": build.number,
            "url": what.url,
            "ref": build.ref,
            "branch": build.branch,
            "commit": build.commit,
            "subject": build.subject,
            "author": build.author,
            "trigger": build.trigger,
            "by": build.account or build.actor,
            "pull_request": build.pull_request,
            "trust": build.trust,
            "state": build.state,
            "reason": build.reason,
            "cause": build.failure.cause if build.failure else None,
            "remedy": build.failure.remedy if build.failure else None,
            "artifact": build.artifact,
            "queued_at": build.queued_at.isoformat() if build.queued_at else None,
            "started_at": build.started_at.isoformat() if build.started_at else None,
            "ended_at": build.ended_at.isoformat() if build.ended_at else None,
        },
        "data": dict(what.data),
    }


def _title(what: Happening) -> str:
    build = what.build
    name = f"{build.owner}/{build.project} {build.branch}"
    if what.event is Event.LIVE:
        return f"{name} is live"
    if what.event is Event.GONE:
        return f"{name} is no longer shown"
    return f"{name} #{build.number} {_WORDS[build.state]}"


def _detail(what: Happening) -> str:
    build = what.build
    cause = build.failure.cause if build.failure else build.reason
    return "\n".join(part for part in (build.subject, cause) if part)[:1500]


def _colour(what: Happening) -> int:
    if what.event is Event.LIVE or what.build.state is BuildState.SUCCEEDED:
        return _GOOD
    return _BAD if what.build.state in _FAILED else _PLAIN


def _slack(what: Happening) -> dict[str, Any]:
    return _attachment(what, _escaped)


def _mattermost(what: Happening) -> dict[str, Any]:
    return _attachment(what, _unaddressed)


def _attachment(what: Happening, safe: Callable[[str], str]) -> dict[str, Any]:
    title = safe(_title(what))
    return {
        "attachments": [
            {
                "fallback": title,
                "color": f"#{_colour(what):06x}",
                "title": title,
                "title_link": what.url,
                "text": safe(_detail(what)),
            }
        ]
    }


def _discord(what: Happening) -> dict[str, Any]:
    embed = {"title": _title(what)[:250], "url": what.url, "description": _detail(what), "color": _colour(what)}
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def _teams(what: Happening) -> dict[str, Any]:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [
            {"type": "TextBlock", "weight": "Bolder", "wrap": True, "text": _unaddressed(_title(what))},
            {"type": "TextBlock", "wrap": True, "text": _unaddressed(_detail(what)) or "-"},
        ],
        "actions": [{"type": "Action.OpenUrl", "title": "Open", "url": what.url}],
    }
    content = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [content]}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _unaddressed(text: str) -> str:
    """`@channel` in a commit's subject is no call."""
    return text.replace("@", "@\u200b")


_FORMS: Mapping[Flavour, Callable[[Happening], dict[str, Any]]] = {
    Flavour.GENERIC: _generic,
    Flavour.SLACK: _slack,
    Flavour.MATTERMOST: _mattermost,
    Flavour.DISCORD: _discord,
    Flavour.TEAMS: _teams,
}

"""E-mail to whoever asked for a build that failed."""

from email.errors import MessageDefect, MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from typing import Any

import aiosmtplib

from ...errors import Unavailable
from ...settings import Settings
from ...store import Database, load_queries
from ..asking.pushing import build_url
from ..model import Build, BuildState, Trust
from ..seams import Notice

LIMIT = 30.0
_FAILED = {
    BuildState.FAILED: "failed",
    BuildState.TESTS_FAILED: "was built, but its tests failed",
    BuildState.TIMED_OUT: "took too long",
}


class MailListener:
    """Fulfils `Listener`. Writes to accounts alone: whom a commit names as its author may be anybody."""

    name = "mail"
    kinds = frozenset({"ended"})

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._queries: Any = load_queries("mailing")

    async def heed(self, notice: Notice) -> None:
        """Raises Unavailable where the server does not take it."""
        build = notice.build
        if build.state not in _FAILED or build.trust is Trust.FORK:
            return
        async with self._database.connection() as connection:
            to = await self._queries.recipient(connection, id=build.id)
        if to and _is_one(to):
            await self._send(letter(build, to, self._settings))

    async def _send(self, message: EmailMessage) -> None:
        settings = self._settings
        try:
            await aiosmtplib.send(
                message, hostname=settings.mail_host, port=settings.mail_port, timeout=LIMIT,
                use_tls=settings.mail_security == "tls", start_tls=settings.mail_security == "starttls",
                username=settings.mail_user or None, password=settings.mail_password or None,
            )  # fmt: skip
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unavailable(f"{settings.mail_host} did not take an e-mail: {error}") from error


def letter(build: Build, to: str, settings: Settings) -> EmailMessage:
    """In plain text. The same build is the same message, should it come twice."""
    message = EmailMessage()
    name = f"{build.owner}/{build.project} {build.branch}"
    message["Subject"] = _line(f"{name} #{build.number} {_FAILED[build.state]}: {build.subject}")
    message["From"] = _sender(settings.mail_from)
    message["To"] = to
    message["Date"] = formatdate(build.ended_at.timestamp() if build.ended_at else None)
    message["Message-ID"] = f"<build-{build.id}@{settings.app_host}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_text(build, settings.url))
    return message


def _is_one(to: str) -> bool:
    """Whether it is the address of one person: `a@b.org, c@d.org` would be a letter to two."""
    try:
        Address(addr_spec=to)
    except (ValueError, IndexError, MessageError, MessageDefect):
        return False
    return True


def _sender(text: str) -> Address:
    name, address = parseaddr(text)
    return Address(name, addr_spec=address)


def _text(build: Build, url: str) -> str:
    failure, settings = build.failure, f"{url}/app/{build.owner}/{build.project}/builds/settings"
    parts = [
        f"{_line(build.subject)}\n{build.commit[:12]} by {_line(build.author) or 'nobody known'}, on {build.branch}",
        failure.cause if failure else build.reason,
        failure.remedy if failure else "",
        "\n".join(f"    {line}" for line in failure.lines) if failure else "",
        build_url(url, build.owner, build.project, build.number),
        f"You asked for this build, or own the project, whose settings say whether such e-mail is sent:\n{settings}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _line(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)[:200]

"""E-mail of builds that failed, taken by a real SMTP server."""

from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from firefly.auth import Identity
from firefly.builds.model import Build, Trust
from firefly.builds.seams import Notice
from firefly.builds.telling.mailing import MailListener
from firefly.errors import Unavailable
from firefly.settings import Settings
from tests.support.ports import free_port

from .yard import Yard


class Post:
    """`refuses`: what it answers each message with, where it takes none."""

    def __init__(self) -> None:
        self.taken: list[Any] = []
        self.refuses = ""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.refuses:
            return self.refuses
        self.taken.append((envelope.rcpt_tos, message_from_bytes(envelope.original_content or b"", policy=default)))
        return "250 taken"


@pytest.fixture
def post() -> Iterator[tuple[Post, int]]:
    handler, port = Post(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


async def ended(yard: Yard, build: Build, state: str, failure: dict[str, Any] | None = None) -> Notice:
    await yard.execute(
        "update builds set state = $2, failure = $3, ended_at = now() where id = $1", build.id, state, failure
    )
    found = await yard.records.find(build.id)
    assert found is not None
    return Notice(found, "ended")


async def test_whoever_asked_for_what_failed_reads_why(yard: Yard, ada: Identity, post: tuple[Post, int]) -> None:
    handler, port = post
    settings = Settings(
        mail_host="127.0.0.1", mail_port=port, mail_security="none", mail_from="Firefly <ci@example.org>",
        url="https://firefly.example", content_domain="preview.example",
    )  # fmt: skip
    listener = MailListener(yard.database, settings)
    bob, project = await yard.person("bob"), await yard.project(ada)
    await yard.execute("update accounts set email = name || '@example.org'")
    await yard.execute(
        "insert into members (project_id, account_id, role, since) values ($1, $2, 'editor', now())",
        project, bob.account.id,
    )  # fmt: skip

    asked = await yard.ask(project, account_id=bob.account.id, subject="Say\nBcc: all@example.org", author="Eve")
    failure = {"step": "build", "cause": "npm ended with 1.", "remedy": "Run it yourself.", "lines": ["boom"]}
    await listener.heed(await ended(yard, asked, "failed", failure))
    ((to, message),) = handler.taken
    assert (to, message["From"], message["Bcc"]) == (["bob@example.org"], "Firefly <ci@example.org>", None)
    assert message["Subject"] == "ada/garden main #1 failed: Say Bcc: all@example.org"
    text = message.get_content()
    assert all(part in text for part in ("npm ended with 1.", "Run it yourself.", "    boom"))
    assert "https://firefly.example/app/ada/garden/builds/1" in text

    hooked = await yard.ask(project, "b" * 40)
    await listener.heed(await ended(yard, hooked, "timed_out"))
    assert handler.taken[1][0] == ["ada@example.org"]
    await yard.execute("delete from members where account_id = $1", bob.account.id)
    await listener.heed(await ended(yard, asked, "failed", failure))
    assert handler.taken.pop()[0] == ["ada@example.org"], "who is no member any more reads no lines of its log"

    await yard.execute("update accounts set email = 'ada@example.org, all@example.org' where name = 'ada'")
    await listener.heed(await ended(yard, hooked, "timed_out"))
    await yard.execute("update accounts set email = 'ada@example.org' where name = 'ada'")
    for state, more in (("succeeded", {}), ("cancelled", {}), ("failed", {"trust": Trust.FORK})):
        await listener.heed(await ended(yard, await yard.ask(project, "c" * 40, forced=True, **more), state))
    await yard.execute("insert into build_settings (project_id, failure_mail) values ($1, false)", project)
    await listener.heed(await ended(yard, hooked, "failed"))
    assert len(handler.taken) == 2

    await yard.execute("update build_settings set failure_mail = true")
    handler.refuses = "451 later"
    with pytest.raises(Unavailable, match="451"):
        await listener.heed(await ended(yard, hooked, "failed"))


def test_a_password_is_not_sent_in_the_clear() -> None:
    with pytest.raises(ValueError, match="FIREFLY_MAIL_PASSWORD"):
        Settings(mail_host="mail.example.org", mail_security="none", mail_password="x")

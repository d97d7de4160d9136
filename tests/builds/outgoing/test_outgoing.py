"""Hooks that projects call: who may have them, what they are sent and how it is signed, and what becomes of calls."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from firefly.auth import Identity, Limit, RateLimiter
from firefly.builds.model import BuildState, Failure
from firefly.builds.outgoing import Flavour, Hook, HookListener, OutgoingHooks, Posting, Sending, sending
from firefly.builds.outgoing.flavours import Happening, events_of, message
from firefly.builds.outgoing.model import Delivery, Event
from firefly.builds.outgoing.records import HookRecords
from firefly.builds.telling.delivery import Delivery as Notifying
from firefly.errors import Forbidden, InvalidInput, LimitReached, NotFound, RateLimited
from firefly.git import AddressPolicy
from firefly.secrets import Keyring
from tests.builds.yard import Yard
from tests.support.waiting import eventually

from .receiver import Receiver, receiving


@dataclass
class Calling:
    yard: Yard
    records: HookRecords
    hooks: OutgoingHooks
    receiver: Receiver
    ada: Identity

    async def add(self, flavour: Flavour = Flavour.GENERIC, *events: str) -> tuple[Hook, str]:
        """Without the first call that every new one gets."""
        hook, secret = await self.hooks.add(
            self.ada, "ada", "garden", url=self.receiver.url, flavour=flavour, events=events or ("ended",)
        )
        await self.over(hook)
        self.receiver.calls.clear()
        return hook, secret

    async def over(self, hook: Hook) -> list[Delivery]:
        """Its deliveries, once none waits for its first try."""

        async def settled() -> list[Delivery]:
            found = await self.hooks.deliveries(self.ada, "ada", "garden", hook.id)
            assert all(one.state != "waiting" or one.reason for one in found)
            return list(found)

        return await eventually(settled)


@pytest.fixture
async def calling(yard: Yard, ada: Identity, keyring: Keyring) -> AsyncIterator[Calling]:
    records = HookRecords(yard.database, yard.bus, yard.clock, keyring)
    posting = Posting(AddressPolicy(["127.0.0.1"]))
    hooks = OutgoingHooks(
        records=records, posting=posting, projects=yard.projects, audit=yard.audit,
        limiter=RateLimiter(yard.database, yard.clock),
    )  # fmt: skip
    yard.notices.register(HookListener(records, url="http://firefly.example"))
    working = [asyncio.create_task(part.run()) for part in (Sending(records, posting), Notifying(yard.records))]
    async with receiving() as receiver:
        yield Calling(yard, records, hooks, receiver, ada)
        for task in working:
            task.cancel()
        await asyncio.wait(working)


async def test_what_happens_is_sent_once_signed_with_its_time(calling: Calling) -> None:
    project = await calling.yard.project(calling.ada)
    hook, secret = await calling.add(Flavour.GENERIC, "queued", "ended", "failed")
    build = await calling.yard.ask(project, subject="Say it anew")
    await calling.yard.builds.cancel(calling.ada, build.id)
    await eventually(lambda: len(calling.receiver.calls) == 2)

    first, second = calling.receiver.calls
    assert (first.headers["X-Firefly-Event"], second.headers["X-Firefly-Event"]) == ("queued", "ended")
    sent = json.loads(second.body)
    assert (sent["event"], sent["project"], sent["build"]["state"]) == ("ended", "ada/garden", "cancelled")
    assert sent["build"]["url"] == "http://firefly.example/app/ada/garden/builds/1"
    at, _, signed = second.headers["X-Firefly-Signature"].removeprefix("t=").partition(",v1=")
    expected = hmac.new(secret.encode(), f"{at}.".encode() + second.body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(signed, expected)
    assert abs(int(at) - calling.yard.clock.time()) < 60
    newest, *_ = await calling.over(hook)
    assert (newest.state, newest.status, newest.answer, str(newest.id)) == (
        "delivered", 200, "heard \n", second.headers["X-Firefly-Delivery"],
    )  # fmt: skip

    again = await calling.hooks.redeliver(calling.ada, "ada", "garden", hook.id, newest.id)
    await eventually(lambda: len(calling.receiver.calls) == 3)
    assert calling.receiver.calls[2].body == second.body
    assert again.id != newest.id


async def test_a_call_that_fails_is_tried_again_and_then_given_up(
    calling: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PAUSES", (0.0, 0.0))
    await calling.yard.project(calling.ada)
    hook, _ = await calling.add()
    calling.receiver.status = 503
    made = await calling.hooks.ping(calling.ada, "ada", "garden", hook.id)

    async def given_up() -> Delivery | None:
        found = await calling.hooks.deliveries(calling.ada, "ada", "garden", hook.id)
        return next((one for one in found if one.id == made.id and one.state == "failed"), None)

    found = await eventually(given_up)
    assert found is not None
    assert (found.attempts, found.status, found.reason) == (3, 503, "It answered with 503.")
    assert len(calling.receiver.calls) == 3


async def test_one_that_is_gone_or_always_fails_is_switched_off_and_on_again(
    calling: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "PAUSES", ())
    monkeypatch.setattr(sending, "MOST_FAILURES", 2)
    await calling.yard.project(calling.ada)
    hook, _ = await calling.add()

    async def off(reason: str) -> bool:
        found = await calling.hooks.get(calling.ada, "ada", "garden", hook.id)
        return not found.active and reason in found.reason

    for status, reason, calls in ((500, "calls failed", 2), (410, "it is gone", 1)):
        calling.receiver.status = status
        for _ in range(calls):
            await calling.hooks.ping(calling.ada, "ada", "garden", hook.id)
        await eventually(lambda reason=reason: off(reason))  # type: ignore[misc]
        assert (await calling.hooks.set_active(calling.ada, "ada", "garden", hook.id, True)).active


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/x",
        "ftp://127.0.0.1/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://localhost/",
        "https://ada:secret@127.0.0.1/",
        "https:///x",
        "https://127.0.0.1:99999/",
        "nonsense",
        "https://2130706434/",
    ],
)
async def test_an_address_that_leads_inside_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        await Posting(AddressPolicy()).check(url)
    assert caught.value.field == "url"


async def test_a_redirect_is_not_followed_and_a_host_is_looked_up_at_each_call(calling: Calling) -> None:
    await calling.yard.project(calling.ada)
    hook, _ = await calling.add()
    calling.receiver.status, calling.receiver.location = 307, calling.receiver.url + "/elsewhere"
    await calling.hooks.ping(calling.ada, "ada", "garden", hook.id)
    found = await calling.over(hook)
    assert (found[0].reason, len(calling.receiver.calls)) == ("It sends elsewhere, which hooks do not follow.", 1)

    strict = Posting(AddressPolicy())
    row = calling.records.queries.find_hook
    async with calling.yard.database.connection() as connection:
        way = calling.records.open(hook.id, (await row(connection, id=hook.id))["sealed"])
    posted = await strict.post(way, delivery="x", event="ping", body=b"{}", at=0)
    await strict.close()
    assert (posted.status, "may not go" in posted.reason) == (None, True)
    assert len(calling.receiver.calls) == 1


async def test_one_owners_hooks_that_hang_keep_nobody_elses_waiting(calling: Calling) -> None:
    bob = await calling.yard.person("bob")
    await calling.yard.project(calling.ada)
    await calling.yard.project(bob, "other")
    # More than are called at one time.
    for _ in range(sending.AT_ONCE + 1):
        await calling.hooks.add(calling.ada, "ada", "garden", url=f"{calling.receiver.url}/slow")
    await eventually(lambda: len(calling.receiver.calls) >= sending.EACH)
    await calling.hooks.add(bob, "bob", "other", url=f"{calling.receiver.url}/quick")
    await eventually(lambda: any(call.path.endswith("/quick") for call in calling.receiver.calls))
    assert len(calling.receiver.calls) <= 2 * sending.EACH
    calling.receiver.gate.set()
    await eventually(lambda: len(calling.receiver.calls) == sending.AT_ONCE + 2)


async def test_nobody_is_called_without_end(calling: Calling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("firefly.builds.outgoing.control.CALLS", Limit(3, 600))
    await calling.yard.project(calling.ada)
    hook, _ = await calling.add()
    made = await calling.hooks.ping(calling.ada, "ada", "garden", hook.id)
    await calling.hooks.redeliver(calling.ada, "ada", "garden", hook.id, made.id)
    with pytest.raises(RateLimited):
        await calling.hooks.ping(calling.ada, "ada", "garden", hook.id)
    with pytest.raises(RateLimited):
        await calling.hooks.redeliver(calling.ada, "ada", "garden", hook.id, made.id)
    with pytest.raises(RateLimited):
        await calling.hooks.add(calling.ada, "ada", "garden", url=calling.receiver.url)


async def test_hooks_are_for_maintainers_few_and_tell_no_address(
    calling: Calling, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await calling.yard.project(calling.ada)
    hook, secret = await calling.add()
    editor = await calling.yard.person("ed")
    await calling.yard.join(project, editor, "editor")
    with pytest.raises(Forbidden):
        await calling.hooks.list(editor, "ada", "garden")
    (listed,) = await calling.hooks.list(calling.ada, "ada", "garden")
    assert (listed.host, listed.by) == ("127.0.0.1", "ada")
    async with calling.yard.database.connection() as connection:
        kept = " ".join(map(str, await connection.fetch("select * from outgoing_hooks")))
        assert await connection.fetchval("select count(*) from audit where action = 'hook.added'") == 1
    assert "secret-part" not in kept
    assert secret not in kept

    monkeypatch.setattr("firefly.builds.outgoing.control.MOST", 1)
    with pytest.raises(LimitReached):
        await calling.add()
    with pytest.raises(InvalidInput, match="at least one"):
        await calling.add(Flavour.GENERIC, "ping")
    await calling.yard.project(calling.ada, "other")
    with pytest.raises(NotFound):
        await calling.hooks.get(calling.ada, "ada", "other", hook.id)
    await calling.hooks.remove(calling.ada, "ada", "garden", hook.id)
    with pytest.raises(NotFound):
        await calling.hooks.remove(calling.ada, "ada", "garden", hook.id)


async def test_each_chat_gets_its_form_and_nobody_is_called_by_it(yard: Yard, ada: Identity) -> None:
    build = await yard.ask(await yard.project(ada), subject="<!channel> @here & all")
    failed = replace(build, state=BuildState.FAILED, failure=Failure(step="build", cause="npm ended with 1."))
    assert events_of("ended", failed.state) == [Event.ENDED, Event.FAILED]
    assert events_of("ended", BuildState.KILLED) == [Event.ENDED]
    what = Happening(Event.ENDED, failed, "https://f.example/b/1", {})
    forms = {flavour: json.dumps(message(flavour, what)) for flavour in Flavour}

    slack = json.loads(forms[Flavour.SLACK])["attachments"][0]
    assert (slack["title"], slack["color"]) == ("ada/garden main #1 failed", "#cf222e")
    assert slack["text"] == "&lt;!channel&gt; @here &amp; all\nnpm ended with 1."
    assert "@here" not in forms[Flavour.MATTERMOST] + forms[Flavour.TEAMS]
    assert json.loads(forms[Flavour.DISCORD])["allowed_mentions"] == {"parse": []}
    card = json.loads(forms[Flavour.TEAMS])["attachments"][0]["content"]
    assert (card["type"], card["actions"][0]["url"]) == ("AdaptiveCard", "https://f.example/b/1")

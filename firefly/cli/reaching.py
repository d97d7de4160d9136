"""What `firefly doctor` finds on the way that visitors take: names, the server from outside, what lies in between."""

import asyncio
import json
import secrets
import socket
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp

from firefly.addresses import host_name, is_loopback
from firefly.settings import Settings

from .checks import Check

REACH = "/.well-known/firefly"
LIMIT = 10.0
# Seconds that clocks may differ by; tickets and signatures live for half a minute.
MOST_SKEW = 10.0
# The second half of the answer comes a second after the first, unless somebody waits for the whole.
STREAMED = 0.5


async def reachability(settings: Settings) -> AsyncIterator[Check]:
    """By the URLs that visitors use, as far as they can be used from here."""
    label = secrets.token_hex(6)
    content = host_name(settings.content_domain)
    for what, host in (("name of the app", host_name(settings.app_host)), ("names of previews", f"{label}.{content}")):
        check = await name(what, host)
        yield check
        if not check.ok:
            return
    timeout = aiohttp.ClientTimeout(total=LIMIT)
    async with aiohttp.ClientSession(timeout=timeout) as client:
        try:
            async for check in _server(client, settings, label):
                yield check
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            remedy = "Start it with `firefly serve`; if it runs, let the way from FIREFLY_URL lead to FIREFLY_LISTEN."
            yield Check(what="server", ok=False, found=f"{settings.url} does not answer: {error}", remedy=remedy)


async def name(what: str, host: str) -> Check:
    """Whether a host is found, and whether it leads to this machine."""
    if is_loopback(host):
        return Check(what=what, ok=True, found=f"{host}: this machine, for every browser")
    try:
        async with asyncio.timeout(LIMIT):
            found = await asyncio.get_running_loop().getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except OSError as error:
        remedy = f"Add a DNS record for {'*.' + host.partition('.')[2] if what == 'names of previews' else host}."
        return Check(what=what, ok=False, found=f"{host}: {error.strerror or 'the DNS is silent'}", remedy=remedy)
    addresses = sorted({str(entry[4][0]) for entry in found})
    where = "this machine" if any(map(is_ours, addresses)) else "another machine, which has to pass visitors on"
    return Check(what=what, ok=True, found=f"{', '.join(addresses)}: {where}")


def is_ours(address: str) -> bool:
    """Whether an address is one of this machine's."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_DGRAM)) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


async def _server(client: aiohttp.ClientSession, settings: Settings, label: str) -> AsyncIterator[Check]:
    fields = {"Connection": "Upgrade", "Upgrade": "websocket"}
    began = time.time()
    async with client.get(settings.url + REACH, headers=fields, allow_redirects=False) as answer:
        if answer.content_type != "application/json":
            remedy = "Something else answers there: let FIREFLY_URL lead to FIREFLY_LISTEN."
            yield Check(what="server", ok=False, found=f"status {answer.status}, not Firefly's", remedy=remedy)
            return
        seen, spread = await _halves(answer)
        yield Check(what="server", ok=True, found=f"answers at {settings.url}")
        yield _clock(answer.headers.get("Date"), began)
    for check in passed(seen, settings, streamed=spread > STREAMED):
        yield check
    yield await _preview(client, settings, label)


async def _halves(answer: aiohttp.ClientResponse) -> tuple[Mapping[str, Any], float]:
    """What the server saw, and how many seconds lay between the two halves of its answer."""
    first = await answer.content.readany()
    began = time.monotonic()
    rest = await answer.content.read()
    seen: Mapping[str, Any] = json.loads(first + rest)
    return seen, time.monotonic() - began


def passed(seen: Mapping[str, Any], settings: Settings, *, streamed: bool) -> list[Check]:
    """What a proxy in front has to pass, and whether it does."""
    host, upgrade, unlisted = str(seen.get("host", "")), seen.get("upgrade"), seen.get("unlisted")
    return [
        _passes("Host", host.lower() == settings.app_host, host or "none", "Let the proxy in front keep Host."),
        _passes(
            "WebSockets", upgrade == "websocket", "pass" if upgrade else "do not pass",
            "Let the proxy in front pass the fields Connection and Upgrade.",
        ),
        _passes(
            "streams", streamed, "pass" if streamed else "are kept back",
            "Switch off the buffering of answers in the proxy in front.",
        ),
        _passes(
            "trusted proxies", unlisted is None, f"{unlisted} tells who asks" if unlisted else "none is missing",
            f"If {unlisted} is your proxy, add it to FIREFLY_TRUSTED_PROXIES; all visitors look like one until then.",
        ),
    ]  # fmt: skip


def _passes(what: str, ok: bool, found: str, remedy: str) -> Check:
    return Check(what=what, ok=ok, found=found, remedy="" if ok else remedy)


def _clock(date: str | None, began: float) -> Check:
    if date is None:
        return Check(what="clock", ok=True, found="the answer has no date to compare it with")
    skew = parsedate_to_datetime(date).timestamp() - began
    ok = abs(skew) <= MOST_SKEW
    return _passes("clock", ok, "agrees" if ok else f"differs by {skew:.0f} s", "Set the clocks by NTP: sign-in fails.")


async def _preview(client: aiohttp.ClientSession, settings: Settings, label: str) -> Check:
    url = settings.content_url(label)
    host = {"Host": f"{label}.{settings.content_domain}"} if is_loopback(settings.content_domain) else {}
    # Browsers find *.localhost by themselves; this program asks at the same place by the field.
    asked = settings.url if host else url
    try:
        async with client.get(asked, headers=host, allow_redirects=False) as answer:
            ours = answer.status == 401 and "Firefly" in answer.headers.get("WWW-Authenticate", "")
            return _passes(
                "previews", ours, "answer" if ours else f"status {answer.status} from {url}",
                "Let all hosts below FIREFLY_CONTENT_DOMAIN lead to FIREFLY_LISTEN, with the Host field as it came.",
            )  # fmt: skip
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        remedy = "Let all hosts below FIREFLY_CONTENT_DOMAIN lead to FIREFLY_LISTEN, with a certificate that has them."
        return Check(what="previews", ok=False, found=f"{url} does not answer: {error}", remedy=remedy)

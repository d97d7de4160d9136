"""Messages that can be read in two ways: refused at the door, nothing of them forwarded."""

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firefly.proxy import heads
from firefly.proxy.heads import BadHead
from tests.support.waiting import eventually

from .house import HOST, House, Peer, ok, request

START = f"GET / HTTP/1.1\r\nHost: {HOST}:8000\r\n".encode()
POST = START.replace(b"GET", b"POST")
UPGRADE = b"Connection: Upgrade\r\nUpgrade: websocket\r\n"

REFUSED = {
    "both lengths": POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two lengths": POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "the same length twice": POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "a list of lengths": POST + b"Content-Length: 5, 5\r\n\r\nhello",
    "a signed length": POST + b"Content-Length: +5\r\n\r\nhello",
    "a hexadecimal length": POST + b"Content-Length: 0x5\r\n\r\nhello",
    "an empty length": POST + b"Content-Length:\r\n\r\n",
    "a huge length": POST + b"Content-Length: 9999999999999999999\r\n\r\n",
    "an unknown coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two codings": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "chunked twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "identity": POST + b"Transfer-Encoding: identity\r\n\r\n",
    "chunked in an odd suit": POST + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bare LF everywhere": START.replace(b"\r\n", b"\n") + b"\n\r\n\r\n",
    "bare LF after a field": START + b"X: 1\nY: 2\r\n\r\n",
    "bare CR in a value": START + b"X: 1\rY: 2\r\n\r\n",
    "a folded field": START + b"X: 1\r\n 2\r\n\r\n",
    "a folded field with a tab": START + b"X: 1\r\n\t2\r\n\r\n",
    "space before the colon": START + b"Content-Length : 5\r\n\r\nhello",
    "tab before the colon": START + b"Transfer-Encoding\t: chunked\r\n\r\n",
    "space before a name": START.replace(b"Host", b" Host") + b"\r\n",
    "no name": START + b": 1\r\n\r\n",
    "no colon": START + b"Nothing\r\n\r\n",
    "NUL in a value": START + b"X: a\x00b\r\n\r\n",
    "NUL in a name": START + b"X\x00: a\r\n\r\n",
    "a control character": START + b"X: a\x08b\r\n\r\n",
    "DEL": START + b"X: a\x7fb\r\n\r\n",
    "an 8-bit name": START + b"X\xe4: a\r\n\r\n",
    "two Hosts": START + b"Host: other.example\r\n\r\n",
    "the same Host twice": START + f"Host: {HOST}:8000\r\n\r\n".encode(),
    "no Host": b"GET / HTTP/1.1\r\nX: 1\r\n\r\n",
    "no field at all": b"GET / HTTP/1.1\r\n\r\n",
    "an empty Host": b"GET / HTTP/1.1\r\nHost:\r\n\r\n",
    "a Host with a path": b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
    "a Host with a user": b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
    "Host unlike the target": START.replace(b" / ", b" http://other.example/ ") + b"\r\n",
    "another scheme": START.replace(b" / ", b" ftp://x/ ") + b"\r\n",
    "a target without a slash": START.replace(b" / ", b" index.html ") + b"\r\n",
    "a fragment": START.replace(b" / ", b" /#x ") + b"\r\n",
    "an asterisk for GET": START.replace(b" / ", b" * ") + b"\r\n",
    "no target": START.replace(b" / ", b" ") + b"\r\n",
    "two spaces": START.replace(b" / ", b"  / ") + b"\r\n",
    "a tab": START.replace(b"GET /", b"GET\t/") + b"\r\n",
    "a space in the target": START.replace(b" / ", b" /a b ") + b"\r\n",
    "an 8-bit target": START.replace(b" / ", b" /\xff ") + b"\r\n",
    "a small method": START.replace(b"GET", b"get") + b"\r\n",
    "HTTP/1.2": START.replace(b"1.1", b"1.2") + b"\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "an empty line first": b"\r\n" + START + b"\r\n",
    "129 fields": START + b"X: 1\r\n" * 128 + b"\r\n",
    "an upgrade with a length": START + UPGRADE + b"Content-Length: 5\r\n\r\nhello",
    "an upgrade with no length to speak of": START + UPGRADE + b"Content-Length: 0\r\n\r\n",
    "an upgrade with chunks": START + UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an upgrade that expects": START + UPGRADE + b"Expect: 100-continue\r\n\r\n",
    "h2c": START + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n",
    "a list of protocols": START + b"Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n\r\n",
    "Connection names the length": POST + b"Connection: close, Content-Length\r\nContent-Length: 5\r\n\r\nhello",
    "Connection names the host": START + b"Connection: host\r\n\r\n",
    "an expectation unknown": POST + b"Expect: 200-ok\r\nContent-Length: 5\r\n\r\nhello",
}
BAD_CHUNKS = {
    "no size": b"\r\nhello\r\n0\r\n\r\n",
    "a signed size": b"+5\r\nhello\r\n0\r\n\r\n",
    "a prefixed size": b"0x5\r\nhello\r\n0\r\n\r\n",
    "a space first": b" 5\r\nhello\r\n0\r\n\r\n",
    "a space after": b"5 \r\nhello\r\n0\r\n\r\n",
    "a huge size": b"fffffffffffffffff\r\nhello\r\n",
    "bare LF after the size": b"5\nhello\r\n0\r\n\r\n",
    "bare LF in an extension": b"5;a\nb\r\nhello\r\n0\r\n\r\n",
    "NUL in an extension": b"5;a\x00\r\nhello\r\n0\r\n\r\n",
    "a chunk too long": b"5\r\nhello!\r\n0\r\n\r\n",
    "bare LF after a chunk": b"5\r\nhello\n0\r\n\r\n",
    "a line without end": b"5;" + b"a" * 5000,
    "a bad trailer": b"0\r\nX : 1\r\n\r\n",
    "a folded trailer": b"0\r\nX: 1\r\n 2\r\n\r\n",
}


@pytest.mark.parametrize("message", REFUSED.values(), ids=REFUSED.keys())
async def test_what_is_ambiguous_is_refused_and_not_forwarded(house: House, message: bytes) -> None:
    client = await house.client()
    client.send(message + b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n")
    answer = await client.read_answer()
    assert answer.status in (400, 405, 417, 501)
    assert answer.fields["connection"] == "close"
    assert await client.is_closed()
    assert house.upstream.bytes == house.app.bytes == b""


@pytest.mark.parametrize("body", BAD_CHUNKS.values(), ids=BAD_CHUNKS.keys())
async def test_a_bad_chunk_ends_both_connections(house: House, body: bytes) -> None:
    async def wait(peer: Peer) -> None:
        await peer.read_head()
        await peer.reader.read()

    house.upstream.behaviour = wait
    client = await house.client()
    client.send(POST + b"Transfer-Encoding: chunked\r\n\r\n" + body)
    assert (await client.read_answer()).status == 400
    assert await client.is_closed()
    await eventually(lambda: house.door.counters["connections"] == 0)
    assert b"smuggled" not in house.upstream.bytes


async def test_a_head_that_is_too_long(house: House) -> None:
    client = await house.client()
    client.send(START + b"X: " + b"a" * 20_000)
    answer = await client.read_answer()
    assert answer.status == 431
    assert answer.fields["clear-site-data"] == '"cookies"', "too many cookies would lock the visitor out for ever"


async def test_a_long_head_that_is_whole_is_refused_too(house: House) -> None:
    client = await house.client()
    client.send(START + (b"X: " + b"a" * 1000 + b"\r\n") * 20 + b"\r\n")
    assert (await client.read_answer()).status == 431


async def test_cookies_of_the_app_are_not_cleared(house: House) -> None:
    client = await house.client()
    client.send(b"GET / HTTP/1.1\r\nHost: localhost:8000\r\nX: " + b"a" * 20_000)
    assert "clear-site-data" not in (await client.read_answer()).fields


async def test_a_request_inside_a_body_stays_a_body(house: House) -> None:
    inner = request("/inner")
    answer = await house.ask(method="POST", body=inner)
    assert answer.status == 200
    assert house.upstream.bytes.count(b"X-Request-Id") == 1


async def test_forged_fields_never_arrive(house: House) -> None:
    forged = {
        "X-Firefly-Member": "{}",
        "x-firefly-client-address": "1.2.3.4",
        "X-FIREFLY-Host-Kind": "app",
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=6.6.6.6",
        "X-Real-IP": "6.6.6.6",
        "X-Request-Id": "forged",
        "X-Mayfly": "other",
        "Baggage": "firefly-environment=forged",
    }
    for host in (HOST, "localhost"):
        client = await house.client()
        client.send(request(host=host, fields=forged))
        await client.read_answer()
    for record in (house.upstream.bytes, house.app.bytes):
        assert b"6.6.6.6" not in record
        assert b"forged" not in record
        assert b"https" not in record
        assert b"X-Forwarded-For: 127.0.0.1\r\n" in record
    assert b"firefly" not in house.upstream.bytes.replace(b"Via: 1.1 firefly\r\n", b"").lower()
    assert house.app.bytes.lower().count(b"x-firefly-client-address") == 1
    assert b"X-Firefly-Host-Kind: app\r\n" in house.app.bytes


async def test_fields_of_one_hop_end_here(house: House) -> None:
    fields = {
        "Connection": "keep-alive, X-Private",
        "X-Private": "1",
        "Keep-Alive": "5",
        "TE": "trailers",
        "X-Kept": "1",
    }
    client = await house.client()
    client.send(request(fields=fields | {"Proxy-Authorization": "Basic x"}))
    assert (await client.read_answer()).status == 200
    sent = house.upstream.bytes.lower()
    assert b"x-kept: 1" in sent
    for name in (b"connection:", b"x-private", b"keep-alive", b"te:", b"proxy-"):
        assert name not in sent.split(b"\r\n", 1)[1]


async def test_an_answer_cannot_set_what_is_ours(house: House) -> None:
    async def greedy(peer: Peer) -> None:
        await peer.read_request()
        peer.send(
            ok(
                b"",
                b"Set-Cookie: __Host-firefly-grant=x; Path=/; Secure",
                b"Set-Cookie: theme=dark; Domain=.preview.localhost; Path=/",
                b"X-Frame-Options: DENY",
                b"Content-Security-Policy: default-src 'self'; frame-ancestors 'none'; img-src *",
                b'Clear-Site-Data: "cookies", "cache","storage" ,"*"',
                b"X-Firefly-Tunnel: stolen",
                b"Keep-Alive: timeout=5",
            )
        )

    house.upstream.behaviour = greedy
    head = (await house.ask()).head.decode()
    assert "grant" not in head
    assert "Set-Cookie: theme=dark; Path=/\r\n" in head
    assert "X-Frame-Options" not in head
    assert "Content-Security-Policy: default-src 'self'; img-src *\r\n" in head
    assert "Content-Security-Policy: frame-ancestors 'self' http://localhost:8000\r\n" in head
    assert 'Clear-Site-Data: "cache", "storage"\r\n' in head
    assert "Tunnel" not in head
    assert "Keep-Alive" not in head


@pytest.mark.parametrize("value", [b'"cookies"', b'"*"', b"*", b"cookies", b'"Cookies"', b'"cookies" "*"', b""])
async def test_a_preview_cannot_clear_the_cookies_of_all_others(house: House, value: bytes) -> None:
    async def clearing(peer: Peer) -> None:
        await peer.read_request()
        peer.send(ok(b"", b"CLEAR-site-data:" + value))

    house.upstream.behaviour = clearing
    assert "clear-site-data" not in (await house.ask()).fields


async def test_fireflys_own_cookies_stay_here(house: House) -> None:
    await house.ask(Cookie="a=1; __Host-firefly-grant=secret; b=2; __HOST-firefly-x=secret")
    assert b"Cookie: a=1; b=2\r\n" in house.upstream.bytes
    await house.ask(Cookie="__Host-firefly-grant=secret")
    assert b"secret" not in house.upstream.bytes
    assert house.upstream.bytes.count(b"Cookie") == 1


class TestTime:
    @pytest.mark.parametrize(
        "data",
        [
            START + b"X: " + b"\t " * 7000 + b"\x00\r\n\r\n",
            START + b"X" * 15_000 + b" : 1\r\n\r\n",
            START + b"X-Forwarded-" * 1200 + b"\r\n\r\n",
            START + b"Cookie: " + b";" * 14_000 + b"\r\n\r\n",
            START + b"Connection: " + b"a," * 7000 + b"\r\n\r\n",
            START + b"Connection: " + b",".join(b"a%d" % n for n in range(2500)) + b"\r\n\r\n",
        ],
    )
    def test_a_hostile_head_costs_no_time(self, data: bytes) -> None:
        began = time.process_time()
        for _ in range(10):
            try:
                heads.parse(data).cookie(b"x")
            except BadHead:
                continue
        assert time.process_time() - began < 0.5


@given(st.binary(max_size=300))
def test_any_bytes_are_a_head_or_not(data: bytes) -> None:
    try:
        head = heads.parse(START + data)
    except BadHead:
        return
    assert head.host == f"{HOST}:8000".encode()
    assert b"\n" not in head.target


@given(st.lists(st.sampled_from([b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"Host", b"X", b"Content-Length", b"5"])))
def test_no_arrangement_of_line_ends_brings_a_second_host(parts: list[bytes]) -> None:
    try:
        head = heads.parse(START + b"".join(parts) + b"\r\n\r\n")
    except BadHead:
        return
    assert head.fields.text.replace(b"\r\n", b"").count(b"\n") == 0
    assert head.fields.text.count(b"\r\nHost:") == 1


async def test_a_slow_head_is_not_waited_for(house: House) -> None:
    house.door._context.limits = type(house.door._context.limits)(head_time=0.1)
    client = await house.client()
    client.send(START)
    answer = await asyncio.wait_for(client.read_answer(), 30)
    assert answer.status == 408

"""Requests through the front door: to previews, to the app, and to nowhere."""

import asyncio

import pytest

from firefly.errors import NotFound, SandboxFailed, Unavailable
from firefly.proxy import Verdict
from tests.support.waiting import eventually

from .house import HOST, OTHER, House, Peer, answer_ok, ok, request


async def test_a_request_reaches_its_sandbox_and_the_answer_comes_back(house: House) -> None:
    answer = await house.ask("/a/b?c=d", Accept="*/*")
    assert (answer.status, answer.body) == (200, b"GET /a/b?c=d HTTP/1.1")
    sent = house.upstream.bytes.decode()
    assert f"Host: {HOST}:8000\r\n" in sent
    assert "Accept: */*\r\n" in sent
    assert house.app.bytes == b""


async def test_many_requests_share_one_connection_on_both_sides(house: House) -> None:
    client = await house.client()
    for number in range(20):
        client.send(request(f"/{number}"))
        assert (await client.read_answer()).body == b"GET /%d HTTP/1.1" % number
    assert len(house.upstream.received) == 1


async def test_pipelined_requests_are_answered_in_order(house: House) -> None:
    client = await house.client()
    client.send(b"".join(request(f"/{number}") for number in range(50)))
    bodies = [(await client.read_answer()).body for _ in range(50)]
    assert bodies == [b"GET /%d HTTP/1.1" % number for number in range(50)]


async def test_a_thousand_pipelined_requests_to_nowhere_are_all_answered(house: House) -> None:
    client = await house.client()
    house.gate.default = Verdict.REFUSE
    client.send(request(host=OTHER) * 1000)
    assert {(await client.read_answer()).status for _ in range(1000)} == {401}


async def test_a_head_that_comes_byte_by_byte(house: House) -> None:
    client = await house.client()
    for byte in request("/slow"):
        client.send(bytes([byte]))
        await client.writer.drain()
        await asyncio.sleep(0)
    assert (await client.read_answer()).body == b"GET /slow HTTP/1.1"


async def test_one_connection_may_carry_both_hosts(house: House) -> None:
    client = await house.client()
    client.send(request("/x"))
    assert (await client.read_answer()).status == 200
    client.send(request("/y", host="localhost"))
    assert (await client.read_answer()).body == b"GET /y HTTP/1.1"
    assert house.app.requests == ["GET /y"]
    assert house.upstream.requests == ["GET /x"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_body_is_passed_on(house: House, method: str) -> None:
    assert (await house.ask("/", method=method, body=b"hello" * 1000)).status == 200
    assert house.upstream.bytes.endswith(b"\r\n\r\n" + b"hello" * 1000)


async def test_a_chunked_body_is_passed_on_without_its_extensions(house: House) -> None:
    async def read_chunked(peer: Peer) -> None:
        await peer.read_head()
        await peer.reader.readuntil(b"\r\n0\r\nX-Sum: 1\r\n\r\n")
        peer.send(ok())

    house.upstream.behaviour = read_chunked
    client = await house.client()
    client.send(request(method="POST", fields={"Transfer-Encoding": "chunked"}))
    for part in (b"5;a=", b"b\r\nhel", b"lo\r", b"\n3\r\nabc\r\n0", b"\r\nX-Sum: 1\r\nHost: evil\r\n", b"\r\n"):
        client.send(part)
        await client.writer.drain()
    assert (await client.read_answer()).status == 200
    assert house.upstream.bytes.endswith(b"\r\n\r\n5\r\nhello\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\n\r\n")


async def test_head_has_a_length_and_no_body(house: House) -> None:
    async def head_only(peer: Peer) -> None:
        while await peer.read_request():
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n")

    house.upstream.behaviour = head_only
    client = await house.client()
    for _ in range(3):
        client.send(request(method="HEAD"))
        assert (await client.read_answer(bodiless=True)).fields["content-length"] == "5000"


@pytest.mark.parametrize("status", [204, 304])
async def test_answers_that_have_no_body(house: House, status: int) -> None:
    async def bodiless(peer: Peer) -> None:
        while await peer.read_request():
            peer.send(b"HTTP/1.1 %d Whatever\r\nETag: x\r\n\r\n" % status)

    house.upstream.behaviour = bodiless
    client = await house.client()
    for _ in range(3):
        client.send(request())
        assert (await client.read_answer()).status == status


async def test_a_chunked_answer_keeps_the_connection(house: House) -> None:
    async def chunked(peer: Peer) -> None:
        while await peer.read_request():
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nab")
            await peer.writer.drain()
            peer.send(b"cd\r\n0\r\n\r\n")

    house.upstream.behaviour = chunked
    client = await house.client()
    for _ in range(3):
        client.send(request())
        assert (await client.read_answer()).body == b"4\r\nabcd\r\n0\r\n\r\n"
    assert len(house.upstream.received) == 1


async def test_an_answer_without_length_ends_with_its_connection(house: House) -> None:
    async def endless(peer: Peer) -> None:
        await peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 100_000)
        await peer.close()

    house.upstream.behaviour = endless
    answer = await house.ask()
    assert answer.fields["connection"] == "close"
    assert answer.body == b"x" * 100_000


async def test_server_sent_events_are_not_held_back(house: House) -> None:
    async def events(peer: Peer) -> None:
        await peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        for number in range(3):
            peer.send(b"data: %d\n\n" % number)
            await peer.writer.drain()
            await peer.reader.readexactly(0)
        await asyncio.Event().wait()

    house.upstream.behaviour = events
    client = await house.client()
    client.send(request())
    await client.read_head()
    assert await client.reader.readuntil(b"data: 2\n\n")


async def test_interim_answers_are_passed_on(house: House) -> None:
    async def hints(peer: Peer) -> None:
        head = await peer.read_head()
        assert b"Expect: 100-continue" in head
        peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        assert await peer.reader.readexactly(4) == b"body"
        peer.send(ok(b"fine"))

    house.upstream.behaviour = hints
    client = await house.client()
    client.send(request(method="POST", fields={"Expect": "100-continue", "Content-Length": "4"}))
    assert (await client.read_answer()).status == 103
    assert (await client.read_answer()).status == 100
    client.send(b"body")
    assert (await client.read_answer()).body == b"fine"


async def test_an_old_client_gets_no_chunks(house: House) -> None:
    async def chunked(peer: Peer) -> None:
        await peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n2\r\nef\r\n0\r\n\r\n")

    house.upstream.behaviour = chunked
    client = await house.client()
    client.send(f"GET / HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode())
    answer = (await client.rest()).partition(b"\r\n\r\n")
    assert answer[2] == b"abcdef"
    assert b"chunked" not in answer[0]


async def test_a_client_that_closes_its_half_still_gets_its_answer(house: House) -> None:
    client = await house.client()
    client.send(request("/half"))
    client.writer.write_eof()
    assert (await client.rest()).endswith(b"GET /half HTTP/1.1")


async def test_connection_close_is_obeyed(house: House) -> None:
    client = await house.client()
    client.send(request(fields={"Connection": "close"}))
    assert (await client.read_answer()).fields["connection"] == "close"
    assert await client.is_closed()


class TestFailures:
    async def test_a_crash_shows_the_last_output_to_members(self, house: House) -> None:
        house.dialer.serve(house.target, SandboxFailed("It stopped with code 1.", output="boom <b>"))
        answer = await house.ask(Accept="text/html")
        assert answer.status == 502
        assert b"boom &lt;b&gt;" in answer.body
        assert b"It stopped with code 1." in (await house.ask()).body

    async def test_a_crash_shows_nothing_to_visitors(self, house: House) -> None:
        house.gate.default = Verdict.ALLOW
        house.dialer.serve(house.target, SandboxFailed("It stopped with code 1.", output="boom"))
        answer = await house.ask()
        assert answer.status == 503
        assert b"boom" not in answer.body

    async def test_what_is_gone_is_said_to_be(self, house: House) -> None:
        house.dialer.serve(house.target, NotFound("no"))
        assert (await house.ask()).status == 404

    async def test_what_is_on_its_way_is_to_be_asked_again(self, house: House) -> None:
        house.dialer.serve(house.target, Unavailable("It starts.", retry_after=3))
        answer = await house.ask()
        assert (answer.status, answer.fields["retry-after"]) == (503, "3")
        assert answer.fields["content-type"] == "application/problem+json"

    async def test_a_port_on_which_nothing_listens(self, house: House) -> None:
        house.dialer.serve(house.target, ConnectionRefusedError())
        del house.dialer.instances[house.target]
        answer = await house.ask(Accept="text/html")
        assert answer.status == 502
        assert b"Nothing answers on this port" in answer.body

    async def test_an_old_browser_that_waits_sees_a_page_that_reloads_itself(self, house: House) -> None:
        house.dialer.delay = 30
        client = await house.client()
        client.send(request(fields={"Accept": "text/html"}).replace(b"HTTP/1.1", b"HTTP/1.0"))
        answer = await client.read_answer()
        assert answer.status == 503
        assert b'http-equiv="refresh"' in answer.body
        assert answer.fields["cache-control"] == "no-store"

    async def test_a_program_waits_until_it_runs(self, house: House) -> None:
        house.dialer.delay = 1.6
        assert (await house.ask()).status == 200

    async def test_a_page_given_meanwhile_does_not_waste_the_dial(self, house: House) -> None:
        house.dialer.delay = 1.5
        assert (await house.ask(Accept="text/html")).status == 503
        await eventually(lambda: house.door.counters["pooled"] == 1)
        house.dialer.delay = 60
        assert (await house.ask(Accept="text/html")).status == 200

    async def test_an_app_that_is_away_is_said_to_be(self, house: House) -> None:
        await house.app.close()
        house._app_path.unlink()
        assert (await house.ask(host="localhost")).status == 503

    @pytest.mark.parametrize(
        "junk",
        [
            b"hello\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\nContent-Length: 1\n\na\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nX : 1\r\n\r\n",
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
            b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            b"",
        ],
    )
    async def test_what_is_not_http_is_not_passed_on(self, house: House, junk: bytes) -> None:
        async def send_junk(peer: Peer) -> None:
            await peer.read_request()
            peer.send(junk)
            await peer.close()

        house.upstream.behaviour = send_junk
        assert (await house.ask()).status == 502

    async def test_a_truncated_answer_is_seen_to_be(self, house: House) -> None:
        async def truncate(peer: Peer) -> None:
            await peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
            await peer.close()

        house.upstream.behaviour = truncate
        client = await house.client()
        client.send(request())
        assert (await client.rest()).endswith(b"\r\n\r\nabc")

    async def test_a_bad_chunk_in_an_answer_cuts_it_off(self, house: House) -> None:
        async def bad_chunk(peer: Peer) -> None:
            await peer.read_request()
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
            await peer.writer.drain()
            peer.send(b"zz\r\n")

        house.upstream.behaviour = bad_chunk
        client = await house.client()
        client.send(request())
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await client.reader.readuntil(b"0\r\n\r\n")


class TestEarlyAnswers:
    async def test_an_answer_before_the_body_has_ended_closes_both_sides(self, house: House) -> None:
        async def refuse(peer: Peer) -> None:
            await peer.read_head()
            peer.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
            await peer.reader.read()

        house.upstream.behaviour = refuse
        client = await house.client()
        client.send(request(method="POST", fields={"Content-Length": "1000000"}) + b"x" * 1000)
        answer = await client.read_answer()
        assert (answer.status, answer.fields["connection"]) == (413, "close")
        client.send(request("/smuggled"))
        assert await client.is_closed()
        await eventually(lambda: house.door.counters["connections"] == 0)
        assert b"smuggled" not in house.upstream.bytes
        assert house.door.counters["pooled"] == 0

    async def test_bytes_after_an_answer_are_nobodys(self, house: House) -> None:
        async def too_much(peer: Peer) -> None:
            await peer.read_request()
            peer.send(ok(b"one") + ok(b"forged"))
            await peer.reader.read()

        house.upstream.behaviour = too_much
        client = await house.client()
        client.send(request())
        assert (await client.read_answer()).body == b"one"
        house.upstream.behaviour = answer_ok
        client.send(request("/next"))
        assert (await client.read_answer()).body == b"GET /next HTTP/1.1"

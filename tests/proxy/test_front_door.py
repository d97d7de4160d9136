"""Requests through the front door: to previews, to the app, and to nowhere."""

import asyncio
from uuid import uuid4

import pytest

from firefly.errors import NotFound, SandboxFailed, Unavailable
from firefly.proxy import Head, Verdict
from firefly.routes import Access, AppTarget, Route, SandboxTarget
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


class TestRouting:
    async def test_an_unknown_host_and_a_forbidden_one_look_the_same(self, house: House) -> None:
        house.gate.default = Verdict.REFUSE
        house.gate.verdicts[HOST] = Verdict.REFUSE
        unknown, forbidden = [await house.ask(host=host) for host in (OTHER, HOST)]
        assert unknown == forbidden
        assert unknown.status == 401
        assert house.dialer.dialed == [], "nothing is woken before the gate has decided"

    @pytest.mark.parametrize("origin", ["http://localhost:3000", "https://a.example", "null", "x", "http://a b"])
    async def test_a_page_may_read_a_refusal_which_says_the_same_for_all_hosts(self, house: House, origin: str) -> None:
        house.gate.default = house.gate.verdicts[HOST] = Verdict.REFUSE
        answers = [await house.ask(host=host, Origin=origin) for host in (OTHER, HOST)]
        assert answers[0] == answers[1]
        allowed = origin if origin.startswith("http") and " " not in origin else None
        assert answers[0].fields.get("access-control-allow-origin") == allowed
        assert answers[0].fields.get("access-control-allow-credentials") == ("true" if allowed else None)
        assert answers[0].fields.get("vary") == ("Origin" if allowed else None)

    async def test_a_host_that_does_not_exist_is_refused_whatever_the_gate_says(self, house: House) -> None:
        assert (await house.ask(host=OTHER)).status == 401

    async def test_ports_of_a_workspace_have_hosts_of_their_own(self, house: House) -> None:
        house.dialer.serve(SandboxTarget(house.workspace, 5173), house.upstream.address)
        assert (await house.ask(host=f"5173--{HOST}")).status == 200
        assert house.dialer.dialed == [SandboxTarget(house.workspace, 5173)]

    async def test_the_gate_can_send_a_visitor_to_the_app(self, house: House) -> None:
        house.gate.verdicts[HOST] = Verdict.TO_APP
        await house.ask("/secret")
        assert house.app.requests == ["GET /secret"]
        assert b"X-Firefly-Host-Kind: content\r\n" in house.app.bytes

    async def test_a_grant_that_grows_old_is_renewed_on_the_answer(self, house: House) -> None:
        house.gate.verdicts[HOST] = Verdict.RENEW
        house.gate.renewed = (Verdict.ALLOW, b"Set-Cookie: __Host-firefly-grant=fresh; Path=/\r\n")
        assert (await house.ask()).fields["set-cookie"] == "__Host-firefly-grant=fresh; Path=/"
        house.gate.verdicts[HOST] = Verdict.MEMBER
        assert "set-cookie" not in (await house.ask()).fields
        house.gate.verdicts[HOST] = Verdict.RENEW
        house.gate.renewed = (Verdict.REFUSE, b"")
        assert (await house.ask()).status == 401

    async def test_the_gate_knows_who_asks(self, house: House) -> None:
        await house.ask()
        head = house.gate.seen[0]
        assert head.visitor.client(head) == b"127.0.0.1"

    async def test_reserved_paths_go_to_the_app_unasked(self, house: House) -> None:
        await house.ask("/.firefly/enter?ticket=1")
        assert house.app.requests == ["GET /.firefly/enter?ticket=1"]
        assert house.gate.seen == []

    @pytest.mark.parametrize(("asked", "status"), [(Verdict.MEMBER, 200), (Verdict.REFUSE, 401), (Verdict.ASK, 401)])
    async def test_a_gate_that_has_to_ask(self, house: House, asked: Verdict, status: int) -> None:
        house.gate.default, house.gate.asked = Verdict.ASK, asked
        assert (await house.ask()).status == status

    @pytest.mark.parametrize("error", [Unavailable("The database is away."), TimeoutError()])
    async def test_a_gate_that_cannot_tell_lets_nobody_in(
        self, house: House, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        async def fail(route: Route | None, head: Head) -> Verdict:
            raise error

        house.gate.default = Verdict.ASK
        monkeypatch.setattr(house.gate, "ask", fail)
        assert (await house.ask()).status == 503
        assert house.upstream.bytes == b""

    async def test_a_renamed_host_redirects_those_who_may_know(self, house: House) -> None:
        house.table.put(Route(OTHER, house.target, uuid4(), Access.MEMBERS, 1, HOST))
        answer = await house.ask("/a?b", host=OTHER)
        assert (answer.status, answer.fields["location"]) == (308, f"//{HOST}:8000/a?b")
        house.gate.default = Verdict.REFUSE
        assert (await house.ask(host=OTHER)).status == 401

    async def test_a_host_may_show_the_app(self, house: House) -> None:
        house.table.put(Route(OTHER, AppTarget(), None, Access.PUBLIC))
        await house.ask("/page", host=OTHER)
        assert house.app.requests == ["GET /page"]

    @pytest.mark.parametrize("target", ["/healthz", "/readyz"])
    async def test_probes_may_come_by_any_name(self, house: House, target: str) -> None:
        assert (await house.ask(target, host="10.1.2.3")).status == 200
        assert house.app.requests == [f"GET {target}"]

    async def test_a_browser_at_a_bare_address_is_sent_to_the_app(self, house: House) -> None:
        answer = await house.ask("/app/a/b", host="127.0.0.1", Accept="text/html")
        assert (answer.status, answer.fields["location"]) == (307, "http://localhost:8000/app/a/b")

    async def test_a_program_at_a_bare_address_gets_the_app(self, house: House) -> None:
        assert (await house.ask("/api/v1/me", host="127.0.0.1", Authorization="Bearer x")).status == 200

    async def test_a_foreign_name_is_no_way_in(self, house: House) -> None:
        assert (await house.ask("/", host="rebound.example")).status == 421
        assert house.app.bytes == b""

    @pytest.mark.parametrize("method", ["TRACE", "CONNECT"])
    async def test_methods_that_are_not_served(self, house: House, method: str) -> None:
        assert (await house.ask("/", method=method)).status == 405
        assert house.upstream.bytes == b""


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

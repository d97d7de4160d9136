"""Which target a request is for, and what is said where there is none."""

from uuid import uuid4

import pytest

from firefly.errors import Unavailable
from firefly.proxy import Head, Verdict
from firefly.routes import Access, AppTarget, Route, SandboxTarget

from .house import HOST, OTHER, House


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

"""Sockets to listen on: several addresses of either family, what is told where none can be had, and systemd's."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from firefly.adapters.listening import FIRST_HANDED_OVER, listeners
from firefly.errors import InvalidInput
from firefly.settings import Settings

needs_ipv6 = pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="this machine has no IPv6")

HANDED = """
import os, sys
from firefly.adapters.listening import listeners
from firefly.settings import Settings
os.environ["LISTEN_PID"] = str(os.getpid())
with listeners(Settings(listen="192.0.2.254:1")) as found:
    print([s.getsockname()[1] for s in found.door], [s.getsockname()[1] for s in found.plain])
"""


def with_addresses(settings: Settings, listen: str, plain: str = "") -> Settings:
    return settings.model_copy(update={"listen": listen, "plain_listen": plain})


@pytest.mark.parametrize("listen", ["192.0.2.254:0", "no-such-host.invalid:0"])
@pytest.mark.parametrize("field", ["listen", "plain_listen"])
def test_an_address_of_nobody_here_is_told(listen: str, field: str, settings: Settings) -> None:
    wanted = settings.model_copy(update={field: listen})
    option = field.replace("_", "-")
    told = f"cannot listen at {listen}: .*another address with --{option}"
    with pytest.raises(InvalidInput, match=told) as caught, listeners(wanted):
        pass
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("host", "family"),
    [("127.0.0.1", socket.AF_INET), pytest.param("[::1]", socket.AF_INET6, marks=needs_ipv6)],
)
def test_either_family_is_listened_on(host: str, family: socket.AddressFamily, settings: Settings) -> None:
    with listeners(with_addresses(settings, f"{host}:0")) as found:
        assert [one.family for one in found.door] == [family]
        assert found.door[0].getsockname()[1] > 0
        assert found.plain == ()


@needs_ipv6
def test_both_families_on_one_port_and_a_plain_address(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with listeners(with_addresses(settings, f"0.0.0.0:{port}, [::]:{port}", "127.0.0.1:0,[::1]:0")) as found:
        assert [one.family for one in found.door] == [socket.AF_INET, socket.AF_INET6]
        assert {one.getsockname()[1] for one in found.door} == {port}
        assert len(found.plain) == 2


@needs_ipv6
def test_a_taken_address_of_ipv6_is_written_as_it_was_given(settings: Settings) -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
        listen = f"[::1]:{other.getsockname()[1]}"
        with pytest.raises(InvalidInput) as caught, listeners(with_addresses(settings, listen)):
            pass
    assert f"cannot listen at {listen}: " in caught.value.detail


def test_all_are_closed_at_the_end_also_when_one_could_not_be_had(settings: Settings) -> None:
    with listeners(with_addresses(settings, "127.0.0.1:0")) as found:
        port = found.door[0].getsockname()[1]
    with pytest.raises(InvalidInput), listeners(with_addresses(settings, f"127.0.0.1:{port},192.0.2.254:0")):
        pass
    with listeners(with_addresses(settings, f"127.0.0.1:{port}")) as found:
        assert found.door[0].getsockname()[1] == port


def test_a_socket_that_was_handed_to_somebody_else_is_left_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Variables that an ancestor was given name its own process."""
    monkeypatch.setenv("LISTEN_PID", str(os.getppid()))
    monkeypatch.setenv("LISTEN_FDS", "1")
    with listeners(settings) as found:
        assert found.door[0].fileno() != FIRST_HANDED_OVER or found.door[0].getsockname()[0] == "127.0.0.1"
        assert found.door[0].getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1


@pytest.mark.parametrize(("names", "plain"), [("", False), ("firefly.socket:plain", True)])
def test_systemd_hands_over_several_and_names_the_plain_one(names: str, plain: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        ports = [found.getsockname()[1] for found in (one, other)]

        def hand_over() -> None:
            kept = [os.dup(found.fileno()) for found in (one, other)]
            for number, descriptor in enumerate(kept):
                os.dup2(descriptor, FIRST_HANDED_OVER + number)

        done = subprocess.run(
            [sys.executable, "-c", HANDED],
            env=os.environ | {"LISTEN_FDS": "2", "LISTEN_FDNAMES": names},
            preexec_fn=hand_over,
            pass_fds=(FIRST_HANDED_OVER, FIRST_HANDED_OVER + 1),
            capture_output=True,
            text=True,
            timeout=60,
        )
    door, away = ([ports[0]], [ports[1]]) if plain else (ports, [])
    assert done.stdout.strip() == f"{door} {away}", done.stderr

"""How many descriptors a server takes for itself, and how many connections that makes."""

import subprocess
import sys

import pytest

from firefly.proxy import Limits
from firefly.proxy.limits import MOST_CONNECTIONS, connections_within
from firefly.settings.limits import LimitSettings

RAISE = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 3000))
from firefly import descriptors
print(descriptors.raise_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))
from firefly.settings.limits import LimitSettings
from firefly.proxy import Limits
limits = Limits.of(LimitSettings())
print(limits.connections, limits.address_connections, limits.host_connections)
"""


def test_a_server_takes_what_the_system_lets_it_have() -> None:
    said = subprocess.run([sys.executable, "-c", RAISE], check=True, capture_output=True, text=True).stdout
    assert said.split() == ["3000", "3000", "3000", "1372", "343", "1029"]


@pytest.mark.parametrize(
    ("descriptors", "connections"), [(100, 1), (1024, 384), (20_000, 9_500), (1 << 20, MOST_CONNECTIONS)]
)
def test_each_connection_may_need_two_and_others_need_some(descriptors: int, connections: int) -> None:
    assert connections_within(descriptors) == connections


def test_what_is_set_counts() -> None:
    settings = LimitSettings(limit_connections=10, limit_address_connections=3, limit_held=1, limit_head=2048)
    limits = Limits.of(settings)
    assert (limits.connections, limits.address_connections, limits.host_connections) == (10, 3, 7)
    assert (limits.held, limits.head) == (1, 2048)


def test_the_settings_begin_as_the_front_door_does_without_them() -> None:
    derived = {"connections", "address_connections", "host_connections"}
    for name, field in LimitSettings.model_fields.items():
        if name.removeprefix("limit_") not in derived:
            assert field.default == getattr(Limits(), name.removeprefix("limit_"))

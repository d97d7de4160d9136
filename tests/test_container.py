"""The server in a container: what the compose file says is what sandboxes need, and the server can end in order."""

import re
from pathlib import Path
from typing import Any

import yaml

from firefly.settings import PREFIX, Settings

ROOT = Path(__file__).parents[1]


def service() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "config" / "compose.yml").read_text())["services"]["firefly"]
    return found


def test_sandboxes_have_what_a_container_usually_forbids() -> None:
    assert set(service()["security_opt"]) == {f"{name}=unconfined" for name in ("seccomp", "apparmor", "systempaths")}
    assert service()["devices"] == ["/dev/net/tun"]


def test_there_is_time_to_end_in_order() -> None:
    settings = Settings()
    seconds = int(service()["stop_grace_period"].removesuffix("s"))
    assert seconds > settings.drain_requests + settings.drain_tunnels + 10


def test_what_it_sets_are_settings_and_its_port_and_volume_are_the_images() -> None:
    names = {name.removeprefix(PREFIX).lower() for name in service()["environment"]}
    assert names <= set(Settings.model_fields)
    recipe = (ROOT / "Dockerfile").read_text()
    (port,), (volume,) = service()["ports"], service()["volumes"]
    assert re.search(rf"^EXPOSE {port.rpartition(':')[2]}$", recipe, re.MULTILINE)
    assert re.search(rf"^VOLUME {volume.partition(':')[2]}$", recipe, re.MULTILINE)

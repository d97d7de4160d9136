"""What the commands of a Dockerfile reach: nothing private, nothing at all, or whatever the engine does."""

from typing import Any

from firefly.errors import FireflyError, NotFound, Unavailable
from firefly.sandbox.docker import firewall
from firefly.sandbox.docker.engine import Engine
from firefly.settings import Settings

# BuildKit's commands are on the engine's own bridge; no other can be named.
NETWORK = "bridge"
_NAME = "com.docker.network.bridge.name"
_REMEDY = "Set FIREFLY_BUILD_NETWORK=none, or see that the engine has its bridge and that iptables works there."


class Network:
    """`installation` marks the rules, which are put in place before the first build."""

    def __init__(self, engine: Engine, settings: Settings, installation: str) -> None:
        self._engine = engine
        self._settings = settings
        self._installation = installation
        self._protected = False

    async def ready(self) -> str:
        """The network that the engine is asked for. Raises Unavailable where it cannot be kept from what is private."""
        if self._settings.build_network == "none":
            return "none"
        if self._settings.build_network == "public" and not self._protected:
            await self._protect()
            self._protected = True
        return "default"

    async def _protect(self) -> None:
        settings = self._settings
        try:
            found: dict[str, Any] = await self._engine.call("GET", f"networks/{NETWORK}")
            bridge = str(found["Options"][_NAME])
            await firewall.protect(
                self._engine, self._installation, settings.docker_image, settings.egress_allow, bridge=bridge
            )
        except (NotFound, KeyError, TypeError) as error:
            raise Unavailable(f"The engine has no bridge of its own for what a Dockerfile runs. {_REMEDY}") from error
        except FireflyError as error:
            said = error.detail.rstrip(".")
            raise Unavailable(f"Builds cannot be kept from private networks ({said}). {_REMEDY}") from error

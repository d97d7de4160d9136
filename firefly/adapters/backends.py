"""What makes sandboxes, as the settings say."""

from firefly.clock import Clock
from firefly.sandbox.backend import SandboxBackend
from firefly.sandbox.process import ProcessBackend
from firefly.secrets import Keyring
from firefly.settings import Settings


def backend(settings: Settings, keyring: Keyring, clock: Clock) -> SandboxBackend:
    if settings.sandbox == "swarm":
        # Docker's client is no concern of installations without it.
        from firefly.sandbox.swarm.backend import SwarmBackend

        return SwarmBackend(settings, keyring, clock=clock)
    return ProcessBackend(settings, clock=clock)

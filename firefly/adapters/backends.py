"""What makes sandboxes, as the settings say."""

import socket

from firefly.clock import Clock
from firefly.sandbox.backend import SandboxBackend
from firefly.sandbox.process import ProcessBackend
from firefly.secrets import Keyring
from firefly.settings import Settings
from firefly.store import Database


def backend(settings: Settings, database: Database, keyring: Keyring, clock: Clock) -> SandboxBackend:
    # Docker's client is no concern of installations without it.
    if settings.sandbox == "docker":
        from firefly.sandbox.docker.backend import DockerBackend
        from firefly.sandbox.docker.subnets import DatabaseSubnets

        # Servers that share a database need not share an engine.
        engine = f"{socket.gethostname()} {settings.docker_host}"
        return DockerBackend(settings, DatabaseSubnets(database, engine, settings.docker_subnets, clock), clock=clock)
    if settings.sandbox == "swarm":
        from firefly.sandbox.swarm.backend import SwarmBackend

        return SwarmBackend(settings, keyring, clock=clock)
    return ProcessBackend(settings, clock=clock)

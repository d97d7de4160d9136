"""What makes sandboxes, as the settings say."""

import asyncio
import socket

from firefly.clock import Clock
from firefly.sandbox import runtimes
from firefly.sandbox.backend import Capabilities, SandboxBackend
from firefly.sandbox.detection import look as look_at_machine
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


async def look(settings: Settings) -> Capabilities:
    """What is offered here, for who starts no server. Raises Unavailable where there is no engine to ask."""
    if settings.sandbox == "docker":
        from firefly.sandbox.docker import detection as docker

        return await docker.survey(settings)
    if settings.sandbox == "swarm":
        from firefly.sandbox.swarm import detection as swarm

        return await swarm.survey(settings)
    found = await asyncio.to_thread(look_at_machine, runtimes.find(settings.data_dir).lacks)
    return found.capabilities

"""The settings of the backends that need an engine, docker and swarm."""

from ipaddress import IPv4Network
from typing import Literal

from pydantic import BaseModel, Field, field_validator

from .texts import Texts


class DockerSettings(BaseModel):
    """What counts with `FIREFLY_SANDBOX=docker` or `swarm`."""

    docker_host: str = Field(
        "",
        description="The Docker engine that makes sandboxes, as in `unix:///run/docker.sock`; for `swarm` a manager's. "
        "Empty: what `DOCKER_HOST` or the usual places say.",
    )
    docker_image: str = Field(
        "firefly-project",
        description="The project image, which sandboxes are made of; one with a registry's host in its name is pulled.",
    )
    docker_runtime: str = Field(
        "", description="The engine's runtime for sandboxes, as in `runsc`. Empty: its default."
    )
    docker_subnets: str = Field(
        "10.213.0.0/16",
        description="The private range that the networks of sandboxes are cut from, eight addresses each.",
    )
    registry: str = Field(
        "",
        description="The registry that the nodes of a Swarm have the project image from, `host:port` and perhaps a "
        "path. Empty: the image's name says it, or all nodes have it.",
    )
    swarm_constraints: Texts = Field(
        (),
        description="Which nodes take sandboxes, as in `node.role==worker,node.labels.sandboxes==yes`: all of these, "
        "separated by commas.",
    )

    build_network: Literal["public", "none", "open"] = Field(
        "public",
        description="What the commands of a Dockerfile reach: the internet and nothing private (`public`, by rules for "
        "the engine's own bridge, which hold for all containers on it), nothing (`none`), or whatever the engine lets "
        "them (`open`), which also fetches what ADD names elsewhere then.",
    )
    build_context_max: int = Field(
        1 << 30, ge=1 << 20, description="Bytes that a Dockerfile is given of its project at most."
    )

    build_cache: int = Field(
        10 << 30,
        ge=0,
        description="Bytes that the engine may keep of earlier steps of Dockerfiles, whoever had them built; what was "
        "not used for longest goes first. 0: nobody looks after it.",
    )

    @field_validator("docker_subnets")
    @classmethod
    def _check_subnets(cls, value: str) -> str:
        network = IPv4Network(value)
        if not network.is_private or network.prefixlen > 24:
            raise ValueError("must be a private range of IPv4, /24 or larger, as in 10.213.0.0/16")
        return value

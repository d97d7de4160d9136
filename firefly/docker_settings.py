"""The settings of the docker backend alone: `FIREFLY_DOCKER_*`."""

from ipaddress import IPv4Network

from pydantic import BaseModel, Field, field_validator


class DockerSettings(BaseModel):
    """What counts with `FIREFLY_SANDBOX=docker`."""

    docker_runtime: str = Field("", description="The engine's runtime for sandboxes, as in `runc`. Empty: its default.")
    docker_subnets: str = Field(
        "10.213.0.0/16",
        description="The private range that the networks of sandboxes are cut from, eight addresses each.",
    )

    @field_validator("docker_subnets")
    @classmethod
    def _check_subnets(cls, value: str) -> str:
        network = IPv4Network(value)
        if not network.is_private or network.prefixlen > 24:
            raise ValueError("must be a private range of IPv4, /24 or larger, as in 10.213.0.0/16")
        return value

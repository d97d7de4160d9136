"""The settings of sandboxes: what makes them, what they get and may ask for, how many may run and for how long."""

from ipaddress import IPv4Network

from pydantic import BaseModel, Field, field_validator

from .texts import Texts

# What no way leads to in any case: this network, loopback, multicast and reserved addresses.
NOWHERE = tuple(map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "240.0.0.0/4")))


class SandboxSettings(BaseModel):
    """Sizes in bytes, times in seconds."""

    sandbox: str = Field(
        "process",
        pattern="^(process|docker|swarm)$",
        description="What makes sandboxes: `process`, `docker`, or `swarm` (Docker's).",
    )
    allow_unisolated: bool = Field(
        False, description="Let others than administrators run code where the machine offers no isolation."
    )
    idle_freeze: float = Field(
        600,
        ge=0,
        description="Seconds without any activity after which a sandbox is frozen until it is needed; 0: never.",
    )
    idle_stop: float = Field(3600, gt=0, description="Seconds without any activity after which a sandbox is stopped.")
    prepared_sandboxes: int = Field(
        2, ge=0, le=64, description="Sandboxes started ahead, so that a new project opens at once."
    )
    simultaneous_starts: int = Field(8, ge=1, le=256, description="Sandboxes that may be starting at one time.")
    sandbox_memory: int = Field(1 << 30, ge=64 << 20, description="Memory of a sandbox, in bytes.")
    sandbox_cpu: float = Field(1.0, gt=0, le=256, description="Processors that a sandbox may use.")
    sandbox_pids: int = Field(512, ge=16, description="Processes and threads of a sandbox.")
    node: str = Field(
        "",
        max_length=100,
        description="Name of the node whose sandboxes are kept here. Servers of one database and the same name take "
        "turns, so both must reach the same sandboxes. Empty: one of its own, kept in the data directory.",
    )
    sandbox_memory_max: int = Field(
        2 << 30,
        ge=64 << 20,
        description="Bytes of memory that a project may ask for, in firefly.yml or by its settings.",
    )
    sandbox_cpu_max: float = Field(2.0, gt=0, le=256, description="Processors that a project may ask for.")
    sandbox_pids_max: int = Field(2048, ge=16, description="Processes and threads that a project may ask for.")
    sandbox_disk: int = Field(
        5 << 30,
        ge=16 << 20,
        description="Bytes that a workspace, its home folder included, may take up on the disk, and one file may have.",
    )
    sandbox_disk_max: int = Field(
        10 << 30,
        ge=16 << 20,
        description="Bytes on the disk that a project may ask for, in firefly.yml or by its settings.",
    )
    sandbox_files: int = Field(
        1_000_000, ge=1000, description="Files, folders and links that a workspace may have, its home folder included."
    )
    idle_stop_max: float = Field(
        86400,
        gt=0,
        description="Seconds without any activity that a project may ask for before its sandbox is stopped or frozen.",
    )
    sandboxes_per_user: int = Field(
        20,
        ge=0,
        description="Sandboxes of one owner that may be awake or asleep at one time; administrators' own are not "
        "counted. 0: as many as they like.",
    )
    sandboxes_max: int = Field(
        0,
        ge=0,
        description="Sandboxes that may be awake or asleep at one time in all, administrators' included. 0: as many as "
        "the machine bears.",
    )
    waiting_starts: int = Field(
        200, ge=1, description="Sandboxes that may wait for their turn to start; owners take turns. Then 503."
    )
    keep_awake_max: float = Field(
        43200, ge=0, description="Seconds for which a sandbox may be kept awake at a time by whoever asks for it."
    )
    sandbox_max_age: float = Field(
        604800,
        ge=0,
        description="Seconds after which a sandbox is stopped even while it is used; it starts anew when it is needed. "
        "0: never.",
    )
    egress_allow: Texts = Field(
        (),
        description="IPv4 addresses or networks that sandboxes may reach although they are private, separated by "
        "commas. This machine's own addresses must be named one by one.",
    )

    @field_validator("egress_allow")
    @classmethod
    def _check_egress(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(_network(part)) for part in value)


def _network(text: str) -> IPv4Network:
    try:
        network = IPv4Network(text)
    except ValueError as error:
        raise ValueError(f"{text} is neither an IPv4 address nor a network, as in 10.1.2.3 or 10.1.0.0/16") from error
    if any(network.overlaps(nowhere) for nowhere in NOWHERE):
        raise ValueError(f"no sandbox can reach {text}: it is or holds this network, loopback or multicast addresses")
    return network

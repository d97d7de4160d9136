"""The settings of builds, and of the sites that show what was built."""

from pydantic import BaseModel, Field

from .texts import Texts


class BuildSettings(BaseModel):
    """How much is built at one time, and for how long. Times are in seconds."""

    builds_at_once: int = Field(
        2, ge=0, description="Builds that run at one time, over all servers. 0: they are written down, and wait."
    )
    builds_per_owner: int = Field(
        0, ge=0, description="Those of one owner's projects. 0: as many as run at all; owners take turns all the same."
    )
    build_timeout: int = Field(
        3600, ge=1, le=86400, description="Seconds after which a build is ended; a project may ask for less."
    )
    build_minutes_per_owner: int = Field(
        0,
        ge=0,
        description="Minutes for which builds of one owner's projects may run in a month; what is asked for then waits "
        "for the next one. 0: no limit.",
    )
    artifacts_per_owner: int = Field(
        20 << 30,
        ge=0,
        description="Bytes of artifacts that are kept of one owner's projects, as they are stored; beyond them those "
        "of the oldest builds go, never what a site shows as the newest of its branch. 0: no limit.",
    )
    sites_per_owner: int = Field(
        20,
        ge=0,
        description="Sites of builds that run at one time of one owner's projects; the one that has run longest makes "
        "room for the next, and starts again when somebody asks for it. Demos do not count. 0: any number.",
    )
    pages_room: int = Field(
        4 << 30,
        ge=1 << 20,
        description="Bytes of this server's disk for the unpacked pages of sites that need no process, which all of "
        "them may take together; what nobody has asked for longest makes room, and is unpacked again when somebody "
        "does.",
    )
    build_log_max: int = Field(
        100 << 20, ge=1 << 16, description="Bytes of one build's log that are kept: the first half, and what came last."
    )
    build_log_days: int = Field(
        90,
        ge=0,
        description="Days for which the log of a build is kept after its end, and for longer while a site shows it. "
        "0: for as long as its project is there.",
    )
    build_memory: int = Field(
        0,
        ge=0,
        description="Bytes of memory of a build's sandbox where its firefly.yml asks for none, up to what a project "
        "may ask for. 0: as any other sandbox has, which then begins ahead of need. What Dockerfiles run has as much "
        "for each of FIREFLY_BUILDS_AT_ONCE, together; 0: as much as there is.",
    )
    build_cpu: float = Field(0, ge=0, le=256, description="Processors of a build's sandbox, in the same ways.")
    build_disk: int = Field(0, ge=0, description="Bytes on the disk of a build's sandbox, in the same way.")
    hooks_at_once: int = Field(
        3,
        ge=1,
        le=32,
        description="Calls of providers' hooks that one server handles at one time, each of another project. "
        "The others wait: each may fetch a repository. One is left to others where an owner has all but one.",
    )
    hook_addresses: Texts = Field(
        (),
        description="Private addresses or networks that hooks which Firefly calls may have all the same, separated by "
        "commas.",
    )

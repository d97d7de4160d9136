"""The settings that bound what visitors may take up of the front door: `FIREFLY_LIMIT_*`."""

from pydantic import BaseModel, Field


class LimitSettings(BaseModel):
    """Sizes in bytes, times in seconds; each is a `firefly.proxy.Limits` without the prefix."""

    limit_head: int = Field(
        16 * 1024,
        ge=1024,
        le=1 << 20,
        description="Bytes of a request's head; 431 beyond. An answer may have four times.",
    )
    limit_fields: int = Field(128, ge=16, le=1024, description="Fields of a request's head; 400 beyond.")
    limit_head_time: float = Field(
        15, gt=0, description="Seconds from the first byte of a head to its last, and for a TLS handshake; then 408."
    )
    limit_idle_time: float = Field(
        75, gt=0, description="Seconds for which a connection may wait for its next request."
    )
    limit_stall_time: float = Field(
        120, gt=0, description="Seconds without a byte of a body that is under way, in either direction."
    )
    limit_body_rate: int = Field(
        128,
        ge=0,
        description="Bytes a second that clients must send of a body that has begun, or read of an answer that waits "
        "for them; then 408, or the end. Time that the target takes does not count. 0: as slowly as they like.",
    )
    limit_body_window: float = Field(60, gt=0, description="Seconds over which that is measured.")
    limit_answer_time: float = Field(
        600, gt=0, description="Seconds from the end of a request to the first byte of its answer; then 504."
    )
    limit_wake_time: float = Field(
        90, gt=0, description="Seconds for which a request may wait for a sandbox to start; then 503."
    )
    limit_held: int = Field(
        1024, ge=1, description="Requests that wait for one sandbox to start or to accept; then 503."
    )
    limit_requests: int = Field(
        4096,
        ge=8,
        description="Requests under way at one time, streams included and tunnels not; then 503. The last eighth is "
        "for the app.",
    )
    limit_route_requests: int = Field(1024, ge=1, description="Those to one port of one sandbox; then 503.")
    limit_connections: int = Field(
        0,
        ge=0,
        description="Connections at one time, tunnels and handshakes included; others are closed. 0: as many as the "
        "process's limit of descriptors allows, two for each and some for everything else, and 50000 at most.",
    )
    limit_address_connections: int = Field(
        0,
        ge=0,
        description="Those of one visitor: an IPv4 address, or a /64 of IPv6; 429 behind a trusted proxy, whose own "
        "are not counted, as those of this machine are not. 0: a quarter of all.",
    )
    limit_host_connections: int = Field(
        0,
        ge=0,
        description="Those whose latest request was for one preview's host; then 503. 0: three quarters of all.",
    )
    limit_pooled: int = Field(1024, ge=0, description="Idle connections that are kept to one port of one sandbox.")

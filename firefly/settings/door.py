"""The settings of the front door: what stands before it, how it drains and what it notes."""

from typing import Literal

from pydantic import BaseModel, Field

from .texts import Texts


class DoorSettings(BaseModel):
    """Times in seconds."""

    trusted_proxies: Texts = Field(
        (), description="Addresses or networks whose `X-Forwarded-*` are believed, separated by commas."
    )
    proxy_workers: int = Field(
        0, ge=0, le=64, description="Processes of their own for the front door. 0: it runs in the server's process."
    )
    proxy_protocol: bool = Field(
        False,
        description="Connections come from `FIREFLY_TRUSTED_PROXIES` alone and begin with a header of the PROXY "
        "protocol, version 1 or 2, which says who came to the proxy.",
    )
    allow_same_site: bool = Field(
        False, description="Start although browsers take the app's host and the content domain for one site."
    )
    allow_http: bool = Field(False, description="Start although users come by plain http from other machines.")
    drain_requests: float = Field(
        10, ge=0, description="Seconds that requests under way get for their end when the server stops."
    )
    drain_tunnels: float = Field(
        3, ge=0, description="Seconds that open tunnels (WebSockets, editors) get then before they are cut."
    )
    drain_handover: float = Field(
        300, ge=0, description="Seconds that both get when a successor takes over (`firefly serve --replace`)."
    )
    access_log: Literal["off", "sampled", "all"] = Field(
        "sampled",
        description="A line for every request (`all`), for every one while little is going on and for a part of them "
        "when busy (`sampled`), or none (`off`).",
    )
    access_log_rate: int = Field(
        50,
        ge=1,
        le=10_000,
        description="Lines a second of the sampled access log; errors and slow requests have up to ten times as many "
        "of their own.",
    )

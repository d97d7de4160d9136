"""/metrics: the numbers of all parts and of the process, in Prometheus' text format, for those who may see them."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from firefly.addresses import is_within
from firefly.errors import Forbidden, Unauthenticated
from firefly.proxy.numbers import together

from .context import client_address, identity_of
from .events import EVENT_HUB
from .services import services_of

PREFIX: Final = "firefly_"
# What those mean whose names do not say it all.
FAMILIES: Final[Mapping[str, str]] = {
    "up": "1 while the server answers.",
    "database_available": "1 while the database answers.",
    "event_streams": "Streams of events that are open.",
    "builds_running": "Builds that run here.",
    "builds_waited_seconds_total": "How long those had waited in the queue that have begun here.",
    "builds_ended_total": "Builds that ended here, by state.",
    "build_logs_open": "Logs of builds that are written here.",
    "build_log_viewers": "Viewers who follow the log of a build here.",
    "certificates_end_seconds": "When the first certificate ends, in seconds since 1970; 0: none has come yet.",
    "certificates_failing": "Certificates whose last order failed.",
    "routes": "Routes in the table.",
    "routes_version": "The number of the newest change of a route that is in effect here.",
    "routes_silence_seconds": "How long the database has said nothing; after five nothing private is served.",
    "workers": "Processes of the front door that serve; only with FIREFLY_PROXY_WORKERS.",
    "front_door_requests_total": "Requests by kind of route, visitor (of previews) and class of status.",
    "front_door_received_bytes_total": "Bytes passed on to targets: heads, bodies, tunnels.",
    "front_door_sent_bytes_total": "Bytes passed on to clients.",
    "front_door_request_seconds": "From a request's head to its answer's end; when busy, of a weighted sample.",
    "front_door_tunnels": "Tunnels (WebSockets and the like) that are open.",
    "front_door_pool_open": "Connections to targets, in use and idle.",
    "front_door_pool_idle": "Connections to targets that wait for a request.",
    "front_door_connections": "Client connections that are open and not tunnels.",
    "front_door_held": "Requests that wait for their target.",
    "front_door_dialing": "Connections to targets that are being made.",
    "front_door_accepted_total": "Client connections since the start.",
    "front_door_turned_away_total": "Client connections closed: too many, or not announced by a trusted proxy.",
    "front_door_malformed_total": "Requests refused because they could not be read.",
    "front_door_refused_total": "Requests that the gate refused.",
    "front_door_renewed_total": "Requests whose grant the gate renewed.",
    "front_door_asked_total": "Requests for which the gate had to ask the database.",
    "front_door_sent_to_app_total": "Visitors whom the gate sent to sign in.",
    "front_door_failed_total": "Requests that their target did not answer as it should.",
    "front_door_dialed_total": "Connections to targets since the start.",
    "front_door_retried_total": "Requests sent once more because a kept connection had been closed.",
    "front_door_exhausted_total": "Times at which descriptors ran out, so that new connections had to wait.",
    "front_door_too_slow_total": "Bodies ended because their client sent or read them too slowly.",
    "front_door_moved_total": "Requests that went to another instance of their target.",
    "front_door_ejected_total": "Instances of targets put out of service.",
    "front_door_access_log_left_out_total": "Lines about errors and slow requests that were too many to write.",
    "front_door_loop_lag_seconds": "How late the event loop was, looked at ten times a second.",
}

_SAMPLE: Final = re.compile(r"([a-z_]+?)(_total|_bucket|_sum|_count)?(?:\{(.*)\})?")
_LABEL: Final = re.compile(r'([a-z_]+)="([^"]*)"')


class Numbers(Collector):
    """Shows a mapping of names, with labels as Prometheus writes them, to values, as families."""

    def __init__(self, values: Mapping[str, float]) -> None:
        self._values = values

    def collect(self) -> Iterator[Metric]:
        families: dict[str, Metric] = {}
        for sample, value in self._values.items():
            found = _SAMPLE.fullmatch(sample)
            assert found is not None
            name, suffix, labels = found[1], found[2] or "", dict(_LABEL.findall(found[3] or ""))
            help_text = FAMILIES.get(name + suffix) or FAMILIES.get(name) or f"{name.replace('_', ' ').capitalize()}."
            family = families.setdefault(name, Metric(PREFIX + name, help_text, _kind(suffix)))
            family.add_sample(f"{PREFIX}{name}{suffix}", labels, value)
        return iter(families.values())


def _kind(suffix: str) -> str:
    return {"_total": "counter", "": "gauge"}.get(suffix, "histogram")


def exposition(values: Mapping[str, float]) -> bytes:
    """The numbers of all parts, and of this process."""
    registry = CollectorRegistry()
    registry.register(Numbers(values))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


async def metrics(request: web.Request) -> web.Response:
    """For administrators, and for machines at the addresses of `FIREFLY_METRICS_ADDRESSES`."""
    services = services_of(request)
    if not is_within(client_address(request) or "", services.settings.metrics_addresses):
        _require_administrator(request)
    own = {
        "up": 1.0,
        "database_available": float(services.database.available),
        "event_streams": float(request.config_dict[EVENT_HUB].readers),
    }
    text = exposition(together([own, *(source() for source in services.metrics)]))
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"})


def _require_administrator(request: web.Request) -> None:
    identity = identity_of(request)
    if identity is None:
        raise Unauthenticated(
            "Send an administrator's token as `Authorization: Bearer <token>`, or list this address in "
            "FIREFLY_METRICS_ADDRESSES."
        )
    if not (identity.account.is_administrator and identity.has("admin")):
        raise Forbidden("Only administrators may see these numbers.")

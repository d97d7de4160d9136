"""For administrators: what the front door does, and the routes that it has."""

import asyncio
from collections.abc import Sequence
from heapq import nsmallest

from firefly.proxy.report import Report
from firefly.proxy.tally import kind_of, quantile
from firefly.routes import Route, SandboxTarget, Spread

from .. import schemas
from ..routing import Answer, Call, Resource
from ..services import Services

resource = Resource("Front door")


@resource.get("/admin/front-door", "See what the front door does", answer=schemas.FrontDoor)
async def front_door(call: Call) -> Answer:
    call.require_administrator()
    return front_door_answer(await call.services.report(), routes=len(call.services.routes))


@resource.get(
    "/admin/routes", "List the routes by host", query=schemas.RoutesQuery, answer=schemas.Listing[schemas.RouteEntry]
)
async def routes(call: Call) -> Answer:
    call.require_administrator()
    query = call.query(schemas.RoutesQuery)
    wanted, after = query.search.strip().lower(), query.cursor or ""
    # Of a hundred thousand this takes a while, in which previews are to be served.
    hosts = await asyncio.to_thread(_first, list(call.services.routes), wanted, after, query.limit + 1)
    shown = hosts[: query.limit]
    found = [route for host in shown if (route := call.services.routes.get(host)) is not None]
    following = shown[-1] if len(hosts) > query.limit else None
    return schemas.Listing[schemas.RouteEntry](items=[_entry(call.services, one) for one in found], next=following)


def _first(routes: Sequence[Route], wanted: str, after: str, number: int) -> list[str]:
    """The first hosts behind `after` of which `wanted` is a part."""
    return nsmallest(number, (route.host for route in routes if route.host > after and wanted in route.host))


def front_door_answer(report: Report, *, routes: int) -> schemas.FrontDoor:
    seconds = report.seconds or 1.0
    return schemas.FrontDoor(
        requests_per_second=report.requests / seconds,
        errors_per_second=report.errors / seconds,
        p50=quantile(report.spans, 0.5),
        p99=quantile(report.spans, 0.99),
        lag_p50=quantile(report.lags, 0.5),
        # Evened out inside its span, it might lie above the longest.
        lag_p99=min(quantile(report.lags, 0.99), report.longest_lag),
        longest_lag=report.longest_lag,
        connections=report.connections,
        tunnels=report.tunnels,
        held=report.held,
        routes=routes,
        pool=[schemas.Pooled.model_validate(slot) for slot in report.pool],
        hosts=[schemas.Talker.model_validate(talker) for talker in report.hosts],
        clients=[schemas.Talker.model_validate(talker) for talker in report.clients],
        failures=[schemas.Failure.model_validate(failure) for failure in report.failures],
    )


def _entry(services: Services, route: Route) -> schemas.RouteEntry:
    target = route.target
    workspace_id = target.workspace_id if isinstance(target, SandboxTarget) else None
    running = workspace_id is not None and services.keeper.running(workspace_id) is not None
    return schemas.RouteEntry(
        host=route.host,
        url=services.settings.host_url(route.host),
        kind="several" if isinstance(target, Spread) else kind_of(target),
        state=None if workspace_id is None else "running" if running else "asleep",
        access=route.access.value,
        workspace_id=workspace_id,
        project_id=route.project_id,
        redirect_to=route.redirect_to,
    )

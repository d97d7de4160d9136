"""What server and workers tell each other, by name, and the kinds of values that pass.

Server to worker, calls: `set_up(Setup)`, `serve()`, `close(drain, tunnels)`, `ended(drain, tunnels)`,
`report()`. Notes:
`routes(routes, hosts that are gone)`, `policies({project: policy or None})`, `refusals(latest, of grants)`,
`revoked(revocation)`, `review()`, `certificates(pairs)`, `stale(whether nothing private is served)`, `retire()`,
`missing(project)` (both ways, see `adapters.missing`), `instances([(target, instance or None, whether it is awake)])`.

Worker to server, calls: `dial(target)` (the instance, and a socket), `probe(target)` (a socket), `progress(target)`,
`redeem(handle)`, `opens(token, project)`. Notes: `watch(target)` (tell when it changes), `touched((target, at), …)`,
`seen(ids of grants)`, `numbers({name: value})`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from firefly.access import Policy
from firefly.auth import Holder, Revocation
from firefly.link import Wire
from firefly.proxy import Progress, Step
from firefly.proxy.journal import Failure
from firefly.proxy.report import Pooled, Report, Talker
from firefly.routes import Access, AppTarget, BridgeTarget, Health, PagesTarget, Route, SandboxTarget, Spread
from firefly.tls import Pair


@dataclass(frozen=True, slots=True)
class Setup:
    """What a worker is from the first moment; `settings` without secrets, descriptors as they were inherited."""

    settings: Mapping[str, Any]
    grant_keys: tuple[bytes, ...]
    door: tuple[int, ...]
    plain: tuple[int, ...]
    encrypted: bool
    pairs: tuple[Pair, ...]


WIRE = Wire(
    (
        Access,
        AppTarget,
        BridgeTarget,
        Failure,
        Health,
        Holder,
        PagesTarget,
        Pair,
        Policy,
        Pooled,
        Progress,
        Report,
        Revocation,
        Route,
        SandboxTarget,
        Setup,
        Spread,
        Step,
        Talker,
    )
)

"""What a server and its successor tell each other, by name, and the kinds of values that pass.

The successor connects to `control.sock` of the running server, and in this order
- calls `offer(version)`: an Offer, and the listening sockets;
- starts beside it, as far as that does no harm, and calls `let_go()`: from then on the sandboxes are the successor's;
- notes `here()` when it keeps them and its application answers: the running server asks for sandboxes there;
- notes `taken_over()` when it accepts connections: the running server accepts no more, and goes when all is done.

If the connection ends before `taken_over`, everything is the running server's again.

The running server calls `ensure`, `connect`, `probe`, `stop`, `freeze`, `restart`, `status`, `ask`, `keep_awake`,
`let_sleep`, `logs`, `remove`, `empty`, `accompany`, `claim_prepared` (as the keeper has them) and `redeem(handle)`, and
notes `touch(workspace_id)` and `jobs()`: there is one to begin.
"""

from dataclasses import dataclass

from firefly.auth import Holder
from firefly.link import Wire
from firefly.routes import BridgeTarget, SandboxTarget
from firefly.sandbox.backend import Instance, Limits, State, Stats
from firefly.sandbox.keeper import KeepAwake, PreparedWorkspace, Status, Wishes

CONTROL_SOCKET = "control.sock"
# Raised whenever something above, or a kind of value below, changes its meaning.
VERSION = 2


@dataclass(frozen=True, slots=True)
class Offer:
    """What a successor gets at first; `names` are those of the sockets, as a socket unit names them."""

    pid: int
    release: str
    names: tuple[str, ...]


WIRE = Wire(
    (
        BridgeTarget,
        Holder,
        Instance,
        KeepAwake,
        Limits,
        Offer,
        PreparedWorkspace,
        SandboxTarget,
        State,
        Stats,
        Status,
        Wishes,
    )
)

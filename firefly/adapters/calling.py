"""The hooks that projects call, tied together in one place."""

from dataclasses import dataclass
from typing import Self

from firefly.auth import RateLimiter
from firefly.builds.outgoing import HookListener, OutgoingHooks, Posting, Sending
from firefly.builds.outgoing.records import HookRecords
from firefly.git import AddressPolicy
from firefly.secrets import Keyring

from .ground import Ground
from .work import Work


@dataclass(frozen=True, kw_only=True)
class Calling:
    hooks: OutgoingHooks
    listener: HookListener
    sending: Sending

    @classmethod
    def build(cls, ground: Ground, *, work: Work, keyring: Keyring) -> Self:
        """Raises InvalidInput for addresses in the settings that are none."""
        records = HookRecords(ground.database, ground.bus, ground.clock, keyring)
        posting = Posting(AddressPolicy(ground.settings.hook_addresses))
        return cls(
            hooks=OutgoingHooks(
                records=records,
                posting=posting,
                projects=work.projects,
                audit=ground.audit,
                limiter=RateLimiter(ground.database, ground.clock),
            ),
            listener=HookListener(records, url=ground.settings.url),
            sending=Sending(records, posting),
        )

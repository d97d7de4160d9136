"""The members of a project and their roles."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .model import Member, Role

if TYPE_CHECKING:
    from ..auth import Identity


class Members:
    async def list(self, identity: "Identity | None", owner: str, name: str) -> Sequence[Member]:
        raise NotImplementedError

    async def put(self, identity: "Identity", owner: str, name: str, member: str, role: Role) -> Member:
        """Add `member` (an account's name), or change the role.

        Raises NotFound (no such account), Forbidden (a maintainer making owners), Conflict (the last owner).
        """
        raise NotImplementedError

    async def remove(self, identity: "Identity", owner: str, name: str, member: str) -> None:
        """Members may remove themselves. Raises Conflict for the last owner."""
        raise NotImplementedError

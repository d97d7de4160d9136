"""The terminal service: shells that survive the connections that look at them."""

import asyncio
import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from firefly.bridge.dispatcher import Method, Reply
from firefly.bridge.environment import Environment
from firefly.bridge.terminal import Terminal
from firefly.bridge.workspace import Workspace
from firefly.errors import LimitReached, NotFound
from firefly.protocol.model import Done, Nothing
from firefly.protocol.terminal import (
    Exited,
    Opened,
    OpenParams,
    ResizeParams,
    TerminalInfo,
    TerminalList,
    TerminalParams,
)

if TYPE_CHECKING:
    from firefly.bridge.connection import Connection

MOST_TERMINALS = 16


class Terminals:
    def __init__(self, workspace: Workspace, environment: Environment) -> None:
        self._workspace = workspace
        self._environment = environment
        self._terminals: dict[str, Terminal] = {}

    def methods(self) -> Sequence[Method[Any]]:
        return (
            Method("terminal.open", OpenParams, self._open),
            Method("terminal.attach", TerminalParams, self._attach),
            Method("terminal.list", Nothing, self._list),
            Method("terminal.resize", ResizeParams, self._resize),
            Method("terminal.close", TerminalParams, self._close),
        )

    async def close(self) -> None:
        await asyncio.gather(*(terminal.close() for terminal in self._terminals.values()))

    def find(self, name: str) -> Terminal:
        """NotFound when it was closed."""
        if (terminal := self._terminals.get(name)) is None:
            raise NotFound("That terminal is closed. Open a new one.")
        return terminal

    async def _open(self, peer: "Connection", params: OpenParams) -> Reply:
        self._make_room()
        with self._workspace.folder(params.cwd) as folder:
            cwd = self._workspace.root / self._workspace.real_path(folder)
        terminal = Terminal(secrets.token_hex(6), cols=params.cols, rows=params.rows, member=peer.member.name)
        self._terminals[terminal.id] = terminal
        try:
            shell = self._environment.shell()
            await terminal.start([shell], cwd=cwd, env=self._variables(peer), on_exit=self._exited)
        except BaseException:
            del self._terminals[terminal.id]
            raise
        return self._opened(peer, terminal)

    def _variables(self, peer: "Connection") -> dict[str, str]:
        name = peer.member.name
        return self._environment.child(
            TERM="xterm-256color", COLORTERM="truecolor", GIT_AUTHOR_NAME=name, GIT_COMMITTER_NAME=name
        )

    def _opened(self, peer: "Connection", terminal: Terminal) -> Reply:
        channel = terminal.attach(peer)

        def replay() -> None:
            terminal.replay(peer, channel)
            if terminal.code is not None:
                peer.notify("terminal.exited", Exited(id=terminal.id, code=terminal.code))

        return Reply(Opened(id=terminal.id, channel=channel), replay)

    async def _attach(self, peer: "Connection", params: TerminalParams) -> Reply:
        return self._opened(peer, self.find(params.id))

    async def _list(self, _: "Connection", __: Nothing) -> TerminalList:
        return TerminalList(terminals=[_info(terminal) for terminal in self._terminals.values()])

    async def _resize(self, _: "Connection", params: ResizeParams) -> Done:
        self.find(params.id).resize(params.cols, params.rows)
        return Done()

    async def _close(self, _: "Connection", params: TerminalParams) -> Done:
        terminal = self.find(params.id)
        await terminal.close()
        self._terminals.pop(terminal.id, None)
        return Done()

    def _make_room(self) -> None:
        ended = [terminal for terminal in self._terminals.values() if terminal.code is not None]
        if len(self._terminals) < MOST_TERMINALS:
            return
        if not ended:
            raise LimitReached(f"{MOST_TERMINALS} terminals are open. Close one first.")
        del self._terminals[min(ended, key=lambda terminal: terminal.opened).id]

    def _exited(self, terminal: Terminal) -> None:
        for peer in terminal.viewers():
            peer.notify("terminal.exited", Exited(id=terminal.id, code=terminal.code or 0))


def _info(terminal: Terminal) -> TerminalInfo:
    return TerminalInfo(
        id=terminal.id,
        cols=terminal.cols,
        rows=terminal.rows,
        opened=terminal.opened,
        member=terminal.member,
        running=terminal.code is None,
        code=terminal.code,
    )

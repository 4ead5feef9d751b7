"""The connections to one server: idle ones are kept for the next request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pytest_llmlat.backends.transport.dialling import Unreachable
from pytest_llmlat.machine.open_files import make_room

if TYPE_CHECKING:
    from pytest_llmlat.backends.transport.connection import Connection
    from pytest_llmlat.backends.transport.dialling import Dialler

_AT_ONCE = 64
"""Connections that are opened at once at most: a server queues only so many that
knock."""
_TURNS = 100


class Pool:
    """Idle connections, the one used last on top: it is the least likely stale."""

    def __init__(self, dialler: Dialler) -> None:
        """Hold connections that ``dialler`` opens."""
        self._dialler = dialler
        self._idle: list[Connection] = []
        self._all: set[Connection] = set()

    def take(self) -> Connection | None:
        """Return an idle connection, ``None`` if there is none."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.closed:
                return connection
        return None

    async def open(self) -> Connection:
        """Return a new connection.

        Raises:
            Unreachable: none could be opened.
        """
        connection = await self._dialler.dial(self._all.discard)
        if not connection.closed:
            self._all.add(connection)
        return connection

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next request, or close it."""
        if connection.ready:
            self._idle.append(connection)
        else:
            connection.abort()

    async def connect(self, connections: int) -> None:
        """Open connections until so many are idle; those that fail are left out.

        Raises:
            Unsupported: this process may not have so many open.
        """
        self._idle = [connection for connection in self._idle if not connection.closed]
        make_room(connections - len(self._idle))
        turn = asyncio.Semaphore(_AT_ONCE)

        async def one() -> None:
            async with turn:
                try:
                    self._idle.append(await self.open())
                except Unreachable:
                    return

        async with asyncio.TaskGroup() as group:
            for _ in range(connections - len(self._idle)):
                group.create_task(one())

    async def close(self) -> None:
        """Close all connections and wait until they are gone."""
        self._idle.clear()
        for connection in list(self._all):
            connection.abort()
        for _ in range(_TURNS):
            if not self._all:
                return
            await asyncio.sleep(0)

# SPDX-License-Identifier: GPL-2.0-only
"""A TCP path between two boxes that can be black-holed, both ways or one: connections stay open, new ones hang."""

import asyncio

CHUNK = 65_536


class TcpPath:
    """Listens on `port` and carries to `target` until it is black-holed."""

    def __init__(self, port: int, target: tuple[str, int]) -> None:
        self.port = port
        self._target = target
        self._ways = {"up": asyncio.Event(), "down": asyncio.Event()}
        self.heal()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)

    def black_hole(self, *ways: str) -> None:
        """From now on nothing passes: up, to the target, or down, or in either direction."""
        for way in ways or tuple(self._ways):
            self._ways[way].clear()

    def heal(self) -> None:
        """Everything passes again, what was held first."""
        for way in self._ways.values():
            way.set()

    async def close(self) -> None:
        """End every connection."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await self._ways["up"].wait()
        try:
            far_reader, far_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            return
        try:
            async with asyncio.TaskGroup() as ways:  # a way that fails ends the other, which nobody would wait for
                ways.create_task(self._pump(reader, far_writer, self._ways["up"]))
                ways.create_task(self._pump(far_reader, writer, self._ways["down"]))
        except* OSError:
            pass

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: asyncio.Event) -> None:
        try:
            while octets := await reader.read(CHUNK):
                await way.wait()
                writer.write(octets)
                await writer.drain()
        finally:
            writer.close()

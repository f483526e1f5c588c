# SPDX-License-Identifier: GPL-2.0-only
"""What two headquarters have of boxes is one list: a stream of the message servers, a message a box, the newest kept.

Each has all of it in its own file and writes nothing that the stream has not taken right after what the file shows
(`duplex/stream.py`). So a claim is used once, whichever door it was shown at and whoever dies meanwhile. Asked from
threads; its connection has a loop of its own.
"""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

import nats.errors
import structlog
from nats.aio.client import Client

from appliance.config import Headquarters
from appliance.headquarters.duplex.stream import Extent, NoQuorumError, OvertakenError, Stored, Stream, UnseenError
from appliance.uplink.connection import connect, own_access

NAME = "identities"
RETRY_S = 0.5
ANSWER_S = 5.0
T = TypeVar("T")

log = structlog.get_logger()


class Agreed(Protocol):
    """What `identities.py` needs of it. Every method raises NoQuorumError."""

    def extent(self) -> Extent:
        """As its leader knows it."""

    def read(self, after: int) -> list[Stored]:
        """The next ones, some of them; none where there is none."""

    def append_after(self, position: int, box: str, payload: bytes) -> int:
        """How the box stands, right after that position or not at all. Raises OvertakenError."""


def stream(client: Client) -> Stream:
    """Of the message servers that this client is connected to."""
    return Stream(client, NAME, newest=1)


class Agreement:
    """The stream; until it is made, and after `close`, nobody agrees."""

    def __init__(self, config: Headquarters, name: str) -> None:
        self._config, self._name = config, name
        self._stream: Stream | None = None
        self._made = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=NAME, daemon=True)
        self._thread.start()

    def made(self, within_s: float) -> bool:
        """Whether a majority of the message servers has it by then."""
        return self._made.wait(within_s)

    def extent(self) -> Extent:
        """As its leader knows it."""
        return self._asked(self._there().extent())

    def read(self, after: int) -> list[Stored]:
        """The next ones, some of them; none where there is none."""
        return self._asked(self._there().read(after))

    def append_after(self, position: int, box: str, payload: bytes) -> int:
        """How the box stands, right after that position or not at all."""
        try:
            return self._asked(self._there().append_after(position, f"box.{box}", payload))
        except UnseenError as error:  # the other's is on its way; who decides anew will see it
            raise OvertakenError(str(error)) from error

    def close(self) -> None:
        """No more."""
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join(ANSWER_S)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._live())

    async def _live(self) -> None:
        begun = asyncio.create_task(self._begin())
        await self._ended.wait()
        self._stream = None
        begun.cancel()
        await asyncio.wait([begun])

    async def _begin(self) -> None:
        client = await self._connected()
        try:
            boxes = stream(client)
            while True:
                try:
                    await boxes.make()
                    await boxes.extent()
                    break
                except NoQuorumError:
                    await asyncio.sleep(RETRY_S)
            self._stream = boxes
            self._made.set()
            log.info("enrolment.list.shared", client=self._name)
            await self._ended.wait()
        finally:
            await client.close()

    async def _connected(self) -> Client:
        name = f"{self._config.box} {self._name}, boxes"
        while True:
            try:
                return await connect((self._config.server.listen,), own_access(self._config), name)
            except (OSError, nats.errors.Error) as error:
                log.error("enrolment.list.unreached", error=str(error))
                await asyncio.sleep(RETRY_S)

    def _there(self) -> Stream:
        if self._stream is None:
            raise NoQuorumError("no two of the three message servers are together yet")
        return self._stream

    def _asked(self, work: Coroutine[Any, Any, T]) -> T:
        asked = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return asked.result(ANSWER_S)
        except TimeoutError as error:
            asked.cancel()
            raise NoQuorumError("no majority of the message servers has answered") from error

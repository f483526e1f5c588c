# SPDX-License-Identifier: GPL-2.0-only
"""The link to headquarters, and whether it is alive: judged by headquarters' own answers, never by TCP.

A heartbeat each second. Nobody there to answer: down at once. Silence (frozen, black-holed): down after 3 s without an
answer. Down means that routes are not even asked for; the first answered heartbeat means up. Where there are several
message servers, one behind which nobody answers is left for another.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from appliance.config import Endpoint
from appliance.router.domain import Lease, Terms
from appliance.uplink.connection import Access, connect
from appliance.uplink.enrolling.credentials import CredentialsError
from appliance.wire.ids import Identity

BEAT_S = 0.5
"""And for an answer: a lease outlives two that are lost."""
SILENCE_S = 3.0
HURRIED = 5
AGAIN_S = 5.0
"""Until a key that could not be used is looked at again."""
"""Heartbeats that follow at once: the lease changes hands by three."""
HOP_S = 4.0
"""Longer than a standby takes to take over, which is then heard by the same server."""

log = structlog.get_logger()


class LinkDownError(Exception):
    """Nobody can be asked; known at once."""


class LinkSilentError(Exception):
    """Asked, and no answer came in time."""


class Heard(msgspec.Struct, frozen=True):
    """Headquarters' answer to a heartbeat; `terms` of one that speaks of leases."""

    epoch: int = 0
    terms: Terms | None = None


class Link:
    """One link; `run` keeps it. `name` is the branch's, for people; `on_change(up)` is called at every change.

    `contacts` are those in progress, told with each heartbeat, as is `lease`; what is answered to that goes to `terms`,
    which says whether there is more to be said at once. `hears`: by subject, who takes what headquarters says
    unasked, `answers`: who answers what it asks; to be filled before `run`.
    `epoch` is the newest life of the router that was heard of, `round_trip_ms` the last answered heartbeat's.
    """

    def __init__(
        self,
        servers: Sequence[Endpoint],
        access: Access,
        identity: Identity,
        name: str,
        on_change: Callable[[bool], None],
    ) -> None:
        self.up = False
        self.contacts: Callable[[], list[str]] | None = None
        self.lease: Callable[[], Lease | None] = lambda: None
        self.terms: Callable[[Terms | None], bool] = lambda _: False
        self.epoch = 0
        self.round_trip_ms: float | None = None
        self.hears: dict[str, Callable[[bytes], None]] = {}
        self.answers: dict[str, Callable[[bytes], Awaitable[bytes]]] = {}
        self.identity = identity
        self._servers = servers
        self._access = access
        self._name = name
        self._on_change = on_change
        self._client: Client | None = None
        self._answered = 0.0
        self._hopped = 0.0
        self._hurried = 0
        self._beat_now = asyncio.Event()

    async def run(self) -> None:
        """Connect, and beat for ever; cancel to end."""
        self._client = await self._connected(f"{self.identity.box} {self.identity.process}")
        for subject, take in self.hears.items():
            await self._client.subscribe(subject, cb=_taken(take))
        for subject, answer in self.answers.items():
            await self._client.subscribe(subject, cb=_answered(answer))
        try:
            while True:
                await self._beat()
                await self._pause()
        finally:
            await self._client.close()

    async def _connected(self, name: str) -> Client:
        """For the first time. A box without its key, of another machine's TPM say, serves its phones all the same."""
        while True:
            try:
                return await connect(self._servers, self._access, name, self._reached, self._lost)
            except CredentialsError as error:
                log.error("link.credentials.unusable", error=str(error))
                await asyncio.sleep(AGAIN_S)

    async def ask(self, subject: str, payload: bytes, timeout_s: float) -> bytes:
        """The answer. Raises LinkDownError or LinkSilentError."""
        client = self._client
        if client is None or not client.is_connected:
            raise LinkDownError("headquarters' message server cannot be reached")
        try:
            answer = await client.request(subject, payload, timeout=timeout_s)
        except nats.errors.NoRespondersError as error:
            raise LinkDownError("nobody answers at headquarters") from error
        except nats.errors.TimeoutError as error:
            raise LinkSilentError(f"headquarters did not answer within {timeout_s * 1000:.0f} ms") from error
        except nats.errors.Error as error:
            raise LinkDownError(f"headquarters cannot be asked: {error}") from error
        return answer.data

    async def tell(self, subject: str, payload: bytes) -> None:
        """Say it if there is a connection; what is said without one is said again by its source, so it is dropped."""
        client = self._client
        if client is None or not client.is_connected:
            return
        try:
            await client.publish(subject, payload)
        except nats.errors.Error as error:
            log.info("link.message.dropped", subject=subject, error=str(error))

    def outdated(self, epoch: int) -> bool:
        """Whether an older life of the router says it; a newer one is noted."""
        self.epoch = max(self.epoch, epoch)
        return epoch < self.epoch

    def beat_now(self, _: bytes = b"") -> None:
        """There is something to be heard."""
        self._beat_now.set()

    async def _beat(self) -> None:
        who = self.identity
        connected = self._client is not None and self._client.is_connected
        beat = {
            "box": who.box,
            "incarnation": who.incarnation,
            "at_ns": time.time_ns(),
            "name": self._name,
            "contacts": self.contacts() if self.contacts is not None else None,
            "lease": self.lease() if connected else None,
        }
        said = time.monotonic()
        try:
            answer = await self.ask(f"heartbeat.{self.identity.box}", msgspec.json.encode(beat), BEAT_S)
            heard = msgspec.json.decode(answer, type=Heard)
        except LinkDownError as error:
            self._judge(up=False, why=str(error))
            await self._hop()
        except LinkSilentError as error:
            if time.monotonic() - self._answered > SILENCE_S:
                self._judge(up=False, why=str(error))
                await self._hop()
        except msgspec.DecodeError as error:
            log.error("link.answer.unknown", error=str(error))
        else:
            if self.outdated(heard.epoch):
                return
            self._answered = time.monotonic()
            self.round_trip_ms = (self._answered - said) * 1000
            more = self.terms(heard.terms)
            self._judge(up=True, why="headquarters answered")
            self._hurried = self._hurried + 1 if more else 0
            if 0 < self._hurried <= HURRIED:
                self._beat_now.set()

    async def _hop(self) -> None:
        """To another server, where there is one: nobody can be reached by this one."""
        now = time.monotonic()
        if self._client is None or len(self._servers) < 2 or now - max(self._hopped, self._answered) < HOP_S:
            return
        self._hopped = now
        await self._client.force_reconnect()

    async def _pause(self) -> None:
        """Until the next heartbeat, or less where the connection has just come back, or there is more to be said."""
        try:
            await asyncio.wait_for(self._beat_now.wait(), BEAT_S if self.up else BEAT_S / 4)
        except TimeoutError:
            return
        self._beat_now.clear()

    async def _reached(self) -> None:
        self._beat_now.set()

    async def _lost(self) -> None:
        self._judge(up=False, why="the connection was lost")

    def _judge(self, *, up: bool, why: str) -> None:
        if up == self.up:
            return
        self.up = up
        log.info("link.state.changed", up=up, why=why)
        self._on_change(up)


def _taken(take: Callable[[bytes], None]) -> Callable[[Msg], Awaitable[None]]:
    async def taken(message: Msg) -> None:
        take(message.data)

    return taken


def _answered(answer: Callable[[bytes], Awaitable[bytes]]) -> Callable[[Msg], Awaitable[None]]:
    async def answered(message: Msg) -> None:
        said = await answer(message.data)
        if message.reply:
            await message.respond(said)

    return answered

# SPDX-License-Identifier: GPL-2.0-only
"""Branches under load, as headquarters sees them: questions, call events in batches, heartbeats; every caller is told.

seen = asyncio.run(run(network, server, secret, calls_s=100, seconds=60))

A branch sends one batch at a time and keeps it until it is answered, as the uplink does. A caller talks so long that
nine in ten agents are busy, and waits as long as it takes.
"""

import asyncio
import contextlib
import itertools
import random
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NoAnswerError

from appliance.config import Endpoint
from appliance.uplink.connection import Access, connect
from appliance.uplink.forwarder import ANSWER_S, BATCH, POLL_S, RETRY_S
from appliance.wire import calls
from appliance.wire.envelope import Sealer, decode, encode
from appliance.wire.ids import Identity
from appliance.wire.legs import Direction, ReleasedBy
from appliance.wire.routes import RingAgent, RouteAnswer, RouteRequest, Treat
from appliance.wire.treatments import Music
from tests.bench.router.network import Network

OCCUPANCY = 0.9
RINGING = 0.1  # of the time that an agent has a contact
QUESTION_S = 0.5
SAMPLE_S = 0.25
PROGRESS_S = 20.0
DRAIN_S = 120.0


class Seen(msgspec.Struct):
    """What the branches have seen."""

    asked: int = 0
    unanswered: int = 0
    answers_ms: list[float] = []
    ages_ms: list[float] = []
    """Of events, from their making to headquarters' answer."""
    waiting: list[int] = []
    """Callers without an agent, each SAMPLE_S."""
    untold: list[int] = []
    """Events that headquarters has not answered, each SAMPLE_S."""
    seconds: float = 0.0
    told: set[tuple[str, int]] = set()
    """(box, seq) of every event."""


class Caller:
    """One contact."""

    def __init__(self, contact: str, dnis: str) -> None:
        self.contact, self.dnis = contact, dnis
        self.cursor, self.outcome = "", "offered"
        self.ring: asyncio.Future[RouteAnswer] | None = None


class Branch:
    """A box: its callers' questions, and its events in order."""

    def __init__(self, box: str, boxes: Sequence[str], client: Client, seen: Seen) -> None:
        self._reaches = tuple(other for other in boxes if other != box)
        self.box = box
        self._client = client
        self._seen = seen
        self._sealer = Sealer(Identity.take(box, "call"))
        self._serial = itertools.count(1)
        self._pending: deque[tuple[float, bytes]] = deque()
        self._asked: dict[str, Caller] = {}
        self.waiting = 0

    @property
    def untold(self) -> int:
        """How many events headquarters has not answered."""
        return len(self._pending)

    async def hear(self) -> None:
        """Agents for callers who wait."""
        await self._client.subscribe(f"route.assign.{self.box}", cb=self._assigned)

    async def forward(self) -> None:
        """Send the events, for ever."""
        while True:
            if not self._pending:
                await asyncio.sleep(POLL_S)
                continue
            batch = list(itertools.islice(self._pending, BATCH))
            payload = b"[" + b",".join(event for _, event in batch) + b"]"
            try:
                answer = await self._client.request(f"call.{self.box}.record", payload, timeout=ANSWER_S)
            except (NoAnswerError, NoRespondersError):
                await asyncio.sleep(RETRY_S)
                continue
            if msgspec.json.decode(answer.data) != {"stored": len(batch)}:
                raise AssertionError(f"{self.box}: {answer.data!r} to {len(batch)} events")
            now = time.monotonic()
            for _ in batch:
                made, _ = self._pending.popleft()
                self._seen.ages_ms.append((now - made) * 1000)

    async def beat(self) -> None:
        """Each second, for ever."""
        while True:
            known = {"box": self.box, "name": self.box, "incarnation": self._sealer.identity.incarnation}
            beat = msgspec.json.encode({**known, "at_ns": time.time_ns()})
            await self._client.publish(f"heartbeat.{self.box}", beat)
            await asyncio.sleep(1.0)

    async def call(self, dnis: str, hold_s: float) -> None:
        """A caller's life."""
        caller = Caller(f"{self.box}.{self._sealer.identity.incarnation}.{next(self._serial)}", dnis)
        contact, first, second = caller.contact, f"{caller.contact}.in", f"{caller.contact}.out"
        self._tell(calls.ContactBegan(contact=contact, leg=first, channel="span 1 timeslot 1", dnis=dnis))
        ring = await self._agent(caller)
        if ring is not None:
            began = calls.LegBegan(
                contact=contact,
                leg=second,
                direction=Direction.OUTGOING,
                channel=f"sip {ring.extension}",
                to=ring.extension,
                agent=ring.agent,
                token=ring.token,
            )
            self._tell(began)
            await asyncio.sleep(hold_s * RINGING)
            for leg in (second, first):
                self._tell(calls.LegConnected(contact=contact, leg=leg, sample=8_000))
            self._tell(calls.TalkBegan(contact=contact, leg=second, sample=8_000))
            await asyncio.sleep(hold_s * (1 - RINGING))
            self._tell(calls.TalkEnded(contact=contact, sample=80_000, samples=72_000))
            self._tell(calls.LegEnded(contact=contact, leg=second, cause=16, by=ReleasedBy.PEER, sample=80_000))
        self._tell(calls.LegEnded(contact=contact, leg=first, cause=16, by=ReleasedBy.PEER, sample=80_000))
        self._tell(calls.ContactEnded(contact=contact, cause=16, by="caller"))

    async def _agent(self, caller: Caller) -> RingAgent | None:
        """Ask until there is one; None where a question has no answer."""
        while True:
            request, answer = await self._ask(caller)
            if answer is None:
                return None
            if isinstance(answer.action, Treat):
                answer = await self._wait(caller, request, _seconds(answer.action))
            self._asked.pop(request, None)
            if answer is not None:
                return answer.action if isinstance(answer.action, RingAgent) else None

    async def _ask(self, caller: Caller) -> tuple[str, RouteAnswer | None]:
        name = f"{caller.contact}.r{next(self._serial)}"
        question = RouteRequest(
            request=name,
            contact=caller.contact,
            dnis=caller.dnis,
            outcome=caller.outcome,
            cursor=caller.cursor,
            reaches=self._reaches,
            within_ms=round(QUESTION_S * 1000),
        )
        caller.ring = asyncio.get_running_loop().create_future()
        self._asked[name] = caller
        self._seen.asked += 1
        began = time.monotonic()
        try:
            told = await self._client.request(
                f"route.request.{self.box}", encode(self._sealer.seal(question)), timeout=QUESTION_S
            )
        except (NoAnswerError, NoRespondersError):
            self._seen.unanswered += 1
            return name, None
        took_ms = (time.monotonic() - began) * 1000
        self._seen.answers_ms.append(took_ms)
        answer = decode(told.data).body
        if not isinstance(answer, RouteAnswer) or answer.request != name:
            raise AssertionError(f"{answer} to {name}")
        self._decided(caller, answer, caller.outcome, took_ms)
        return name, answer

    async def _wait(self, caller: Caller, request: str, seconds: int) -> RouteAnswer | None:
        """The agent that has become free, or None where it is time to ask again."""
        if caller.ring is None:
            raise AssertionError(f"{request} was never asked")
        self.waiting += 1
        try:
            answer = await asyncio.wait_for(caller.ring, seconds)
        except TimeoutError:
            caller.outcome = "played"
            return None
        finally:
            self.waiting -= 1
        self._decided(caller, answer, "waiting", 0.0)
        return answer

    async def _assigned(self, message: Msg) -> None:
        answer = decode(message.data).body
        if not isinstance(answer, RouteAnswer):
            raise TypeError(f"{answer} is no answer")
        caller = self._asked.get(answer.request)
        if caller is not None and caller.ring is not None and not caller.ring.done():
            caller.ring.set_result(answer)

    def _decided(self, caller: Caller, answer: RouteAnswer, outcome: str, took_ms: float) -> None:
        caller.cursor = answer.cursor
        decided = calls.RouteDecided(
            contact=caller.contact,
            by="headquarters",
            latency_ms=took_ms,
            action=answer.action,
            reason=answer.reason,
            outcome=outcome,
            call_type=answer.call_type,
            script=answer.script,
            version=answer.version,
            path=answer.path,
            values=answer.values,
            queues=answer.queues,
        )
        self._tell(decided)

    def _tell(self, event: calls.CallEvent) -> None:
        envelope = self._sealer.seal(event)
        self._seen.told.add((self.box, envelope.seq))
        self._pending.append((time.monotonic(), encode(envelope)))


async def run(
    network: Network,
    server: Endpoint,
    secret: Path,
    calls_s: float,
    seconds: float,
    told: Callable[[str], None] = lambda _: None,
) -> Seen:
    """So many callers a second for so long, at random times; until all is told, or DRAIN_S have passed.

    `told` hears each PROGRESS_S how it goes.
    """
    seen = Seen()
    client = await connect((server,), Access(secret), "bench")
    branches = [Branch(box, network.boxes, client, seen) for box in network.boxes]
    try:
        for branch in branches:
            await branch.hear()
        async with asyncio.TaskGroup() as parts:
            works = [work for branch in branches for work in (branch.forward(), branch.beat())]
            tasks = [parts.create_task(work) for work in works]
            tasks.append(parts.create_task(_progress(seen, branches, seconds, told)))
            await _come(network, branches, calls_s, seconds, seen)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(_told(branches), DRAIN_S)
            for task in tasks:
                task.cancel()
    finally:
        await client.close()
    return seen


async def _come(network: Network, branches: list[Branch], calls_s: float, seconds: float, seen: Seen) -> None:
    chance = random.Random(1)  # noqa: S311 - the same callers each time
    hold_s = network.agents * OCCUPANCY / calls_s
    began = time.monotonic()
    async with asyncio.TaskGroup() as callers:
        sampling = callers.create_task(_sample(seen, branches))
        for at_s in sorted(chance.uniform(0, seconds) for _ in range(round(calls_s * seconds))):
            await asyncio.sleep(max(0.0, began + at_s - time.monotonic()))
            branch, dnis = chance.choice(branches), chance.choice(network.numbers)
            callers.create_task(branch.call(dnis, hold_s * chance.uniform(0.5, 1.5)))
        seen.seconds = time.monotonic() - began
        sampling.cancel()


async def _told(branches: list[Branch]) -> None:
    while any(branch.untold for branch in branches):  # noqa: ASYNC110 - who forwards need not know of it
        await asyncio.sleep(POLL_S)


def _seconds(treat: Treat) -> int:
    """For which a caller is played to."""
    music = treat.verbs[0]
    if not isinstance(music, Music) or music.seconds is None:
        raise TypeError(f"{music} is no music with an end")
    return music.seconds


async def _progress(seen: Seen, branches: list[Branch], seconds: float, told: Callable[[str], None]) -> None:
    began = time.monotonic()
    while True:
        await asyncio.sleep(PROGRESS_S)
        waiting, untold = (sum(many) for many in zip(*((one.waiting, one.untold) for one in branches), strict=True))
        now = f"{seen.asked} questions, {seen.unanswered} unanswered, {waiting} callers wait, {untold} events untold"
        told(f"{time.monotonic() - began:.0f} s, callers for {seconds:.0f}: {now}")


async def _sample(seen: Seen, branches: list[Branch]) -> None:
    while True:
        seen.waiting.append(sum(branch.waiting for branch in branches))
        seen.untold.append(sum(branch.untold for branch in branches))
        await asyncio.sleep(SAMPLE_S)

# SPDX-License-Identifier: GPL-2.0-only
"""A branch full of callers: real link, real envelopes, 50 calls a second, and a memory of who has which agent.

A question without an answer is asked again, an event is sent until headquarters has it; so a call that is not served in
the end is headquarters' loss.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from appliance.config import Endpoint
from appliance.uplink.connection import Access
from appliance.uplink.link import Link, LinkDownError, LinkSilentError
from appliance.wire.calls import CallEvent, ContactBegan, ContactEnded, LegBegan, LegConnected, LegEnded
from appliance.wire.envelope import Sealer, decode, encode
from appliance.wire.ids import Identity
from appliance.wire.legs import Direction, ReleasedBy
from appliance.wire.routes import RingAgent, RouteAnswer, RouteRequest, Treat
from appliance.wire.treatments import Music
from tests.headquarters.site import BOX

CARD, GOLD = "95588", "95599"
ASK_S = 0.5
AGAIN_S = 0.25
TALK_S = 3.0
BATCH = 50


class Crowd:
    """`answered`: (when, how long it took) of every first answer; `doubled`: agents who were given to two at once."""

    def __init__(self, servers: Sequence[Endpoint], access: Access) -> None:
        identity = Identity.take(BOX, "uplink")
        self.link = Link(servers, access, identity, "crowd", lambda _up: None)
        self.link.hears[f"route.assign.{BOX}"] = self._assigned
        self.link.contacts = lambda: sorted(self._going_on)
        self.answered: list[tuple[float, float]] = []
        self.served: list[str] = []
        self.doubled: list[str] = []
        self.outdated = 0
        self.silent = 0
        self.asked_ns: dict[str, int] = {}
        self.sent = 0
        self._sealer = Sealer(Identity.take(BOX, "call"))
        self._events: deque[bytes] = deque()
        self._waiting: dict[str, asyncio.Future[RouteAnswer]] = {}
        self._holds: dict[str, str] = {}
        self._going_on: set[str] = set()
        self._serial = 0

    def run_beside(self, scene: Callable[[], Awaitable[None]]) -> None:
        """The scene, with the link and the outbox at work."""

        async def run() -> None:
            work = [asyncio.create_task(one) for one in (self.link.run(), self._forward())]
            try:
                await scene()
            finally:
                for task in work:
                    task.cancel()
                await asyncio.gather(*work, return_exceptions=True)

        asyncio.run(run())

    async def calls(self, rate: float, seconds: float) -> None:
        """So many callers a second; ends when the last of them has been served."""
        async with asyncio.TaskGroup() as callers:
            began = time.monotonic()
            for n in range(int(rate * seconds)):
                await asyncio.sleep(max(0.0, began + n / rate - time.monotonic()))
                callers.create_task(self.call())

    async def call(self, dnis: str = CARD, over: asyncio.Event | None = None) -> str:
        """One caller: asks, waits, talks for TALK_S or until it is `over`, and is gone. Returns the contact."""
        self._serial += 1
        contact = f"{BOX}.crowd.{self._serial}"
        self._going_on.add(contact)
        self._say(ContactBegan(contact=contact, leg=f"{contact}.in", channel="span 1 timeslot 1", dnis=dnis))
        ring = await self._agent(contact, dnis)
        if ring.agent in self._holds:
            self.doubled.append(f"{ring.agent}: {self._holds[ring.agent]} and {contact} by {ring.token}")
        self._holds[ring.agent] = contact
        self.served.append(contact)
        leg = f"{contact}.out"
        self._say(
            LegBegan(
                contact=contact,
                leg=leg,
                direction=Direction.OUTGOING,
                channel="sip 1",
                to=ring.extension,
                agent=ring.agent,
                token=ring.token,
            ),
            LegConnected(contact=contact, leg=leg, sample=0),
        )
        await (over.wait() if over else asyncio.sleep(TALK_S))
        if self._holds.get(ring.agent) == contact:
            del self._holds[ring.agent]
        self._say(
            LegEnded(contact=contact, leg=leg, cause=16, by=ReleasedBy.PEER, sample=0),
            ContactEnded(contact=contact, cause=16, by="caller"),
        )
        self._going_on.discard(contact)
        return contact

    @property
    def unsent(self) -> int:
        """Events that headquarters has not acknowledged."""
        return len(self._events)

    async def _agent(self, contact: str, dnis: str) -> RingAgent:
        self.asked_ns[contact] = time.time_ns()
        began = time.monotonic()
        outcome, cursor = "offered", ""
        while True:
            self._serial += 1
            name = f"r{self._serial}"
            later: asyncio.Future[RouteAnswer] = asyncio.get_running_loop().create_future()
            self._waiting[name] = later
            request = RouteRequest(request=name, contact=contact, dnis=dnis, outcome=outcome, cursor=cursor)
            answer = await self._answer(request)
            if answer is None:
                del self._waiting[name]
                await asyncio.sleep(AGAIN_S)
                continue
            if outcome == "offered":
                self.answered.append((time.monotonic(), time.monotonic() - began))
            if isinstance(answer.action, RingAgent):
                return answer.action
            assert isinstance(answer.action, Treat), answer
            (music,) = answer.action.verbs
            assert isinstance(music, Music), answer
            try:
                answer = await asyncio.wait_for(later, music.seconds)
            except TimeoutError:
                outcome, cursor = "played", answer.cursor
                continue
            assert isinstance(answer.action, RingAgent), answer
            return answer.action

    async def _answer(self, request: RouteRequest) -> RouteAnswer | None:
        question = encode(self._sealer.seal(request))
        try:
            body = decode(await self.link.ask(f"route.request.{BOX}", question, ASK_S)).body
        except (LinkDownError, LinkSilentError):
            self.silent += 1
            return None
        assert isinstance(body, RouteAnswer), body
        if self.link.outdated(body.epoch):
            self.outdated += 1
            return None
        return body

    def _assigned(self, payload: bytes) -> None:
        body = decode(payload).body
        assert isinstance(body, RouteAnswer), body
        if self.link.outdated(body.epoch):
            self.outdated += 1
        elif body.request in self._waiting and not self._waiting[body.request].done():
            self._waiting[body.request].set_result(body)

    def _say(self, *events: CallEvent) -> None:
        for event in events:
            self._events.append(encode(self._sealer.seal(event)))
            self.sent += 1

    async def _forward(self) -> None:
        """As the uplink's forwarder: the oldest first, again until they are acknowledged."""
        while True:
            batch = [self._events[n] for n in range(min(BATCH, len(self._events)))]
            try:
                if batch:
                    await self.link.ask(f"call.{BOX}.record", b"[" + b",".join(batch) + b"]", 2.0)
            except (LinkDownError, LinkSilentError):
                await asyncio.sleep(AGAIN_S)
                continue
            for _ in batch:
                self._events.popleft()
            await asyncio.sleep(0.025)

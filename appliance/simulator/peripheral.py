# SPDX-License-Identifier: GPL-2.0-only
"""A foreign PBX, IVR or media server as headquarters meets it: a client of docs/peripheral.md, without telephony.

    async with ForeignPeripheral(server, "PX-0001", password, {"2001": Truth.AVAILABLE}) as pbx:
        answer = await pbx.ask("95588", clid="02512345678")
        await pbx.ring(answer)        # as call events: its agent's leg began

What it says is kept until it is answered, so `unplug` and `plug` lose nothing. One asyncio loop owns it.
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self, TypeVar

import msgspec
import nats
import nats.errors
from nats.aio.client import Client
from nats.aio.msg import Msg

from appliance.config.scalars import Endpoint
from appliance.wire.calls import CallEvent, ContactBegan, ContactEnded, LegBegan, LegConnected, LegEnded, RouteDecided
from appliance.wire.envelope import Body, Envelope, Sealer, decode, encode
from appliance.wire.ids import Identity, IdSource
from appliance.wire.legs import Direction
from appliance.wire.peripherals import AgentIs, AgentLeg, AgentsChanged, PeripheralSnapshot, Truth
from appliance.wire.routes import RingAgent, RouteAnswer, RouteRequest
from appliance.wire.service_messages import Accepted, Refused

BEAT_S = 1.0
ANSWER_S = 2.0
AGAIN_S = 0.05

T = TypeVar("T")


class RefusedError(Exception):
    """Headquarters' sentence."""


class Beaten(msgspec.Struct, frozen=True):
    """Headquarters' answer to a heartbeat; `snapshot`: it wants one."""

    snapshot: bool = False


class ForeignPeripheral:
    """One life of one. `agents` with what they are; `errors` is what the message server has complained of."""

    def __init__(self, server: Endpoint, box: str, password: str, agents: Mapping[str, Truth]) -> None:
        identity = Identity.take(box, "peripheral")
        self.box = box
        self.sealer = Sealer(identity)
        self.agents = {agent: AgentIs(agent, state) for agent, state in agents.items()}
        self.assigned: asyncio.Queue[RouteAnswer] = asyncio.Queue()
        self.errors: list[str] = []
        self._ids = IdSource(identity)
        self._url, self._password = f"nats://{server}", password
        self._client: Client | None = None
        self._beating: asyncio.Task[None] | None = None
        self._contacts: set[str] = set()
        self._legs: dict[str, AgentLeg] = {}
        self._unsaid: list[Envelope] = []
        self._requests = 0

    async def __aenter__(self) -> Self:
        await self.plug()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.unplug()

    async def plug(self) -> None:
        """Connect, and beat from now on. Raises nats.errors.Error."""
        self._client = await nats.connect(
            self._url,
            user=self.box,
            password=self._password,
            name=self.box,
            inbox_prefix=f"_INBOX.{self.box}",
            error_cb=self._complained,
            connect_timeout=1,
            allow_reconnect=False,
        )
        await self._client.subscribe(f"route.assign.{self.box}", cb=self._assigned)
        await self.beat()
        self._beating = asyncio.create_task(self._beat_on())

    async def unplug(self) -> None:
        """The cable is out: nothing more is said."""
        while self._beating is not None and not self._beating.done():
            self._beating.cancel()  # which is lost where the answer comes in the same moment (bpo-37658)
            await asyncio.wait((self._beating,), timeout=0.1)
        self._beating = None
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def beat(self) -> None:
        """Say that it is there, and all that is so where headquarters wants to know it."""
        beat = {"box": self.box, "incarnation": self.sealer.identity.incarnation, "at_ns": 0, "name": f"PBX {self.box}"}
        answer = await self.request("heartbeat", msgspec.json.encode({**beat, "contacts": sorted(self._contacts)}))
        if msgspec.json.decode(answer, type=Beaten).snapshot:
            await self._say("snapshot", self._snapshot())

    async def agent_is(self, agent: str, state: Truth, reason: str = "") -> None:
        """Say what an agent is from now on. Raises RefusedError."""
        self.agents[agent] = AgentIs(agent, state, reason)
        if self._client is not None:
            await self._say("agents", AgentsChanged(agents=(self.agents[agent],)))

    async def ask(self, dnis: str, contact: str = "", **known: str | tuple[str, ...]) -> RouteAnswer:
        """What is to be done with a contact, a new one unless it is named. Raises RefusedError."""
        self._requests += 1
        name = contact or self.new_contact()
        request = RouteRequest(request=f"{name}/{self._requests}", contact=name, dnis=dnis, **known)  # type: ignore[arg-type]
        return _expected(await self.request("route.request", encode(self.sealer.seal(request))), RouteAnswer)

    def new_contact(self) -> str:
        """Its name."""
        contact = self._ids.contact()
        self._contacts.add(contact)
        return contact

    def new_leg(self) -> str:
        """Its name."""
        return self._ids.leg()

    async def arrive(self, contact: str, dnis: str, clid: str = "") -> None:
        """The record begins."""
        leg = self.new_leg()
        await self.tell(ContactBegan(contact=contact, leg=leg, channel="foreign", dnis=dnis, clid=clid or None))

    async def carry_out(self, contact: str, answer: RouteAnswer, outcome: str = "offered") -> None:
        """Put the decision on record; an agent's phone rings."""
        decided = RouteDecided(
            contact=contact,
            by="headquarters",
            latency_ms=1.0,
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
        events: tuple[CallEvent, ...] = (decided,)
        if isinstance(answer.action, RingAgent):
            ring = answer.action
            leg = self.new_leg()
            began = LegBegan(
                contact=contact,
                leg=leg,
                direction=Direction.OUTGOING,
                channel=f"sip {ring.extension} at {self.box}",
                to=ring.extension,
                agent=ring.agent,
                token=ring.token,
            )
            events = (decided, began, LegConnected(contact=contact, leg=leg, sample=0))
        await self.tell(*events)

    async def end(self, contact: str, by: str = "caller") -> None:
        """It is over."""
        await self.tell(ContactEnded(contact=contact, cause=16, by=by))

    async def tell(self, *events: CallEvent) -> None:
        """Call events, each until it is stored. Raises RefusedError."""
        for event in events:
            self._note(event)
            self._unsaid.append(self.sealer.seal(event))
        if self._client is None or not self._unsaid:
            return
        batch = b"[" + b",".join(map(encode, self._unsaid)) + b"]"
        stored = msgspec.json.decode(await self.request("call", batch, ".record"))
        if "error" in stored:
            self._unsaid.clear()
            raise RefusedError(stored["error"])
        del self._unsaid[: stored["stored"]]

    async def request(self, subject: str, payload: bytes, after: str = "") -> bytes:
        """Ask under its own name, again while nobody is there to answer. Raises nats.errors.Error."""
        until_s = time.monotonic() + ANSWER_S
        while self._client is not None:
            try:
                return (await self._client.request(f"{subject}.{self.box}{after}", payload, timeout=ANSWER_S)).data
            except nats.errors.NoRespondersError:
                if time.monotonic() > until_s:
                    raise
            await asyncio.sleep(AGAIN_S)
        raise nats.errors.ConnectionClosedError

    async def publish(self, subject: str, payload: bytes, reply: str = "") -> None:
        """Say anything anywhere, as a peripheral that goes wrong would."""
        if self._client is not None:
            await self._client.publish(subject, payload, reply=reply)
            await self._client.flush()

    async def _say(self, what: str, body: Body) -> None:
        _expected(await self.request("peripheral", encode(self.sealer.seal(body)), f".{what}"), Accepted)

    def _snapshot(self) -> PeripheralSnapshot:
        return PeripheralSnapshot(agents=tuple(self.agents.values()), legs=tuple(self._legs.values()))

    def _note(self, event: CallEvent) -> None:
        match event:
            case LegBegan(agent=str(agent)):
                self._legs[event.leg] = AgentLeg(agent, event.leg, event.contact)
            case LegEnded():
                self._legs.pop(event.leg, None)
            case ContactEnded():
                self._contacts.discard(event.contact)
                self._legs = {leg: one for leg, one in self._legs.items() if one.contact != event.contact}

    async def _beat_on(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            with contextlib.suppress(nats.errors.Error, RefusedError):
                await self.beat()
                await self.tell()

    async def _assigned(self, message: Msg) -> None:
        answer = decode(message.data).body
        if isinstance(answer, RouteAnswer):
            self.assigned.put_nowait(answer)

    async def _complained(self, error: Exception) -> None:
        self.errors.append(str(error))


def _expected(payload: bytes, kind: type[T]) -> T:
    answer = decode(payload).body
    if isinstance(answer, Refused):
        raise RefusedError(answer.sentence)
    if not isinstance(answer, kind):
        raise TypeError(f"{type(answer).__name__} came instead of {kind.__name__}")
    return answer

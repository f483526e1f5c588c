# SPDX-License-Identifier: GPL-2.0-only
"""Call control of a branch, as the uplink sees it: contacts and events in the outbox, questions at the socket."""

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path

import msgspec

from appliance.call.contact import CallState, Contact, Party
from appliance.wire.agents import CallAsked, OrderDone
from appliance.wire.calls import CallEvent, ContactBegan, ContactEnded, LegBegan, LegConnected, LegEnded
from appliance.wire.client import Client
from appliance.wire.envelope import Envelope, Sealer
from appliance.wire.ids import Identity
from appliance.wire.legs import Direction, ReleasedBy
from appliance.wire.outbox import Outbox
from appliance.wire.routes import RingAgent, RouteAnswer, RouteRequest
from tests.headquarters.site import BOX


class Calls:
    """Of one life. Callers stand at `cursor` of their script; `rung` has who was told to be rung by whom, in order.

    What agents want of their calls (`asked`) is refused.
    """

    def __init__(self, state: Path, cursor: str) -> None:
        self._cursor = cursor
        self.rung: list[tuple[str, RingAgent]] = []
        self.answers: list[RouteAnswer] = []
        self.asked: list[CallAsked] = []
        identity = Identity.take(BOX, "call")
        self._outbox = Outbox(state / "outbox.db", Sealer(identity))
        self._numbers = itertools.count(1)
        self._contacts: dict[str, Contact] = {}
        self.client = Client(state / "run" / "uplink.sock", Sealer(identity), self._said)

    def begin(self, contact: str, dnis: str = "95588", clid: str | None = None) -> None:
        name = f"{BOX}.{contact}"
        caller = Party(leg=f"{name}.leg", worker="line1")
        self._contacts[contact] = Contact(
            contact=name, state=CallState.ROUTING, caller=caller, dnis=dnis, clid=clid, cursor=self._cursor
        )
        self._tell(contact, ContactBegan(contact=name, leg=caller.leg, channel="span 1 timeslot 1", dnis=dnis))

    def ask(self, contact: str, outcome: str = "played", cursor: str | None = None) -> None:
        now = self._contacts[contact]
        request = f"r{next(self._numbers)}"
        self._put(contact, request=request, state=CallState.ROUTING)
        self.client.send(
            RouteRequest(
                request=request,
                contact=now.contact,
                dnis=now.dnis,
                clid=now.clid,
                ced="1",
                cursor=now.cursor if cursor is None else cursor,
                place=now.place,
                outcome=outcome,
            )
        )

    def ring(self, contact: str) -> None:
        """The phone that it was told to ring last rings, and is answered."""
        now = self._contacts[contact]
        assert now.ring is not None
        leg = f"{now.contact}.{now.ring.agent}"
        party = Party(leg=leg, worker="sip", answered_sample=1)
        self._put(contact, state=CallState.TALKING, agent=party)
        began = LegBegan(
            contact=now.contact,
            leg=leg,
            direction=Direction.OUTGOING,
            channel="sip",
            to=now.ring.extension,
            agent=now.ring.agent,
            token=now.ring.token,
        )
        self._tell(contact, began, LegConnected(contact=now.contact, leg=leg, sample=1))

    def end(self, contact: str) -> None:
        now = self._contacts.pop(contact)
        events: list[CallEvent] = [ContactEnded(contact=now.contact, cause=16, by="caller")]
        if now.agent is not None:
            events.insert(0, LegEnded(contact=now.contact, leg=now.agent.leg, cause=16, by=ReleasedBy.PEER, sample=9))
        self._outbox.append(*events, keep={now.contact: None})

    def close(self) -> None:
        self._outbox.close()

    def _said(self, envelope: Envelope) -> None:
        answer = envelope.body
        if isinstance(answer, CallAsked):
            self.asked.append(answer)
            self.client.send(OrderDone(order=answer.order, refused="has the caller on hold already"))
        if not isinstance(answer, RouteAnswer):
            return
        for name, now in self._contacts.items():
            if now.request == answer.request:
                self._answered(name, answer)
                return

    def _answered(self, name: str, answer: RouteAnswer) -> None:
        self.answers.append(answer)
        kept = {"cursor": answer.cursor, "place": answer.place, "known": answer.known}
        self._put(name, state=CallState.TREATING, **kept)
        if isinstance(answer.action, RingAgent):
            self._put(name, ring=answer.action, state=CallState.RINGING)
            self.rung.append((name, answer.action))
            self.ring(name)

    def _put(self, contact: str, **changes: object) -> None:
        self._contacts[contact] = msgspec.structs.replace(self._contacts[contact], **changes)
        self._tell(contact)

    def _tell(self, contact: str, *events: CallEvent) -> None:
        now = self._contacts[contact]
        self._outbox.append(*events, keep={now.contact: msgspec.json.encode(now)})


async def so(is_so: Callable[[], object], within_s: float, what: str) -> float:
    """Wait in the loop until it is; the seconds it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not is_so():
        assert loop.time() - began < within_s, f"not within {within_s} s: {what}"
        await asyncio.sleep(0.01)
    return loop.time() - began

# SPDX-License-Identifier: GPL-2.0-only
"""Transfers through the shell: who asks for them, who dies meanwhile, and that nothing is left."""

import asyncio
from collections import Counter

import msgspec
import pytest

from appliance.call.contact import CallState, Contact
from appliance.call.shell.control import Control
from appliance.wire import calls, legs
from appliance.wire.agents import CallAsked, CallWish, OrderDone
from appliance.wire.legs import Direction, Leg, LegState, ReleasedBy
from appliance.wire.routes import Release, RingAgent, RouteAnswer, RouteRequest
from tests.call.test_control import FakeBox, caller, control_of, talking
from tests.call.test_deaths import Site

pytestmark = pytest.mark.unit

SECOND = RingAgent(agent="1002", extension="8002", queue="", token="t2", ring_s=15)


def order(box: FakeBox, control: Control, to: CallWish, number: str = "", agent: str = "1001") -> str:
    """What the agent's wish is answered; empty: under way."""
    (contact,) = control.contacts
    control.route_said(CallAsked(agent=agent, to=to, number=number, contact=contact.contact, order="o"))
    (*_, told) = box.commands(OrderDone)
    assert isinstance(told, OrderDone)
    return told.refused


def answered(box: FakeBox, control: Control) -> str:
    """Headquarters sends the question to the second agent, who answers; returns their leg."""
    control.route_said(RouteAnswer(request=box.asked[-1].request, action=SECOND, reason="asked for"))
    place = box.commands(legs.PlaceLeg)[-1]
    assert isinstance(place, legs.PlaceLeg)
    control.leg_said("sip", legs.LegPlaced(leg=phone(place.leg, LegState.PLACED, 131)))
    control.leg_said("sip", legs.LegAnswered(leg=place.leg, sample=9_000))
    return place.leg


def phone(leg: str, state: LegState, port: int) -> Leg:
    return Leg(leg=leg, direction=Direction.OUTGOING, state=state, channel="sip", port=port)


def test_an_agent_s_order_is_carried_out_or_answered_with_a_sentence() -> None:
    async def story() -> None:
        box = FakeBox()
        control = control_of(box)
        await talking(box, control)
        assert order(box, control, CallWish.COMPLETE) == "has nobody on hold"
        assert order(box, control, CallWish.CONSULT, "1002", agent="1003") == "has no caller any more"
        assert order(box, control, CallWish.CONSULT, "1002") == ""
        assert box.asked[-1].transfer_to == "1002"
        assert "has the caller on hold for 1002" in order(box, control, CallWish.TRANSFER, "95599")

    asyncio.run(story())


def test_call_control_killed_in_a_consultation_loses_nobody() -> None:
    async def story() -> None:
        box = FakeBox()
        control = control_of(box)
        first = await talking(box, control)
        order(box, control, CallWish.CONSULT, "1002")
        second = answered(box, control)

        again = control_of(box)
        again.restore(dict(box.kept))
        again.leg_said("line1", legs.LegSnapshot(legs=(caller(state=LegState.ANSWERED),)))
        up = (phone(first, LegState.ANSWERED, 130), phone(second, LegState.ANSWERED, 131))
        again.leg_said("sip", legs.LegSnapshot(legs=up))
        assert box.commands(legs.ReleaseLeg) == []
        assert order(box, again, CallWish.COMPLETE) == ""
        assert (box.joined[-1].caller, box.joined[-1].agent) == (5, 131)
        assert box.commands(legs.ReleaseLeg) == [legs.ReleaseLeg(leg=first, cause=16)]

    asyncio.run(story())


def test_caller_who_hung_up_while_call_control_was_dead_and_he_was_held_ends_all() -> None:
    async def story() -> None:
        box = FakeBox()
        control = control_of(box)
        first = await talking(box, control)
        order(box, control, CallWish.CONSULT, "1002")
        second = answered(box, control)
        again = control_of(box)
        again.restore(dict(box.kept))
        gone = msgspec.structs.replace(
            caller(state=LegState.RELEASED), cause=16, by=ReleasedBy.PEER, released_sample=200_000
        )
        again.leg_said("line1", legs.LegSnapshot(legs=(gone,)))
        assert box.commands(legs.ReleaseLeg) == [legs.ReleaseLeg(leg=one, cause=16) for one in (first, second)]
        for one in (first, second):
            again.leg_said("sip", legs.LegReleased(leg=one, cause=16, by=ReleasedBy.US, sample=200_100))
        assert again.contacts == ()
        assert isinstance(box.events[-1], calls.ContactEnded)

    asyncio.run(story())


def test_sip_worker_that_dies_in_a_consultation_has_the_caller_routed_again() -> None:
    async def story() -> None:
        box = FakeBox()
        control = control_of(box)
        await talking(box, control)
        order(box, control, CallWish.CONSULT, "1002")
        answered(box, control)
        control.leg_said("sip", legs.LegSnapshot(legs=()))
        (contact,) = control.contacts
        assert (contact.state, contact.caller.leg, contact.held) == (CallState.ROUTING, "leg-a", None)
        assert box.asked[-1].outcome == "agent-gone"

    asyncio.run(story())


async def called_by_phone(box: FakeBox, control: Control) -> tuple[str, str]:
    """The first agent's phone has called the second agent itself; returns both legs of that call."""
    own = msgspec.structs.replace(caller("leg-own"), clid="8001", dnis="8002", port=132)
    control.leg_said("sip", legs.LegOffered(leg=own))
    second = answered(box, control)
    control.leg_said("sip", legs.LegAnswered(leg="leg-own", sample=9_100))
    return "leg-own", second


def test_attended_transfer_of_a_phone_joins_its_caller_and_whom_it_has_called() -> None:
    async def story() -> None:
        box = FakeBox()
        control = control_of(box)
        first = await talking(box, control)
        own, second = await called_by_phone(box, control)
        control.leg_said("sip", legs.TransferAsked(leg=first, to="8002", replaces=own))
        assert (box.joined[-1].caller, box.joined[-1].agent) == (5, 131)
        assert box.commands(legs.TransferTold) == [legs.TransferTold(leg=first, done=True)]
        assert {command.leg for command in box.commands(legs.ReleaseLeg)} == {first, own}  # type: ignore[attr-defined]
        (contact,) = control.contacts
        assert (contact.caller.leg, contact.agent and contact.agent.leg) == ("leg-a", second)
        control.leg_said("sip", legs.LegReleased(leg=second, cause=16, by=ReleasedBy.PEER, sample=20_000))
        assert legs.ReleaseLeg(leg="leg-a", cause=16) in box.commands(legs.ReleaseLeg)

    asyncio.run(story())


def test_phone_that_has_no_caller_is_told_that_nothing_is_done() -> None:
    async def story() -> None:
        box = FakeBox()
        control = control_of(box)
        first = await talking(box, control)
        control.leg_said("sip", legs.TransferAsked(leg="leg-x", to="8002"))
        assert box.commands(legs.TransferTold) == [legs.TransferTold(leg="leg-x", done=False)]
        control.leg_said("sip", legs.TransferAsked(leg=first, to="77777"))
        no = RouteAnswer(request=box.asked[-1].request, action=Release(cause=1), reason="no call type for 77777")
        control.route_said(no)
        assert box.commands(legs.TransferTold)[-1] == legs.TransferTold(leg=first, done=False)
        assert [contact.state for contact in control.contacts] == [CallState.TALKING]

    asyncio.run(story())


class Transfers(Site):
    """Headquarters is there, agents hand callers on, and whoever likes dies."""

    rules = ()
    deaths = (0.3, 0.3, 0.2)

    def ask(self, request: RouteRequest) -> bool:
        labels = (Release(cause=17), SECOND, msgspec.structs.replace(SECOND, agent="1003", extension="8003"))
        (label,) = self._random.choices(labels, (1, 4, 4))
        answer = RouteAnswer(request=request.request, action=label, reason="drawn")
        asyncio.get_running_loop().call_soon(self.control.route_said, answer)
        return True

    def _call(self) -> None:
        talking = [one for one in self.control.contacts if one.state is CallState.TALKING or one.transfer]
        if talking and self._random.random() < 0.6:
            self._wish(self._random.choice(talking))
        elif len(self.control.contacts) < 4:
            self._workers[0].offer("95588")
        else:
            phones = self._workers[2]
            ringing = [leg for leg in phones.legs.values() if leg.state is not LegState.ANSWERED]
            worker = self._workers[0] if self._random.random() < 0.1 else phones
            up = ringing if worker is phones else list(worker.legs.values())
            if up:
                worker.far(self._random.choice(up))

    def _wish(self, contact: Contact) -> None:
        if self._random.random() < 0.3 and contact.agent is not None:
            self.control.leg_said("sip", legs.TransferAsked(leg=contact.agent.leg, to="8002"))
            return
        agent = contact.transfer.by if contact.transfer else contact.ring.agent if contact.ring else ""
        wish = self._random.choice(tuple(CallWish))
        self.control.route_said(CallAsked(agent=agent, to=wish, number="8003", contact=contact.contact, order="o"))


@pytest.mark.parametrize("seed", range(8))
def test_nothing_is_left_of_transfers_whoever_dies(seed: int) -> None:
    async def story() -> None:
        site = Transfers(seed)
        for _ in range(4):
            await site.live()
        await site.end()
        assert site.left() == ()
        told = Counter(type(event) for event in site.events)
        assert told[calls.ContactBegan] == told[calls.ContactEnded]
        assert told[calls.TransferBegan] == told[calls.TransferEnded]
        assert told[calls.TransferEnded] > 3

    asyncio.run(story())

# SPDX-License-Identifier: GPL-2.0-only
"""The shell: workers, IVR, uplink, engine and outbox are fakes that keep the rules of docs/wire.md."""

import asyncio
from collections.abc import Iterable

import msgspec
import pytest

from appliance.call.actions import Join
from appliance.call.contact import CallState
from appliance.call.settings import Default
from appliance.call.shell.control import Control
from appliance.wire import calls, legs
from appliance.wire.agents import OrderDone
from appliance.wire.ids import Identity, IdSource
from appliance.wire.legs import Direction, Leg, LegState, ReleasedBy
from appliance.wire.routes import Release, RingAgent, RouteAnswer, RouteRequest, Treat
from appliance.wire.service_messages import Refused
from appliance.wire.treatments import Play, RunTreatment, StopTreatment, TreatmentEnded, TreatmentSnapshot

pytestmark = pytest.mark.unit

DEFAULT = Default(ring=("8001",), ring_s=20, cause=17)
RING = RingAgent(agent="1001", extension="8001", queue="card", token="t", ring_s=15)


class FakeBox:
    """Links and Switch at once; keeps what it is told."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, object]] = []
        self.asked: list[RouteRequest] = []
        self.events: list[calls.CallEvent] = []
        self.kept: dict[str, bytes] = {}
        self.joined: list[Join] = []
        self.uplink = True
        self.unheard: set[str] = set()
        self.samples = 123_456

    def to_worker(self, worker: str, command: object) -> None:
        self.sent.append((worker, command))

    def placing(self, _worker: str) -> set[str]:
        return self.unheard

    def to_ivr(self, command: RunTreatment | StopTreatment) -> None:
        self.sent.append(("ivr", command))

    def ask(self, request: RouteRequest) -> bool:
        self.asked.append(request)
        return self.uplink

    def done(self, order: OrderDone) -> None:
        self.sent.append(("uplink", order))

    def record(self, events: Iterable[calls.CallEvent], contact: str, kept: bytes | None) -> None:
        self.events += events
        if kept is None:
            self.kept.pop(contact, None)
        else:
            self.kept[contact] = kept

    def ring_back(self, port: int) -> None:
        self.sent.append(("engine", ("ring-back", port)))

    def silence(self, port: int) -> None:
        self.sent.append(("engine", ("silence", port)))

    def join(self, join: Join) -> None:
        self.joined.append(join)

    def part(self, port: int, recording: int) -> None:
        self.sent.append(("engine", ("part", port, recording)))

    def commands(self, kind: type) -> list[object]:
        return [command for _, command in self.sent if isinstance(command, kind)]


def control_of(box: FakeBox, route_timeout_s: float = 5.0) -> Control:
    return Control(box, box, IdSource(Identity.take("BR-1", "call")), DEFAULT, route_timeout_s)


def caller(leg: str = "leg-a", state: LegState = LegState.OFFERED) -> Leg:
    return Leg(
        leg=leg,
        direction=Direction.INCOMING,
        state=state,
        channel="span 1 timeslot 5",
        port=5,
        clid="13800000001",
        dnis="95588",
    )


async def talking(box: FakeBox, control: Control) -> str:
    """One contact, brought to TALKING; returns the agent's leg."""
    control.leg_said("line1", legs.LegOffered(leg=caller()))
    control.route_said(RouteAnswer(request=box.asked[-1].request, action=RING, reason="free"))
    (place,) = box.commands(legs.PlaceLeg)
    assert isinstance(place, legs.PlaceLeg)
    agent = Leg(leg=place.leg, direction=Direction.OUTGOING, state=LegState.PLACED, channel="sip 8001", port=130)
    control.leg_said("sip", legs.LegPlaced(leg=agent))
    control.leg_said("sip", legs.LegAnswered(leg=place.leg, sample=100))
    control.leg_said("line1", legs.LegAnswered(leg="leg-a", sample=140))
    assert [contact.state for contact in control.contacts] == [CallState.TALKING]
    return place.leg


def test_offered_leg_is_noted_and_asked_for_before_it_is_answered() -> None:
    async def story() -> None:
        box = FakeBox()
        control = control_of(box)
        control.leg_said("line1", legs.LegOffered(leg=caller()))
        (contact,) = control.contacts
        assert box.sent == [("line1", legs.ProceedLeg(leg="leg-a", contact=contact.contact))]
        assert box.asked[0].dnis == "95588"
        assert contact.contact in box.kept

    asyncio.run(story())


def test_silence_of_headquarters_is_not_waited_for_longer_than_the_time_out() -> None:
    async def story() -> None:
        box = FakeBox()
        control = control_of(box, route_timeout_s=0.05)
        control.leg_said("line1", legs.LegOffered(leg=caller()))
        await asyncio.sleep(0.2)
        (place,) = box.commands(legs.PlaceLeg)
        assert isinstance(place, legs.PlaceLeg)
        assert place.to == "8001"
        late = RouteAnswer(request=box.asked[0].request, action=Release(cause=21), reason="too late")
        control.route_said(late)
        assert box.commands(legs.ReleaseLeg) == [], "a late answer is dropped"

    asyncio.run(story())


def test_dead_uplink_is_not_waited_for_at_all() -> None:
    async def story() -> None:
        box = FakeBox()
        box.uplink = False
        control = control_of(box)
        control.leg_said("line1", legs.LegOffered(leg=caller()))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        decided = [event for event in box.events if isinstance(event, calls.RouteDecided)]
        assert "uplink is not running" in decided[0].reason

    asyncio.run(story())


def test_restarted_call_control_goes_on_with_the_talk_and_ends_it() -> None:
    async def story() -> None:
        box = FakeBox()
        agent = await talking(box, control_of(box))
        again = control_of(box)
        again.restore(dict(box.kept))
        again.leg_said("line1", legs.LegSnapshot(legs=(caller(state=LegState.ANSWERED),)))
        held = Leg(leg=agent, direction=Direction.OUTGOING, state=LegState.ANSWERED, channel="sip 8001", port=130)
        again.leg_said("sip", legs.LegSnapshot(legs=(held,)))
        assert box.commands(legs.ReleaseLeg) == [], "nobody is touched"
        again.leg_said("sip", legs.LegReleased(leg=agent, cause=16, by=ReleasedBy.PEER, sample=80_140))
        assert box.commands(legs.ReleaseLeg) == [legs.ReleaseLeg(leg="leg-a", cause=16)]
        again.leg_said("line1", legs.LegReleased(leg="leg-a", cause=16, by=ReleasedBy.US, sample=80_180))
        assert box.kept == {}
        ended = [event for event in box.events if isinstance(event, calls.TalkEnded | calls.ContactEnded)]
        assert [type(event).__name__ for event in ended] == ["TalkEnded", "ContactEnded"]
        assert isinstance(ended[0], calls.TalkEnded)
        assert ended[0].samples == 80_000

    asyncio.run(story())


def test_dead_line_worker_ends_its_calls_and_lets_the_agents_go() -> None:
    async def story() -> None:
        box = FakeBox()
        control = control_of(box)
        agent = await talking(box, control)
        control.leg_said("line1", legs.LegSnapshot(legs=()))
        assert box.commands(legs.ReleaseLeg) == [legs.ReleaseLeg(leg=agent, cause=16)]
        control.leg_said("sip", legs.LegReleased(leg=agent, cause=16, by=ReleasedBy.US, sample=200))
        ended = [event for event in box.events if isinstance(event, calls.ContactEnded)]
        assert ended[0].cause == 41
        assert control.contacts == ()

    asyncio.run(story())


def test_leg_that_no_contact_knows_is_let_go() -> None:
    async def story() -> None:
        box = FakeBox()
        stranger = Leg(
            leg="leg-x",
            direction=Direction.OUTGOING,
            state=LegState.ANSWERED,
            channel="sip 8001",
            port=130,
            contact="BR-1.gone.4",
        )
        control_of(box).leg_said("sip", legs.LegSnapshot(legs=(stranger,)))
        assert box.sent == [("sip", legs.ReleaseLeg(leg="leg-x", cause=41))]

    asyncio.run(story())


def test_restarted_ivr_is_given_its_treatment_again_at_the_verb_it_stood_at() -> None:
    async def story() -> None:
        box = FakeBox()
        control = control_of(box)
        control.leg_said("line1", legs.LegOffered(leg=caller()))
        treat = Treat(verbs=(Play(("a",)), Play(("b",))))
        control.route_said(RouteAnswer(request=box.asked[-1].request, action=treat, reason="greet"))
        control.leg_said("line1", legs.LegAnswered(leg="leg-a", sample=140))
        control.treatment_said(TreatmentSnapshot(running={}))
        runs = box.commands(RunTreatment)
        assert len(runs) == 2
        assert runs[0] == runs[1], "the same treatment id: harmless where the first one arrived"
        control.treatment_said(TreatmentEnded(treatment=runs[0].treatment, reason="done", digits="7"))  # type: ignore[attr-defined]
        assert box.asked[-1].ced == "7"

    asyncio.run(story())


def test_refused_place_is_a_lost_agent_and_asks_again() -> None:
    async def story() -> None:
        box = FakeBox()
        control = control_of(box)
        control.leg_said("line1", legs.LegOffered(leg=caller()))
        control.route_said(RouteAnswer(request=box.asked[-1].request, action=RING, reason="free"))
        (place,) = box.commands(legs.PlaceLeg)
        control.refused(place, Refused(code="leg.limit", sentence="512 legs"))
        assert box.asked[-1].outcome == "unreachable"
        assert box.asked[-1].refused_agents == ("1001",)

    asyncio.run(story())


def test_each_request_says_which_other_branches_can_be_rung_and_one_that_cannot_is_an_unreachable_agent() -> None:
    async def story() -> None:
        box = FakeBox()
        ids = IdSource(Identity.take("BR-1", "call"))
        control = Control(box, box, ids, DEFAULT, 5.0, peers=("BR-3", "BR-2"))
        control.leg_said("line1", legs.LegOffered(leg=caller()))
        label = msgspec.structs.replace(RING, box="BR-4")
        control.route_said(RouteAnswer(request=box.asked[-1].request, action=label, reason="free"))
        (place,) = box.commands(legs.PlaceLeg)
        control.refused(place, Refused(code="leg.trunk", sentence="'BR-4' is no peer of this branch"))
        assert [asked.reaches for asked in box.asked] == [("BR-3", "BR-2")] * 2
        assert (box.asked[-1].outcome, box.asked[-1].refused_agents) == ("unreachable", ("1001",))
        (ended,) = [event for event in box.events if isinstance(event, calls.LegEnded)]
        assert (ended.cause, ended.by) == (3, ReleasedBy.FAULT)

    asyncio.run(story())


@pytest.mark.parametrize(("cause", "left"), [(38, ("BR-2",)), (55, ("BR-2",)), (102, ("BR-3", "BR-2"))])
def test_a_branch_that_is_away_is_not_asked_for_again_by_this_contact(cause: int, left: tuple[str, ...]) -> None:
    """A phone there that is silent (102) says nothing of its neighbours, and the next contact tries anew."""

    async def story() -> None:
        box = FakeBox()
        control = Control(box, box, IdSource(Identity.take("BR-1", "call")), DEFAULT, 5.0, peers=("BR-3", "BR-2"))
        control.leg_said("line1", legs.LegOffered(leg=caller()))
        label = msgspec.structs.replace(RING, box="BR-3")
        control.route_said(RouteAnswer(request=box.asked[-1].request, action=label, reason="free"))
        (place,) = box.commands(legs.PlaceLeg)
        assert isinstance(place, legs.PlaceLeg)
        control.leg_said("sip", legs.LegReleased(leg=place.leg, cause=cause, by=ReleasedBy.PEER, sample=0))
        assert (box.asked[-1].outcome, box.asked[-1].reaches) == ("unreachable", left)
        control.leg_said("line1", legs.LegOffered(leg=caller("leg-b")))
        assert box.asked[-1].reaches == ("BR-3", "BR-2")

    asyncio.run(story())


def test_fault_in_one_contact_ends_that_contact_and_no_other() -> None:
    async def story() -> None:
        box = FakeBox()
        control = control_of(box)
        control.leg_said("line1", legs.LegOffered(leg=msgspec.structs.replace(caller("leg-bad"), port=None)))
        bad = box.asked[-1].request
        control.leg_said("line1", legs.LegOffered(leg=caller("leg-good")))
        treat = Treat(verbs=(Play(("a",)),))
        control.route_said(RouteAnswer(request=bad, action=treat, reason="greet"))
        control.leg_said("line1", legs.LegAnswered(leg="leg-bad", sample=1))
        assert legs.ReleaseLeg(leg="leg-bad", cause=41) in box.commands(legs.ReleaseLeg)
        assert [contact.caller.leg for contact in control.contacts] == ["leg-good"]

    asyncio.run(story())


def test_a_caller_told_to_wait_just_before_a_death_is_asked_for_again_as_the_same_contact() -> None:
    """The order has reached the worker, the record has not reached the disk."""

    async def story() -> None:
        box = FakeBox()
        waits = msgspec.structs.replace(caller(state=LegState.PROCEEDING), contact="BR-1.before.7")
        control_of(box).leg_said("line1", legs.LegSnapshot(legs=(waits,)))
        assert [event.contact for event in box.events if isinstance(event, calls.ContactBegan)] == ["BR-1.before.7"]
        assert [request.contact for request in box.asked] == ["BR-1.before.7"]
        assert box.commands(legs.ReleaseLeg) == []

    asyncio.run(story())


def test_a_snapshot_from_before_the_order_loses_no_agents_leg() -> None:
    """Call control begins anew, a caller comes at once, and the phone's order crosses the SIP worker's snapshot."""

    async def story() -> None:
        box = FakeBox()
        control = control_of(box)
        control.leg_said("line1", legs.LegOffered(leg=caller()))
        control.route_said(RouteAnswer(request=box.asked[-1].request, action=RING, reason="free"))
        (place,) = box.commands(legs.PlaceLeg)
        assert isinstance(place, legs.PlaceLeg)
        box.unheard = {place.leg}
        control.leg_said("sip", legs.LegSnapshot(legs=()))
        assert [contact.state for contact in control.contacts] == [CallState.RINGING]
        assert box.sent[-1] == ("sip", legs.TakeSnapshot())
        box.unheard = set()
        control.leg_said("sip", legs.LegSnapshot(legs=()))
        assert [contact.outcome for contact in control.contacts] == ["unreachable"]

    asyncio.run(story())

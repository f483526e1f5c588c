# SPDX-License-Identifier: GPL-2.0-only
"""A customer is called back: the agent first, the customer once a try, whoever dies in between."""

import asyncio
from collections.abc import Callable

import pytest

from appliance.call.contact import CallState
from appliance.call.settings import Trunks
from appliance.call.shell.control import Control
from appliance.config.outbound import Way
from appliance.wire import calls, legs
from appliance.wire.callbacks import PlaceContact
from appliance.wire.ids import Identity, IdSource
from appliance.wire.legs import Direction, Leg, LegState, ReleasedBy
from appliance.wire.routes import Dial, Release, RingAgent, RouteAnswer
from tests.call.test_control import DEFAULT, FakeBox

pytestmark = pytest.mark.unit

NUMBER = "02512345678"
RING = RingAgent(agent="1001", extension="8001", queue="card", token="t", ring_s=15)
ORDER = PlaceContact(
    contact="BR-1.epoch.7", callback="epoch.3", number=NUMBER, ring=RING, reason="free", origin="BR-1.x.1"
)
TRUNKS = Trunks(
    {"telco": "line1", "mobile": "line2"}, ways=(Way(to="telco", clid="95588"), Way(to="mobile", numbers=("1",)))
)
DIAL = Dial(NUMBER, 30)


class Story:
    """Call control, its workers by hand."""

    def __init__(self) -> None:
        self.box = FakeBox()
        self.control = self.born()

    def born(self) -> Control:
        return Control(self.box, self.box, IdSource(Identity.take("BR-1", "call")), DEFAULT, 5.0, TRUNKS)

    def die(self) -> None:
        self.control = self.born()
        self.control.restore(dict(self.box.kept))

    @property
    def state(self) -> CallState:
        (contact,) = self.control.contacts
        return contact.state

    def places(self) -> list[tuple[str, legs.PlaceLeg]]:
        return [(worker, one) for worker, one in self.box.sent if isinstance(one, legs.PlaceLeg)]

    def released(self) -> list[tuple[str, str, int]]:
        return [(worker, one.leg, one.cause) for worker, one in self.box.sent if isinstance(one, legs.ReleaseLeg)]

    def agent(self, state: LegState = LegState.ANSWERED) -> Leg:
        leg = self.places()[0][1].leg
        return Leg(leg=leg, direction=Direction.OUTGOING, state=state, channel="sip 8001", port=130)

    def customer(self, state: LegState = LegState.PLACED) -> Leg:
        leg = self.places()[1][1].leg
        return Leg(leg=leg, direction=Direction.OUTGOING, state=state, channel="span 1 timeslot 9", port=9)

    def agent_answers(self) -> None:
        self.control.route_said(ORDER)
        self.control.leg_said("sip", legs.LegPlaced(leg=self.agent(LegState.PLACED)))
        self.control.leg_said("sip", legs.LegAnswered(leg=self.agent().leg, sample=8_000))

    def answer(self, action: Dial | Release = DIAL) -> None:
        self.control.route_said(RouteAnswer(request=self.box.asked[-1].request, action=action, reason="because"))

    def dialled(self) -> None:
        self.agent_answers()
        self.answer()
        self.control.leg_said("line1", legs.LegPlaced(leg=self.customer()))

    def over(self, worker: str, leg: str, cause: int, by: ReleasedBy = ReleasedBy.US) -> None:
        self.control.leg_said(worker, legs.LegReleased(leg=leg, cause=cause, by=by, sample=9_000))

    def end(self) -> calls.ContactEnded:
        assert self.control.contacts == ()
        assert self.box.kept == {}
        (ended,) = (event for event in self.box.events if isinstance(event, calls.ContactEnded))
        return ended


def told(story: Callable[[Story], None]) -> None:
    async def run() -> None:
        story(Story())

    asyncio.run(run())


def test_the_agent_s_phone_shows_the_number_and_nobody_is_dialled_before_it_is_allowed() -> None:
    def story(site: Story) -> None:
        site.agent_answers()
        ((worker, place),) = site.places()
        assert (worker, place.to, place.clid, place.contact) == ("sip", "8001", NUMBER, ORDER.contact)
        (question,) = site.box.asked
        assert (question.outcome, question.callback, question.dnis) == ("agent-answered", "epoch.3", NUMBER)
        site.answer()
        worker, place = site.places()[1]
        assert (worker, place.to, place.trunk, place.clid) == ("line1", NUMBER, "telco", "95588")

    told(story)


def test_the_agent_hears_ring_back_then_both_talk_and_are_recorded() -> None:
    def story(site: Story) -> None:
        site.dialled()
        site.control.leg_said("line1", legs.LegAlerting(leg=site.customer().leg))
        assert ("engine", ("ring-back", 130)) in site.box.sent
        site.control.leg_said("line1", legs.LegAnswered(leg=site.customer().leg, sample=16_000))
        (join,) = site.box.joined
        assert (join.caller, join.agent, join.from_sample) == (9, 130, 16_000)
        assert join.recording
        site.over("line1", site.customer().leg, 16, ReleasedBy.PEER)
        assert site.released() == [("sip", site.agent().leg, 16)]
        site.over("sip", site.agent().leg, 16)
        assert site.end().by == "caller"
        kinds = [type(event).__name__ for event in site.box.events]
        assert tuple(kinds) == (
            *("ContactBegan", "RouteDecided", "LegBegan", "LegConnected", "RouteDecided", "LegBegan", "LegConnected"),
            *("TalkBegan", "TalkEnded", "LegEnded", "LegEnded", "ContactEnded"),
        )

    told(story)


def test_a_network_s_own_tones_are_heard_by_the_agent() -> None:
    def story(site: Story) -> None:
        site.dialled()
        site.control.leg_said("line1", legs.LegAlerting(leg=site.customer().leg, inband=True))
        (join,) = site.box.joined
        assert (join.caller, join.agent, join.recording) == (9, 130, 0)

    told(story)


@pytest.mark.parametrize("cause", [17, 18, 1])
def test_a_customer_who_is_not_reached_frees_the_agent_with_the_cause_on_the_record(cause: int) -> None:
    def story(site: Story) -> None:
        site.dialled()
        site.over("line1", site.customer().leg, cause, ReleasedBy.PEER)
        site.over("sip", site.agent().leg, 16)
        assert (site.end().cause, site.end().by) == (cause, "called")

    told(story)


def test_rona_an_agent_who_does_not_answer_ends_the_try_and_nobody_is_dialled() -> None:
    def story(site: Story) -> None:
        site.control.route_said(ORDER)
        site.control._contacts.ring_ended(ORDER.contact)
        assert site.released() == [("sip", site.agent().leg, 19)]
        site.over("sip", site.agent().leg, 19)
        assert (site.end().cause, site.end().by, len(site.places())) == (19, "us", 1)

    told(story)


def test_a_customer_who_does_not_answer_is_let_go_with_the_agent() -> None:
    def story(site: Story) -> None:
        site.dialled()
        site.control._contacts.ring_ended(ORDER.contact)
        assert {worker for worker, *_ in site.released()} == {"sip", "line1"}
        site.over("line1", site.customer().leg, 19)
        site.over("sip", site.agent().leg, 19)
        assert site.end().cause == 19

    told(story)


def test_an_agent_who_hangs_up_while_it_rings_lets_the_customer_s_phone_be_still() -> None:
    def story(site: Story) -> None:
        site.dialled()
        site.over("sip", site.agent().leg, 16, ReleasedBy.PEER)
        assert site.released() == [("line1", site.customer().leg, 16)]
        site.over("line1", site.customer().leg, 16)
        assert site.end().by == "agent"

    told(story)


def test_headquarters_that_is_silent_or_says_no_lets_the_agent_go_and_nobody_be_dialled() -> None:
    def story(site: Story) -> None:
        site.agent_answers()
        site.control._contacts.route_timed_out(ORDER.contact)
        site.over("sip", site.agent().leg, 41)
        assert (site.end().cause, len(site.places())) == (41, 1)

    told(story)

    def refused(site: Story) -> None:
        site.agent_answers()
        site.answer(Release(cause=16))
        site.over("sip", site.agent().leg, 16)
        assert (site.end().cause, len(site.places())) == (16, 1)

    told(refused)


def test_an_order_that_comes_twice_is_one_and_one_without_a_way_out_ends_with_cause_3() -> None:
    def story(site: Story) -> None:
        site.control.route_said(ORDER)
        site.control.route_said(ORDER)
        assert len(site.places()) == 1

    told(story)

    async def nowhere() -> None:
        box = FakeBox()
        Control(box, box, IdSource(Identity.take("BR-1", "call")), DEFAULT, 5.0).route_said(ORDER)
        assert [type(event).__name__ for event in box.events] == ["ContactBegan", "ContactEnded"]
        assert (box.events[1], box.kept) == (calls.ContactEnded(contact=ORDER.contact, cause=3, by="us"), {})

    asyncio.run(nowhere())


def test_call_control_that_dies_while_the_agent_is_asked_for_asks_again_and_dials_once() -> None:
    def story(site: Story) -> None:
        site.agent_answers()
        site.die()
        site.control.leg_said("sip", legs.LegSnapshot(legs=(site.agent(),)))
        assert len(site.box.asked) == 2
        site.answer()
        site.control.leg_said("line1", legs.LegSnapshot(legs=()))
        assert (len(site.places()), site.state) == (2, CallState.RELEASING)

    told(story)


def test_call_control_that_dies_while_the_customer_s_phone_rings_goes_on_and_never_dials_again() -> None:
    def story(site: Story) -> None:
        site.dialled()
        site.die()
        site.control.leg_said("sip", legs.LegSnapshot(legs=(site.agent(),)))
        site.control.leg_said("line1", legs.LegSnapshot(legs=(site.customer(LegState.ALERTING),)))
        assert ("engine", ("ring-back", 130)) in site.box.sent
        site.die()
        site.control.leg_said("sip", legs.LegSnapshot(legs=(site.agent(),)))
        site.control.leg_said("line1", legs.LegSnapshot(legs=(site.customer(LegState.ALERTING),)))
        site.control.leg_said("line1", legs.LegAnswered(leg=site.customer().leg, sample=16_000))
        assert (site.state, len(site.places())) == (CallState.TALKING, 2)

    told(story)


def test_an_order_to_dial_that_our_death_has_swallowed_is_a_try_that_failed() -> None:
    def story(site: Story) -> None:
        site.agent_answers()
        site.answer()
        site.die()
        site.control.leg_said("sip", legs.LegSnapshot(legs=(site.agent(),)))
        site.control.leg_said("line1", legs.LegSnapshot(legs=()))
        site.over("sip", site.agent().leg, 16)
        assert (site.end().by, len(site.places())) == ("fault", 2)

    told(story)

# SPDX-License-Identifier: GPL-2.0-only
"""Tandem calls at call control: what goes out for what came in; answer and cause of either end are the other's."""

import asyncio

import msgspec
import pytest

from appliance.call.actions import Join
from appliance.call.contact import CallState
from appliance.call.settings import Trunks
from appliance.call.shell.control import Control
from appliance.config.tandem import Tandem
from appliance.wire import calls, legs
from appliance.wire.ids import Identity, IdSource
from appliance.wire.legs import Bearer, Direction, Leg, LegState, Location, ReleasedBy
from appliance.wire.numbers import NumberKind, NumberPlan, NumberType, Redirecting, RedirectingReason, Withheld
from appliance.wire.service_messages import Refused
from tests.call.test_control import DEFAULT, FakeBox

pytestmark = pytest.mark.unit

NATIONAL = NumberKind(NumberType.NATIONAL, NumberPlan.ISDN)
JOIN = Join(caller=5, agent=63, recording=0, from_sample=0, clear=True)
RULES = (Tandem(span="telco", to="pbx", taken=("95588",)), Tandem(span="pbx", to="telco"))
TRUNKS = Trunks({"telco": "line1", "pbx": "line2"}, RULES)
CAME = Leg(
    leg="leg-a",
    direction=Direction.INCOMING,
    state=LegState.OFFERED,
    channel="span 1 timeslot 5",
    port=5,
    clid="02512345678",
    dnis="8001",
    clid_kind=NATIONAL,
    dnis_kind=NATIONAL,
    name="Wang Fang",
    redirecting=Redirecting("02588001234", RedirectingReason.NO_REPLY, NATIONAL),
    user_to_user="order 4711",
    trunk="telco",
    bearer=Bearer.AUDIO,
    verified=True,
)


class Story:
    """Call control between a telco and a PBX; headquarters is away."""

    def __init__(self) -> None:
        self.box = FakeBox()
        self.box.uplink = False
        self.control = self.born()

    def born(self) -> Control:
        ids = IdSource(Identity.take("BR-1", "call"))
        return Control(self.box, self.box, ids, DEFAULT, 5.0, TRUNKS)

    def said(self, body: object) -> None:
        self.control.leg_said("line1", body)

    def comes(self, leg: Leg = CAME) -> legs.PlaceLeg:
        """A call comes; what goes on for it."""
        self.said(legs.LegOffered(leg=leg))
        (place,) = self.box.commands(legs.PlaceLeg)
        assert isinstance(place, legs.PlaceLeg)
        return place

    def placed(self) -> str:
        place = self.comes()
        self.said(legs.LegPlaced(leg=far(place.leg, LegState.PLACED)))
        return place.leg

    def through(self) -> str:
        name = self.placed()
        self.said(legs.LegAnswered(leg=name, sample=8_000))
        self.said(legs.LegAnswered(leg="leg-a", sample=8_040))
        assert [contact.state for contact in self.control.contacts] == [CallState.THROUGH]
        return name

    def told(self, kind: type) -> list[object]:
        return [event for event in self.box.events if isinstance(event, kind)]


def far(name: str, state: LegState, **more: object) -> Leg:
    return Leg(leg=name, direction=Direction.OUTGOING, state=state, channel="span 2 timeslot 31", port=63, **more)  # type: ignore[arg-type]


def test_all_that_came_goes_out_and_headquarters_is_not_asked() -> None:
    story = Story()
    place = story.comes()
    (contact,) = story.control.contacts
    assert ("line2", place) in story.box.sent
    assert place == legs.PlaceLeg(
        leg=place.leg,
        to="8001",
        contact=contact.contact,
        clid="02512345678",
        trunk="pbx",
        to_kind=NATIONAL,
        clid_kind=NATIONAL,
        name="Wang Fang",
        redirecting=CAME.redirecting,
        user_to_user="order 4711",
        bearer=Bearer.AUDIO,
        verified=True,
    )
    assert story.box.asked == []


def test_q951_4_a_number_that_is_not_to_be_shown_goes_on_withheld() -> None:
    hidden = msgspec.structs.replace(CAME, clid=None, clid_kind=None, name=None, withheld=Withheld("025123", NATIONAL))
    place = Story().comes(hidden)
    assert (place.clid, place.withheld) == (None, Withheld("025123", NATIONAL))


def test_the_ports_are_joined_clear_when_the_far_end_rings_and_never_recorded() -> None:
    story = Story()
    name = story.placed()
    assert story.box.joined == [], "a register may be at work"
    story.said(legs.LegAlerting(leg=name))
    assert story.box.joined == [JOIN]
    assert story.box.commands(legs.AnswerLeg) == []


def test_a_far_end_that_answers_without_ringing_is_joined_too() -> None:
    story = Story()
    story.through()
    assert story.box.joined == [JOIN]


@pytest.mark.parametrize("inband", [False, True])
def test_the_caller_is_told_of_ringing_as_the_far_side_says(inband: bool) -> None:  # noqa: FBT001
    story = Story()
    name = story.placed()
    for _ in range(2):
        story.said(legs.LegAlerting(leg=name, inband=inband))
    assert story.box.commands(legs.AlertLeg) == [legs.AlertLeg(leg="leg-a", inband=inband)]


def test_the_caller_is_answered_when_the_far_side_answers_and_the_record_says_it_all() -> None:
    story = Story()
    name = story.placed()
    story.said(legs.LegAnswered(leg=name, sample=8_000))
    assert story.box.commands(legs.AnswerLeg) == [legs.AnswerLeg(leg="leg-a")]
    story.said(legs.LegAnswered(leg="leg-a", sample=8_040))
    story.said(legs.LegReleased(leg="leg-a", cause=16, by=ReleasedBy.PEER, sample=88_040))
    story.said(legs.LegReleased(leg=name, cause=16, by=ReleasedBy.US, sample=88_080))
    (began,) = story.told(calls.ContactBegan)
    (decided,) = story.told(calls.RouteDecided)
    (leg,) = story.told(calls.LegBegan)
    (talk,) = story.told(calls.TalkBegan)
    (ended,) = story.told(calls.TalkEnded)
    assert isinstance(began, calls.ContactBegan)
    assert isinstance(decided, calls.RouteDecided)
    assert isinstance(leg, calls.LegBegan)
    assert isinstance(talk, calls.TalkBegan)
    assert isinstance(ended, calls.TalkEnded)
    assert (began.trunk, leg.trunk, leg.to) == ("telco", "pbx", "8001")
    assert (decided.by, decided.reason) == ("branch", "tandem: 8001 goes from telco to pbx")
    assert (talk.sample, talk.recording, ended.samples) == (8_040, None, 80_000)
    assert [event.cause for event in story.told(calls.ContactEnded)] == [16]  # type: ignore[attr-defined]
    assert story.control.contacts == ()
    assert story.box.kept == {}


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("cause", [1, 16, 17, 21, 27, 28, 31, 34, 38, 41, 42, 58, 88, 102, 127])
def test_the_cause_of_either_end_is_the_other_s_with_its_location(cause: int, answered: bool) -> None:  # noqa: FBT001
    for caller_goes in (False, True):
        story = Story()
        name = story.through() if answered else story.placed()
        gone, left = ("leg-a", name) if caller_goes else (name, "leg-a")
        over = legs.LegReleased(leg=gone, cause=cause, by=ReleasedBy.PEER, sample=9_000, location=Location.TRANSIT)
        story.said(over)
        assert story.box.commands(legs.ReleaseLeg) == [
            legs.ReleaseLeg(leg=left, cause=cause, location=Location.TRANSIT)
        ]
        story.said(legs.LegReleased(leg=left, cause=cause, by=ReleasedBy.US, sample=9_040))
        (ended,) = story.told(calls.ContactEnded)
        assert isinstance(ended, calls.ContactEnded)
        assert (ended.cause, ended.by) == (cause, "caller" if caller_goes else "called")


@pytest.mark.parametrize(("code", "cause"), [("leg.number", 28), ("leg.trunk", 3), ("leg.state", 41)])
def test_a_leg_that_cannot_be_placed_is_the_caller_s_cause(code: str, cause: int) -> None:
    story = Story()
    story.control.refused(story.comes(), Refused(code=code, sentence="no"))
    assert story.box.commands(legs.ReleaseLeg) == [legs.ReleaseLeg(leg="leg-a", cause=cause)]


@pytest.mark.parametrize(("cause", "by"), [(34, ReleasedBy.FAULT), (44, ReleasedBy.PEER)], ids=["no channel", "glare"])
def test_a_far_trunk_without_a_channel_is_the_caller_s_cause(cause: int, by: ReleasedBy) -> None:
    story = Story()
    name = story.placed() if cause == 44 else story.comes().leg
    story.said(legs.LegReleased(leg=name, cause=cause, by=by, sample=9_000))
    assert story.box.commands(legs.ReleaseLeg) == [legs.ReleaseLeg(leg="leg-a", cause=cause)]


def test_a_number_of_the_contact_center_is_taken_out() -> None:
    async def story() -> None:
        told = Story()
        told.box.uplink = True
        told.said(legs.LegOffered(leg=msgspec.structs.replace(CAME, dnis="95588")))
        assert told.box.commands(legs.PlaceLeg) == []
        assert [question.dnis for question in told.box.asked] == ["95588"]

    asyncio.run(story())


def test_a_data_call_for_the_contact_center_is_refused_with_cause_65() -> None:
    story = Story()
    story.said(legs.LegOffered(leg=msgspec.structs.replace(CAME, dnis="95588", bearer=Bearer.UNRESTRICTED)))
    assert story.box.commands(legs.ReleaseLeg) == [legs.ReleaseLeg(leg="leg-a", cause=65)]


def test_a_restarted_call_control_goes_on_where_the_call_stood() -> None:
    story = Story()
    name = story.placed()
    story.said(legs.LegAnswered(leg=name, sample=8_000))
    again = story.born()
    again.restore(dict(story.box.kept))
    assert story.box.joined[0] == story.box.joined[1], "the join may have been lost"
    assert story.box.commands(legs.AnswerLeg) == [legs.AnswerLeg(leg="leg-a")] * 2
    came = msgspec.structs.replace(CAME, state=LegState.ANSWERED, answered_sample=8_040)
    again.leg_said("line2", legs.LegSnapshot(legs=(far(name, LegState.ANSWERED, answered_sample=8_000),)))
    again.leg_said("line1", legs.LegSnapshot(legs=(came,)))
    assert [contact.state for contact in again.contacts] == [CallState.THROUGH]
    assert story.box.commands(legs.ReleaseLeg) == []
    gone = far(
        name, LegState.RELEASED, cause=17, by=ReleasedBy.PEER, released_sample=9_000, location=Location.REMOTE_PUBLIC
    )
    last = story.born()
    last.restore(dict(story.box.kept))
    last.leg_said("line1", legs.LegSnapshot(legs=(came,)))
    last.leg_said("line2", legs.LegSnapshot(legs=(gone,)))
    assert story.box.commands(legs.ReleaseLeg) == [
        legs.ReleaseLeg(leg="leg-a", cause=17, location=Location.REMOTE_PUBLIC)
    ]


def test_a_line_worker_that_died_ends_its_tandem_calls_with_cause_41() -> None:
    story = Story()
    name = story.through()
    story.said(legs.LegSnapshot())
    assert story.box.sent[-1] == ("line2", legs.ReleaseLeg(leg=name, cause=41))
    story.said(legs.LegReleased(leg=name, cause=41, by=ReleasedBy.US, sample=9_000))
    assert story.control.contacts == ()
    (ended,) = story.told(calls.ContactEnded)
    assert isinstance(ended, calls.ContactEnded)
    assert (ended.cause, ended.by) == (41, "fault")


@pytest.mark.parametrize("caller_has_gone", [False, True])
def test_a_leg_that_is_placed_when_it_was_thought_lost_is_released(caller_has_gone: bool) -> None:  # noqa: FBT001
    story = Story()
    place = story.comes()
    story.control.leg_said("line2", legs.LegSnapshot())  # it was made before the order came
    assert story.box.commands(legs.ReleaseLeg) == [legs.ReleaseLeg(leg="leg-a", cause=41)]
    if caller_has_gone:
        story.said(legs.LegReleased(leg="leg-a", cause=41, by=ReleasedBy.US, sample=8))
        assert story.control.contacts == ()
    story.control.leg_said("line2", legs.LegPlaced(leg=far(place.leg, LegState.PLACED)))
    assert story.box.sent[-1] == ("line2", legs.ReleaseLeg(leg=place.leg, cause=41))


def test_so_is_one_that_call_control_hears_of_in_its_next_life() -> None:
    story = Story()
    place = story.comes()
    story.control.leg_said("line2", legs.LegSnapshot())
    again = story.born()
    again.restore(dict(story.box.kept))
    again.leg_said("line2", legs.LegSnapshot(legs=(far(place.leg, LegState.PLACED),)))
    assert story.box.sent[-1] == ("line2", legs.ReleaseLeg(leg=place.leg, cause=41))

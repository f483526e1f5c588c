# SPDX-License-Identifier: GPL-2.0-only
"""A caller is taken to a number outside: over which trunk, what he hears, and what the script hears of it."""

import asyncio
from collections import Counter

import msgspec
import pytest

from appliance.call import actions as a
from appliance.call import events as e
from appliance.call import recovery
from appliance.call.contact import CallState, Contact
from appliance.call.settings import Default, Fresh, Trunks
from appliance.call.shell.control import Control
from appliance.call.states import step
from appliance.config.outbound import Way
from appliance.config.trunks import TrunkGroup, all_groups
from appliance.wire import calls, legs
from appliance.wire.callbacks import PlaceContact
from appliance.wire.ids import Identity, IdSource
from appliance.wire.legs import AlertLeg, AnswerLeg, PlaceLeg, ReleasedBy, ReleaseLeg
from appliance.wire.numbers import Withheld
from appliance.wire.routes import Label, Release, RingAgent, RouteAnswer, RouteRequest, Tandem
from tests.call.test_contact_table import FRESH, answer, commands, offered, said
from tests.call.test_control import FakeBox, caller
from tests.call.test_deaths import Site
from tests.call.workers import Attachment

pytestmark = pytest.mark.unit

NUMBER = "02087650001"
OUT = Label(label=NUMBER, ring_s=30)
GROUPS = all_groups((TrunkGroup(name="pstn", members=("telco", "telco-2")),), ("telco", "telco-2", "pbx"))
TRUNKS = Trunks(
    {"telco": "line1", "telco-2": "line2", "pbx": "line3"},
    ways=(Way(to="pstn", then=("pbx",)), Way(to="pbx", numbers=("6",), clid="4000", caller=False)),
    groups=GROUPS,
)
DEFAULT = Default(ring=(), ring_s=20, cause=17, trunks=TRUNKS)
ANSWERED = e.AgentAnswered(sample=8_000)


def run(contact: Contact, *events: e.Event, fresh: Fresh = FRESH) -> tuple[Contact, list[a.Action]]:
    done: list[a.Action] = []
    for event in events:
        contact, actions = step(contact, event, fresh, DEFAULT)
        done += actions
    return contact, done


def gone(cause: int, by: ReleasedBy = ReleasedBy.PEER) -> e.AgentReleased:
    return e.AgentReleased(cause=cause, by=by, sample=0)


def placed(contact: Contact | None = None) -> tuple[Contact, list[a.Action]]:
    return run(contact or offered(), answer(OUT), e.AgentPlaced(port=40, channel="telco"))


def asked(done: list[a.Action]) -> tuple[str, str]:
    (question,) = [action.request for action in done if isinstance(action, a.Ask)]
    return question.outcome, question.because


def test_the_number_is_called_by_the_first_trunk_and_shows_the_caller() -> None:
    contact, done = placed()
    (call,) = [one for one in commands(done) if isinstance(one, PlaceLeg)]
    assert (call.to, call.trunk, call.clid) == (NUMBER, "telco", "13800000001")
    assert call.redirecting is not None
    assert call.redirecting.number == "95588", "the number that was called first"
    assert [type(one) for one in said(done)] == [calls.RouteDecided, calls.LegBegan]
    assert contact.state is CallState.RINGING
    (to_pbx,) = [one for one in commands(run(offered(), answer(Label("6001")))[1]) if isinstance(one, PlaceLeg)]
    assert (to_pbx.trunk, to_pbx.clid) == ("pbx", "4000"), "a way that shows a number of ours"


def test_who_withholds_his_number_withholds_it_outside_too() -> None:
    shy = msgspec.structs.replace(offered(), clid=None, withheld=Withheld("13800000001"))
    (call,) = [one for one in commands(placed(shy)[1]) if isinstance(one, PlaceLeg)]
    assert (call.clid, call.withheld) == (None, Withheld("13800000001"))


def test_an_unanswered_caller_hears_the_network_and_is_answered_with_the_far_end() -> None:
    contact, done = run(placed()[0], e.AgentAlerting(inband=True), ANSWERED, e.CallerAnswered(sample=8_040))
    early, talk = [one for one in done if isinstance(one, a.Join)]
    assert (early.caller, early.agent, early.recording) == (5, 40, 0)
    assert commands(done) == [AlertLeg(leg="leg-a", inband=True), AnswerLeg(leg="leg-a")]
    assert (talk.recording, talk.from_sample) == (0, 8_040), "nobody of ours talks"
    contact, done = run(contact, gone(16))
    assert commands(done) == [ReleaseLeg(leg="leg-a", cause=16)]
    assert contact.released_by == "called"


def test_an_answered_caller_hears_ring_back_where_the_network_sends_none() -> None:
    treated = msgspec.structs.replace(offered(), caller=msgspec.structs.replace(offered().caller, answered_sample=100))
    contact, done = run(placed(treated)[0], e.AgentAlerting())
    assert a.RingBack(5) in done
    contact, done = run(contact, gone(17))
    assert a.Silence(5) in done
    assert asked(done) == ("busy", "cause 17 by telco")
    assert contact.label is None


@pytest.mark.parametrize(("cause", "outcome"), [(17, "busy"), (19, "no-answer"), (1, "unreachable"), (21, "busy")])
def test_the_script_hears_how_it_ended_and_the_cause(cause: int, outcome: str) -> None:
    contact, done = run(placed()[0], gone(cause))
    assert asked(done) == (outcome, f"cause {cause} by telco")
    assert contact.state is CallState.ROUTING


def test_a_trunk_without_a_free_channel_gives_way_to_the_next_one() -> None:
    contact, done = run(placed()[0], gone(34, ReleasedBy.FAULT))
    (call,) = [one for one in commands(done) if isinstance(one, PlaceLeg)]
    assert call.trunk == "telco-2"
    contact, done = run(contact, gone(44))
    (call,) = [one for one in commands(done) if isinstance(one, PlaceLeg)]
    assert call.trunk == "telco-2", "another channel, after a glare"
    contact, done = run(contact, gone(44), gone(34))
    (call,) = [one for one in commands(done) if isinstance(one, PlaceLeg)]
    assert call.trunk == "pbx"
    assert asked(done) == ("congestion", "cause 34 by pbx")


def test_a_group_at_its_limit_is_passed_over_and_the_record_says_why() -> None:
    full = dict.fromkeys(("telco", "telco-2"), "pstn has 2 of 2 calls out")
    _, done = run(offered(), answer(OUT), fresh=msgspec.structs.replace(FRESH, full=full))
    (decided,) = [one for one in said(done) if isinstance(one, calls.RouteDecided)]
    assert decided.reason == "because; over pbx, as pstn has 2 of 2 calls out"
    full |= {"pbx": "pbx has 1 of 1 calls"}
    _, done = run(offered(), answer(OUT), fresh=msgspec.structs.replace(FRESH, full=full))
    assert asked(done) == ("congestion", "pstn has 2 of 2 calls out; pbx has 1 of 1 calls")
    _, done = run(offered(), answer(Label("110")), fresh=msgspec.structs.replace(FRESH, full=full))
    assert [one.trunk for one in commands(done) if isinstance(one, PlaceLeg)] == ["telco"], (
        "an emergency is not held up"
    )


def test_nobody_answers_within_the_time() -> None:
    _, done = run(placed()[0], e.AgentAlerting(inband=True), e.RingEnded())
    assert commands(done)[-1] == ReleaseLeg(leg="leg-b", cause=19)
    assert a.Part(5, recording=0) in done
    assert asked(done) == ("no-answer", "it rang for 30 s")


def test_who_hangs_up_first_takes_the_far_end_with_him() -> None:
    contact, done = run(placed()[0], e.CallerReleased(cause=16, by=ReleasedBy.PEER, sample=1))
    assert commands(done) == [ReleaseLeg(leg="leg-b", cause=16)]
    contact, done = run(contact, gone(16, ReleasedBy.US))
    assert said(done)[-1] == calls.ContactEnded(contact="BR-1.x.1", cause=16, by="caller")


def test_our_death_while_it_rings_is_made_good() -> None:
    contact, _ = run(placed()[0], e.AgentAlerting(inband=True))
    again = msgspec.json.decode(msgspec.json.encode(contact), type=Contact)
    _, actions = recovery.resume(again, FRESH)
    assert actions == (a.StartRingTimer(30), a.Join(5, 40, recording=0, from_sample=0))


def test_an_agent_who_could_not_be_reached_by_number_is_refused() -> None:
    _, done = run(offered(), answer(Label(NUMBER, agent="2001", token="t")), gone(3))
    (question,) = [action.request for action in done if isinstance(action, a.Ask)]
    assert question.refused_agents == ("2001",)


# With the shell: what there is to be counted.


def control(box: FakeBox, *groups: TrunkGroup, peers: tuple[str, ...] = ()) -> Control:
    workers = {"telco": "line1"} | dict.fromkeys(peers, "sip")
    trunks = Trunks(workers, ways=(Way(to="telco"),), groups=all_groups(groups, tuple(workers)))
    return Control(box, box, IdSource(Identity.take("BR-1", "call")), DEFAULT, 5.0, trunks, peers)


def call_in(control: Control, number: int) -> None:
    leg = msgspec.structs.replace(caller(f"leg-{number}"), trunk="telco")
    control.leg_said("line1", legs.LegOffered(leg=leg))


def test_a8_one_too_many_goes_on_to_another_number_or_is_busy() -> None:
    async def story() -> None:
        box = FakeBox()
        branch = control(box, TrunkGroup(name="pstn", members=("telco",), most_in=1, overflow=NUMBER))
        call_in(branch, 1)
        call_in(branch, 2)
        assert len(box.asked) == 1
        (place,) = box.commands(PlaceLeg)
        assert isinstance(place, PlaceLeg)
        assert (place.to, place.trunk) == (NUMBER, "telco")
        (decided,) = [event for event in box.events if isinstance(event, calls.RouteDecided)]
        assert decided.action == Tandem("telco", NUMBER)
        assert decided.reason == f"overflow: pstn has 1 of 1 calls in; 95588 goes on to {NUMBER} by telco"
        (now,) = branch.groups
        assert (now.now_in, now.now_out, now.came_in, now.went_out, now.too_many) == (1, 1, 1, 1, 1)
        shut = control(box, TrunkGroup(name="pstn", members=("telco",), calls=0))
        call_in(shut, 3)
        assert box.commands(ReleaseLeg)[-1] == ReleaseLeg(leg="leg-3", cause=17)

    asyncio.run(story())


def test_j3_a_full_way_to_another_branch_is_told_with_the_question() -> None:
    async def story() -> None:
        box = FakeBox()
        branch = control(box, TrunkGroup(name="wan", members=("BR-2",), most_out=1), peers=("BR-2", "BR-3"))
        call_in(branch, 1)
        call_in(branch, 2)
        assert [one.reaches for one in box.asked] == [("BR-2", "BR-3")] * 2
        far = RingAgent(agent="1001", extension="8101", queue="card", token="t", box="BR-2")
        first, second = (one.request for one in box.asked)
        branch.route_said(RouteAnswer(request=first, action=far, reason="free"))
        branch.route_said(RouteAnswer(request=second, action=far, reason="free"))
        again = box.asked[-1]
        assert (again.outcome, again.because) == ("unreachable", "wan has 1 of 1 calls out")
        assert (again.reaches, again.full) == (("BR-3",), {"BR-2": "wan has 1 of 1 calls out"})
        assert again.refused_agents == (), "there is another way to them"

    asyncio.run(story())


class LabelSite(Site):
    """Headquarters sends callers outside, some of them more than once."""

    deaths = (0.3, 0.2, 0.3)

    def ask(self, request: RouteRequest) -> bool:
        action = Release(cause=17) if self._random.random() < 0.4 else OUT
        answer = RouteAnswer(request=request.request, action=action, reason="because")
        asyncio.get_running_loop().call_soon(lambda: self.control.route_said(answer))
        return super().ask(request) or True

    def _born(self) -> None:
        ids = IdSource(Identity.take("BR-1", "call"))
        workers = {"telco": "line1", "pbx": "line2"}
        limited = (TrunkGroup(name="all", members=("telco", "pbx"), most_out=12),)
        trunks = Trunks(workers, ways=(Way(to="pbx", then=("telco",)),), groups=all_groups(limited, ()))
        self.control = Control(self, self, ids, DEFAULT, 5.0, trunks)
        self._clients = {
            worker.name: Attachment(worker, self.control.leg_said, self.control.refused) for worker in self._workers
        }
        self.control.restore(dict(self.kept))


def test_nothing_is_left_of_callers_sent_outside_whoever_dies() -> None:
    async def story(seed: int) -> Counter[type]:
        site = LabelSite(seed)
        await site.live()
        await site.end()
        assert site.left() == ()
        assert not any(one.now_in or one.now_out for one in site.control.groups)
        told = Counter((type(event), event.contact) for event in site.events)
        began = {contact for kind, contact in told if kind is calls.ContactBegan}
        assert {told[calls.ContactEnded, contact] for contact in began} == {1}
        return Counter(kind for kind, _ in told)

    told = sum((asyncio.run(story(seed)) for seed in range(10)), Counter[type]())
    assert told[calls.LegBegan] > 100, "calls out"
    assert told[calls.TalkBegan] > 2, "some of them answered"


def test_a_customer_is_not_called_back_by_a_group_at_its_limit() -> None:
    async def story() -> None:
        box = FakeBox()
        branch = control(box, TrunkGroup(name="pstn", members=("telco",), most_out=0))
        ring = RingAgent(agent="1001", extension="8001", queue="card", token="t")
        branch.route_said(PlaceContact(contact="c", callback="b", number=NUMBER, ring=ring, reason="free"))
        assert box.events[-1] == calls.ContactEnded(contact="c", cause=34, by="us")
        assert not box.commands(PlaceLeg), "nor is the agent rung for it"

    asyncio.run(story())

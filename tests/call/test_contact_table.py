# SPDX-License-Identifier: GPL-2.0-only
"""The contact's table: stories step by step, and a random walk that never leaves it."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.call import actions as a
from appliance.call import events as e
from appliance.call import recovery, routing
from appliance.call.contact import CallState, Contact, Party
from appliance.call.settings import Default, Fresh
from appliance.call.states import TABLE, NoTransitionError, step
from appliance.wire import calls
from appliance.wire.legs import (
    AlertLeg,
    AnswerLeg,
    Direction,
    Leg,
    LegState,
    PlaceLeg,
    ProceedLeg,
    ReleasedBy,
    ReleaseLeg,
)
from appliance.wire.routes import Label, Release, RingAgent, RouteAnswer, Treat
from appliance.wire.treatments import Collect, Play, RunTreatment, StopTreatment, Voicemail

pytestmark = pytest.mark.unit

FRESH = Fresh(leg="leg-b", request="r2", treatment="t1", recording=77, now_ns=0)
DEFAULT = Default(ring=("8001", "8002"), ring_s=20, cause=17)
TREAT = Treat(verbs=(Play(("hello-world",)), Collect(("vm-enter-num-to-call",))))
RING = RingAgent(agent="1001", extension="8001", queue="card", token="token", ring_s=15)


def offered() -> Contact:
    return Contact(
        contact="BR-1.x.1",
        state=CallState.ROUTING,
        caller=Party(leg="leg-a", worker="line1", port=5),
        dnis="95588",
        clid="13800000001",
        request="r1",
    )


def passing() -> Contact:
    """Tandem: the far leg is asked for."""
    far = Party(leg="leg-b", worker="line1")
    return msgspec.structs.replace(offered(), state=CallState.PASSING, agent=far, request="")


def answer(action: Treat | RingAgent | Label | Release) -> e.Routed:
    return e.Routed(RouteAnswer(request="r1", action=action, reason="because", cursor="here"), latency_ms=3.0)


def run(contact: Contact, *events: e.Event) -> tuple[Contact, list[a.Action]]:
    done: list[a.Action] = []
    for event in events:
        contact, actions = step(contact, event, FRESH, DEFAULT)
        done += actions
    return contact, done


def commands(actions: list[a.Action]) -> list[object]:
    return [action.command for action in actions if isinstance(action, a.ToWorker | a.ToIvr)]


def said(actions: list[a.Action]) -> list[object]:
    return [action.event for action in actions if isinstance(action, a.Record)]


TALK = (
    answer(RING),
    e.AgentPlaced(port=130, channel="sip 8001"),
    e.AgentAlerting(),
    e.AgentAnswered(sample=8_000),
    e.CallerAnswered(sample=8_040),
)


def test_caller_is_treated_then_rings_an_agent_and_talks() -> None:
    contact, done = run(offered(), answer(TREAT), e.CallerAnswered(sample=100), e.VerbBegan(1))
    assert commands(done) == [
        AnswerLeg(leg="leg-a"),
        RunTreatment(treatment="t1", port=5, verbs=TREAT.verbs, language="en", first=0),
    ]
    assert contact.state is CallState.TREATING
    assert contact.verb == 1

    contact, done = run(contact, e.TreatmentOver(reason="done", digits="2"))
    (question,) = [action for action in done if isinstance(action, a.Ask)]
    assert (question.request.ced, question.request.outcome, question.request.cursor) == ("2", "digits", "here")

    contact, done = run(contact, answer(RING), e.AgentPlaced(130, "sip 8001"), e.AgentAlerting())
    assert PlaceLeg(leg="leg-b", to="8001", contact="BR-1.x.1", clid="13800000001") in commands(done)
    assert a.StartRingTimer(15) in done
    assert a.RingBack(5) in done, "an answered caller hears our ring-back"

    contact, done = run(contact, e.AgentAnswered(sample=9_000))
    assert contact.state is CallState.TALKING
    assert done[-1] == a.Join(caller=5, agent=130, recording=77, from_sample=9_000)


def test_secret_digits_are_the_router_s_and_stars_in_the_record() -> None:
    treat = Treat(verbs=(Collect(prompts=("pin",), max_digits=4, secret=True),))
    contact, _ = run(offered(), answer(treat), e.CallerAnswered(sample=100))
    contact, done = run(contact, e.TreatmentOver(reason="done", digits="4711"))
    (question,) = [action for action in done if isinstance(action, a.Ask)]
    assert question.request.ced == "4711"
    assert [action.event for action in done if isinstance(action, a.Record)] == [
        calls.DigitsEntered(contact="BR-1.x.1", ced="****")
    ]


def test_who_waits_is_taken_from_his_music_to_an_agent() -> None:
    contact, _ = run(offered(), answer(TREAT), e.CallerAnswered(sample=100))
    contact, done = run(contact, e.Assigned(answer(RING).answer))
    assert contact.state is CallState.RINGING
    assert commands(done) == [
        StopTreatment(treatment="t1"),
        PlaceLeg(leg="leg-b", to="8001", contact="BR-1.x.1", clid="13800000001"),
    ]
    (decided,) = [one for one in said(done) if isinstance(one, calls.RouteDecided)]
    assert (decided.outcome, decided.by, decided.latency_ms) == ("waiting", "headquarters", 0.0)
    assert (contact.cursor, contact.treatment) == ("here", "")


def test_unanswered_caller_is_alerted_and_answered_with_the_agent() -> None:
    contact, done = run(offered(), *TALK)
    assert commands(done)[1:] == [AlertLeg(leg="leg-a"), AnswerLeg(leg="leg-a")]
    assert contact.talk_from == 8_040, "the talk begins with the second answer"
    assert isinstance(done[-1], a.Join)


def test_an_announcement_before_the_answer_is_heard_and_costs_nothing() -> None:
    """Then an agent is free: the exchange is told that a phone rings, and of the answer when there is one."""
    free = msgspec.structs.replace(TREAT, verbs=TREAT.verbs[:1], answer=False)
    contact, done = run(offered(), answer(free), e.VerbBegan(0), e.Assigned(answer(RING).answer), *TALK[1:])
    assert commands(done) == [
        ProceedLeg(leg="leg-a", contact="BR-1.x.1", inband=True),
        RunTreatment(treatment="t1", port=5, verbs=free.verbs),
        StopTreatment(treatment="t1"),
        PlaceLeg(leg="leg-b", to="8001", contact="BR-1.x.1", clid="13800000001"),
        AlertLeg(leg="leg-a"),
        AnswerLeg(leg="leg-a"),
    ]
    assert contact.state is CallState.TALKING


def test_after_announcements_before_the_answer_a_busy_is_one_that_was_never_answered() -> None:
    free = msgspec.structs.replace(TREAT, verbs=TREAT.verbs[:1], answer=False)
    over = e.TreatmentOver(reason="done", digits="")
    contact, done = run(offered(), answer(free), over, answer(free), over, answer(Release(cause=17)))
    orders = [one for one in commands(done) if isinstance(one, ProceedLeg | AnswerLeg | ReleaseLeg)]
    assert orders == [
        ProceedLeg(leg="leg-a", contact="BR-1.x.1", inband=True),
        ReleaseLeg(leg="leg-a", cause=17),
    ]
    assert not any(isinstance(one, calls.LegConnected) for one in said(done))
    assert contact.state is CallState.RELEASING


def test_a_phone_that_calls_is_answered_for_an_announcement_since_it_would_hear_nothing() -> None:
    phone = msgspec.structs.replace(offered(), caller=Party(leg="leg-a", worker="sip", port=5))
    contact, done = run(phone, answer(msgspec.structs.replace(TREAT, answer=False)))
    assert (commands(done), contact.state) == ([AnswerLeg(leg="leg-a")], CallState.ANSWERING)


def test_controlled_busy_is_told_before_answer() -> None:
    contact, done = run(offered(), answer(Release(cause=17)), e.CallerReleased(17, ReleasedBy.US, 500))
    assert commands(done) == [ReleaseLeg(leg="leg-a", cause=17)]
    assert contact.state is CallState.ENDED
    assert said(done)[-1] == calls.ContactEnded(contact="BR-1.x.1", cause=17, by="us")
    assert not any(isinstance(event, calls.LegConnected) for event in said(done))


def test_caller_hangs_up_in_the_talk() -> None:
    contact, done = run(
        offered(),
        *TALK,
        e.CallerReleased(16, ReleasedBy.PEER, 88_040),
        e.AgentReleased(16, ReleasedBy.US, 88_080),
    )
    assert calls.TalkEnded(contact="BR-1.x.1", sample=88_040, samples=80_000) in said(done)
    assert commands(done)[-1] == ReleaseLeg(leg="leg-b", cause=16)
    assert contact.state is CallState.ENDED
    assert said(done)[-1] == calls.ContactEnded(contact="BR-1.x.1", cause=16, by="caller")


def test_agent_hangs_up_and_his_cause_reaches_the_caller() -> None:
    contact, done = run(
        offered(), *TALK, e.AgentReleased(31, ReleasedBy.PEER, 16_040), e.CallerReleased(31, ReleasedBy.US, 16_080)
    )
    assert commands(done)[-1] == ReleaseLeg(leg="leg-a", cause=31)
    assert said(done)[-1] == calls.ContactEnded(contact="BR-1.x.1", cause=31, by="agent")
    assert contact.state is CallState.ENDED


def test_agents_side_that_fails_in_the_talk_sends_the_caller_to_the_next_agent() -> None:
    contact, done = run(offered(), *TALK, e.AgentReleased(41, ReleasedBy.FAULT, 16_040))
    (question,) = [action for action in done if isinstance(action, a.Ask)][-1:]
    assert question.request.outcome == "agent-gone"
    assert contact.state is CallState.ROUTING
    assert a.Part(port=5, recording=77) in done


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        (e.RingEnded(), "no-answer"),
        (e.AgentReleased(17, ReleasedBy.PEER, 0), "busy"),
        (e.AgentReleased(20, ReleasedBy.PEER, 0), "unreachable"),
    ],
)
def test_agent_who_does_not_answer_is_refused_and_the_router_asked_again(event: e.Event, outcome: str) -> None:
    contact, done = run(offered(), answer(RING), event)
    (question,) = [action for action in done if isinstance(action, a.Ask)]
    assert (question.request.outcome, question.request.refused_agents) == (outcome, ("1001",))
    assert contact.agent is None


def test_label_of_another_branch_places_the_leg_on_that_peer_and_the_record_says_where() -> None:
    _, done = run(offered(), answer(msgspec.structs.replace(RING, box="BR-0002")))
    place = PlaceLeg(leg="leg-b", to="8001", contact="BR-1.x.1", clid="13800000001", trunk="BR-0002")
    assert a.ToWorker("sip", place) in done
    (began,) = [event for event in said(done) if isinstance(event, calls.LegBegan)]
    assert (began.channel, began.to, began.trunk) == ("sip 8001 at BR-0002", "8001", None)


def test_label_is_no_way_for_a_branch_and_the_router_hears_so() -> None:
    there = Label(label="0020876500", agent="2001", queue="far", token="t", within_s=20)
    contact, done = run(offered(), answer(there))
    (question,) = [action for action in done if isinstance(action, a.Ask)]
    assert (question.request.outcome, question.request.refused_agents) == ("unreachable", ("2001",))
    assert contact.state is CallState.ROUTING
    assert commands(done) == []


def test_silent_headquarters_rings_the_defaults_in_turn_then_releases() -> None:
    silent = e.RouteMissing("headquarters did not answer within 500 ms", 500.0)
    contact, first = run(offered(), silent)
    contact, second = run(contact, e.RingEnded(), silent)
    contact, third = run(contact, e.RingEnded(), silent)
    placed = [command.to for command in commands([*first, *second]) if isinstance(command, PlaceLeg)]
    assert placed == ["8001", "8002"]
    assert commands(third)[-1] == ReleaseLeg(leg="leg-a", cause=17)
    decisions = [event for event in said([*first, *second, *third]) if isinstance(event, calls.RouteDecided)]
    assert [decision.by for decision in decisions] == ["branch"] * 3
    assert all("did not answer within 500 ms" in decision.reason for decision in decisions)
    assert contact.state is CallState.RELEASING


def test_caller_abandons_in_the_ivr() -> None:
    contact, done = run(offered(), answer(TREAT), e.CallerAnswered(100), e.CallerReleased(16, ReleasedBy.PEER, 900))
    assert contact.state is CallState.ENDED
    assert commands(done)[-1] == StopTreatment(treatment="t1")


def test_caller_who_leaves_in_the_ivr_rings_nobody_though_his_port_closes_first() -> None:
    contact, done = run(
        offered(),
        answer(TREAT),
        e.CallerAnswered(100),
        e.TreatmentOver(reason="closed", digits=""),
        e.CallerReleased(16, ReleasedBy.PEER, 900),
    )
    assert not any(isinstance(action, a.Ask) for action in done)
    assert commands(done)[-1] == ReleaseLeg(leg="leg-a", cause=41), "for a worker that forgot to say it"
    assert said(done)[-1] == calls.ContactEnded(contact="BR-1.x.1", cause=16, by="caller")
    assert contact.state is CallState.ENDED


MESSAGE = Treat(verbs=(Play(("beep",)), Voicemail("card", shortest_s=2)))
SPOKEN = (e.CallerAnswered(100), e.VerbBegan(0), e.VerbBegan(1))


def at(contact: Contact, sample: int, *events: e.Event) -> tuple[Contact, list[a.Action]]:
    done: list[a.Action] = []
    for event in events:
        contact, actions = step(contact, event, msgspec.structs.replace(FRESH, sample=sample), DEFAULT)
        done += actions
    return contact, done


def voicemails(done: list[a.Action]) -> list[object]:
    return [one for one in said(done) if isinstance(one, calls.VoicemailBegan | calls.VoicemailEnded)]


@pytest.mark.parametrize(
    ("sample", "reason", "outcome", "kept"),
    [
        (24_000, "recorded", "recorded", True),
        (23_999, "recorded", "silent", False),
        (48_000, "silent", "silent", False),
        (8_000, "failed", "failed", False),
    ],
)
def test_a_message_is_told_with_its_mailbox_and_the_router_hears_whether_there_is_one(
    sample: int, reason: str, outcome: str, *, kept: bool
) -> None:
    contact, begun = at(offered(), 8_000, answer(MESSAGE), *SPOKEN)
    (run_it,) = [one for one in commands(begun) if isinstance(one, RunTreatment)]
    assert (run_it.recording, run_it.since) == (77, None)
    _, again = at(contact, 9_000, e.VerbBegan(1))
    assert voicemails(again) == [], "told once, whoever tells the verb once more"
    contact, done = at(contact, sample, e.TreatmentOver(reason=reason, digits=""))
    name = f"{77:016x}"
    assert voicemails([*begun, *done]) == [
        calls.VoicemailBegan(contact="BR-1.x.1", mailbox="card", recording=name, sample=8_000),
        calls.VoicemailEnded(contact="BR-1.x.1", recording=name, samples=sample - 8_000, kept=kept),
    ]
    (question,) = [action for action in done if isinstance(action, a.Ask)]
    assert question.request.outcome == outcome
    assert (contact.recording, contact.message_from) == (0, None)


@pytest.mark.parametrize(("sample", "kept"), [(80_000, True), (9_000, False), (100, True)])
def test_a_caller_who_hangs_up_has_left_what_was_said_and_an_engine_that_began_anew_takes_nothing_away(
    sample: int, *, kept: bool
) -> None:
    contact, _ = at(offered(), 8_000, answer(MESSAGE), *SPOKEN)
    contact, done = at(contact, sample, e.CallerReleased(16, ReleasedBy.PEER, sample))
    (ended,) = voicemails(done)
    assert isinstance(ended, calls.VoicemailEnded)
    assert ended.kept is kept
    assert contact.state is CallState.ENDED


def test_a_treatment_that_goes_on_after_a_death_takes_the_same_message() -> None:
    contact, _ = at(offered(), 8_000, answer(MESSAGE), *SPOKEN)
    _, actions = routing.run(contact)
    assert commands(list(actions)) == [
        RunTreatment(treatment="t1", port=5, verbs=MESSAGE.verbs, first=1, recording=77, since=8_000)
    ]


def test_event_without_a_cell_changes_nothing() -> None:
    contact = offered()
    with pytest.raises(NoTransitionError, match="AgentAnswered in state routing"):
        step(contact, e.AgentAnswered(1), FRESH, DEFAULT)
    assert contact == offered()


EVENTS = st.one_of(
    st.sampled_from(
        [
            answer(TREAT),
            answer(MESSAGE),
            answer(msgspec.structs.replace(TREAT, answer=False)),
            answer(RING),
            answer(Release(17)),
        ]
    ),
    st.just(e.RouteMissing("silent", 500.0)),
    st.builds(e.CallerAnswered, st.integers(0, 10**6)),
    st.builds(e.CallerReleased, st.integers(1, 127), st.sampled_from(ReleasedBy), st.integers(0, 10**6)),
    st.builds(e.VerbBegan, st.integers(0, 1)),
    st.builds(
        e.TreatmentOver,
        st.sampled_from(["done", "no-digits", "stopped", "closed", "recorded"]),
        st.sampled_from(["", "1"]),
    ),
    st.just(e.AgentPlaced(130, "sip 8001")),
    st.just(e.AgentAlerting()),
    st.builds(e.AgentAnswered, st.integers(0, 10**6)),
    st.builds(e.AgentReleased, st.integers(1, 127), st.sampled_from(ReleasedBy), st.integers(0, 10**6)),
    st.just(e.RingEnded()),
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from([offered(), passing()]), st.lists(EVENTS, max_size=40))
def test_random_walk_never_leaves_the_table_and_ends_every_leg_once(contact: Contact, events: list[e.Event]) -> None:
    ended: list[str] = []
    placed_port = False
    for event in events:
        if isinstance(event, e.AgentAnswered) and not placed_port:
            continue  # a worker says LegPlaced before any other event of a leg (docs/wire.md)
        if type(event) not in TABLE[contact.state]:
            with pytest.raises(NoTransitionError):
                step(contact, event, FRESH, DEFAULT)
            continue
        if isinstance(event, e.CallerReleased) and contact.caller.released:
            continue  # LegReleased is said once for each leg
        if isinstance(event, e.AgentReleased) and (contact.agent is None or contact.agent.released):
            continue
        if isinstance(event, e.AgentPlaced) and contact.agent is None:
            continue
        contact, actions = step(contact, event, FRESH, DEFAULT)
        placed_port = contact.agent is not None and contact.agent.port is not None
        ended += [x.leg for x in said(list(actions)) if isinstance(x, calls.LegEnded)]
        assert msgspec.json.decode(msgspec.json.encode(contact), type=Contact) == contact
    assert ended.count("leg-a") <= 1
    if contact.state is CallState.ENDED:
        assert contact.caller.released


def leg(state: LegState, **more: object) -> Leg:
    return Leg(leg="leg-b", direction=Direction.OUTGOING, state=state, channel="sip 8001", port=130, **more)  # type: ignore[arg-type]


def test_snapshot_tells_the_answer_that_was_missed() -> None:
    ringing, _ = run(offered(), answer(RING))
    events = recovery.missed(ringing, "sip", {"leg-b": leg(LegState.ANSWERED, answered_sample=4_000)}, 9_999)
    assert events == [e.AgentPlaced(130, "sip 8001"), e.AgentAnswered(4_000)]


def test_snapshot_tells_who_hung_up_while_call_control_was_dead() -> None:
    talking, _ = run(offered(), *TALK)
    gone = leg(LegState.RELEASED, answered_sample=8_000, cause=16, by=ReleasedBy.PEER, released_sample=50_000)
    assert recovery.missed(talking, "sip", {"leg-b": gone}, 60_000) == [e.AgentReleased(16, ReleasedBy.PEER, 50_000)]


def test_leg_that_died_with_its_worker_is_released_with_cause_41() -> None:
    talking, _ = run(offered(), *TALK)
    assert recovery.missed(talking, "line1", {}, 60_000) == [e.CallerReleased(41, ReleasedBy.FAULT, 60_000)]


def test_restored_contact_repeats_what_its_death_may_have_swallowed() -> None:
    asked, _ = routing.ask(offered(), "offered", FRESH)
    _, again = recovery.resume(asked, FRESH)
    assert isinstance(again[0], a.Ask)
    ringing, _ = run(offered(), answer(RING))
    assert recovery.resume(ringing, FRESH)[1] == (a.StartRingTimer(15),)
    releasing, _ = run(offered(), *TALK, e.CallerReleased(16, ReleasedBy.PEER, 88_040))
    assert recovery.resume(releasing, FRESH)[1] == (a.ToWorker("sip", ReleaseLeg(leg="leg-b", cause=16)),)

# SPDX-License-Identifier: GPL-2.0-only
"""Transfers by the contact's table: stories step by step, and a random walk that lets every leg go once."""

import itertools

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.call import actions as a
from appliance.call import events as e
from appliance.call import recovery
from appliance.call.contact import CallState, Contact, Party
from appliance.call.settings import Default, Fresh, Trunks
from appliance.call.states import TABLE, step
from appliance.call.transferring import wishes
from appliance.config.outbound import Way
from appliance.wire import calls
from appliance.wire.legs import PlaceLeg, ReleasedBy, ReleaseLeg
from appliance.wire.routes import Label, Release, RingAgent, RouteAnswer, Treat
from appliance.wire.treatments import Music, Play, RunTreatment, StopTreatment, Voicemail

pytestmark = pytest.mark.unit

TRUNKS = Trunks({"telco": "line1", "pbx": "line2"}, ways=(Way(to="telco", then=("pbx",)),))
DEFAULT = Default(ring=(), ring_s=20, cause=17, hold=("hold-music",), trunks=TRUNKS)
OUTSIDE = Label("02087650001", ring_s=30)
FIRST = RingAgent(agent="1001", extension="8001", queue="card", token="t1", ring_s=15)
SECOND = RingAgent(agent="1002", extension="8002", queue="", token="t2", ring_s=15)
MESSAGE = Treat(verbs=(Play(("beep",)), Voicemail("card", shortest_s=1)))
QUEUED = Treat(verbs=(Music(("queue-music",), seconds=20),))
HELD_MUSIC = RunTreatment(treatment="treatment-1", port=5, verbs=(Music(("hold-music",)),))


class Story:
    """A contact, step by step; ids are `leg-1`, `leg-2`, ... and the engine's clock goes on by 1,000 a step."""

    def __init__(self, contact: Contact) -> None:
        self.contact = contact
        self.done: list[a.Action] = []
        self._numbers = itertools.count(1)

    def hear(self, *events: e.Event) -> "Story":
        self.done = []
        for event in events:
            number = next(self._numbers)
            fresh = Fresh(
                leg=f"leg-{number}",
                request=f"request-{number}",
                treatment=f"treatment-{number}",
                recording=number,
                now_ns=0,
                sample=200_000 + 1_000 * number,
            )
            self.contact, actions = step(self.contact, event, fresh, DEFAULT)
            self.done += actions
            assert msgspec.json.decode(msgspec.json.encode(self.contact), type=Contact) == self.contact
        return self

    @property
    def commands(self) -> list[object]:
        return [action.command for action in self.done if isinstance(action, a.ToWorker | a.ToIvr)]

    @property
    def said(self) -> list[object]:
        return [action.event for action in self.done if isinstance(action, a.Record)]

    @property
    def question(self) -> a.Ask:
        (asked,) = [action for action in self.done if isinstance(action, a.Ask)]
        return asked


def talking() -> Story:
    return Story(
        Contact(
            contact="BR-1.x.1",
            state=CallState.TALKING,
            caller=Party(leg="leg-a", worker="line1", port=5, answered_sample=8_000),
            agent=Party(leg="leg-b", worker="sip", port=130, answered_sample=9_000),
            dnis="95588",
            clid="13800000001",
            cursor="welcome/1/card/3",
            ring=FIRST,
            recording=77,
            talk_from=9_000,
        )
    )


def to(action: Treat | RingAgent | Label | Release, script: str = "", reason: str = "because") -> e.Routed:
    answer = RouteAnswer(request="r", action=action, reason=reason, script=script, cursor="there")
    return e.Routed(answer, latency_ms=2.0)


CONSULT, BLIND = e.TransferWanted("1002", blind=False), e.TransferWanted("95599", blind=True)
ANSWERED = (e.AgentPlaced(131, "sip 8002"), e.AgentAlerting(), e.AgentAnswered(150_000))


def test_caller_hears_music_while_the_agent_is_asked_for_the_number() -> None:
    story = talking().hear(CONSULT)
    assert a.Part(5, 77) in story.done, "the talk's recording ends"
    assert story.commands == [HELD_MUSIC]
    asked = story.question.request
    assert (asked.outcome, asked.transfer_to, asked.transferred_by) == ("consulting", "1002", "1001")
    assert asked.cursor == "welcome/1/card/3"
    assert calls.TransferBegan(contact="BR-1.x.1", by="1001", leg="leg-b", to="1002") in story.said


def test_consultation_then_completion_joins_caller_and_second_agent_in_one_instant() -> None:
    story = talking().hear(CONSULT, to(SECOND), *ANSWERED)
    assert story.contact.state is CallState.TALKING
    assert a.Join(caller=130, agent=131, recording=5, from_sample=150_000) in story.done
    (began,) = [one for one in story.said if isinstance(one, calls.TalkBegan)]
    assert began.consult

    story.hear(e.CompleteWanted())
    (ended,) = [one for one in story.said if isinstance(one, calls.TalkEnded)]
    (began,) = [one for one in story.said if isinstance(one, calls.TalkBegan)]
    assert (ended.sample, ended.consult) == (began.sample, True), "one recording ends where the next begins"
    assert (began.leg, began.consult, began.recording) == ("leg-2", False, f"{6:016x}")
    bridges = [action for action in story.done if isinstance(action, a.Part | a.Join)]
    assert bridges == [a.Part(130, 5), a.Join(caller=5, agent=131, recording=6, from_sample=206_000)]
    assert ReleaseLeg(leg="leg-b", cause=16) in story.commands, "the first agent is out"
    assert (story.contact.agent, story.contact.held) == (story.contact.parties[1], None)
    told = calls.TransferEnded(contact="BR-1.x.1", by="1001", to="1002", outcome="completed", agent="1002")
    assert story.said.index(told) < story.said.index(began), "statistics: whose caller was handed on"


def test_agent_who_hangs_up_in_a_consultation_has_completed_it() -> None:
    story = talking().hear(CONSULT, to(SECOND), *ANSWERED).hear(e.CallerReleased(16, ReleasedBy.PEER, 160_000))
    assert story.contact.state is CallState.TALKING
    assert story.contact.caller.leg == "leg-a"
    assert not any(isinstance(one, ReleaseLeg) for one in story.commands)


def test_agent_takes_the_caller_back_and_the_second_is_let_go() -> None:
    story = talking().hear(CONSULT, to(SECOND), *ANSWERED).hear(e.ReconnectWanted())
    assert ReleaseLeg(leg="leg-2", cause=16) in story.commands
    assert a.Join(caller=5, agent=130, recording=6, from_sample=206_000) in story.done
    assert StopTreatment(treatment="treatment-1") in story.commands
    assert (story.contact.caller.leg, story.contact.agent and story.contact.agent.leg) == ("leg-a", "leg-b")
    assert story.contact.ring == FIRST


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (e.AgentReleased(17, ReleasedBy.PEER, 0), "1002 cannot be reached (cause 17)"),
        (e.RingEnded(), "1002 did not answer"),
    ],
)
def test_second_agent_who_cannot_be_had_gives_the_caller_back(event: e.Event, reason: str) -> None:
    story = talking().hear(CONSULT, to(SECOND), e.AgentPlaced(131, "sip 8002"), e.AgentAlerting()).hear(event)
    assert story.contact.state is CallState.TALKING
    (told,) = [one for one in story.said if isinstance(one, calls.TransferEnded)]
    assert (told.outcome, told.reason) == ("reconnected", reason)
    assert [one.leg for one in story.said if isinstance(one, calls.LegEnded)] == ["leg-2"]


def test_number_that_nobody_has_gives_the_caller_back_with_headquarters_word() -> None:
    for wish in (CONSULT, BLIND):
        story = talking().hear(wish, to(Release(1), reason="nobody has the number 1002; did you mean 1001?"))
        (told,) = [one for one in story.said if isinstance(one, calls.TransferEnded)]
        assert told.reason == "nobody has the number 1002; did you mean 1001?"
        assert story.contact.state is CallState.TALKING
        assert a.Join(caller=5, agent=130, recording=2, from_sample=202_000) in story.done


def test_silent_headquarters_gives_the_caller_back() -> None:
    story = talking().hear(BLIND, e.RouteMissing("headquarters cannot be reached", 0.1))
    assert story.contact.state is CallState.TALKING


def test_blind_transfer_frees_the_agent_as_soon_as_there_is_a_way() -> None:
    story = talking().hear(BLIND).hear(to(QUEUED, "queue"))
    assert story.contact.state is CallState.TREATING
    assert (story.contact.caller.leg, story.contact.agent, story.contact.held) == ("leg-a", None, None)
    stopped, released, run = story.commands
    assert (stopped, released) == (StopTreatment(treatment="treatment-1"), ReleaseLeg(leg="leg-b", cause=16))
    assert run == RunTreatment(treatment="treatment-2", port=5, verbs=QUEUED.verbs)
    story.hear(e.TreatmentOver("done", ""))
    asked = story.question.request
    assert (asked.transfer_to, asked.transferred_by, asked.refused_agents) == ("", "1001", ("1001",))


def test_blind_transfer_to_an_agent_who_does_not_answer_goes_on_in_the_caller_s_own_script() -> None:
    story = talking().hear(BLIND, to(SECOND), *ANSWERED[:2]).hear(e.RingEnded())
    assert (story.question.request.outcome, story.question.request.transfer_to) == ("no-answer", "")
    assert story.contact.caller.leg == "leg-a"


def test_consultation_of_a_queue_keeps_caller_and_agent_each_at_his_music() -> None:
    story = talking().hear(e.TransferWanted("95599", blind=False), to(QUEUED, "queue"))
    assert RunTreatment(treatment="treatment-2", port=130, verbs=QUEUED.verbs) in story.commands
    story.hear(e.CompleteWanted())
    assert story.commands == [
        StopTreatment(treatment="treatment-2"),
        StopTreatment(treatment="treatment-1"),
        ReleaseLeg(leg="leg-b", cause=16),
        RunTreatment(treatment="treatment-3", port=5, verbs=QUEUED.verbs),
    ]
    story.hear(e.Assigned(to(SECOND, "queue").answer))
    assert PlaceLeg(leg="leg-4", to="8002", contact="BR-1.x.1", clid="13800000001") in story.commands


def test_a_caller_who_is_put_through_to_a_mailbox_leaves_a_message_of_his_own_from_the_beep_on() -> None:
    story = talking().hear(e.TransferWanted("95599", blind=False), to(MESSAGE, "night"), e.VerbBegan(1))
    (begun,) = [one for one in story.said if isinstance(one, calls.VoicemailBegan)]
    story.hear(e.CompleteWanted())
    assert f"{story.contact.recording:016x}" != begun.recording
    assert story.commands[-1] == RunTreatment(
        treatment="treatment-4", port=5, verbs=MESSAGE.verbs, first=0, recording=story.contact.recording
    )
    (ended,) = [one for one in story.said if isinstance(one, calls.VoicemailEnded)]
    assert (ended.recording, ended.kept) == (begun.recording, False), "the agent has said nothing for a second"


def test_an_agent_consults_a_number_outside_and_hands_the_caller_on_to_it() -> None:
    story = talking().hear(CONSULT, to(OUTSIDE, "queue"), e.AgentPlaced(33, "telco"), e.AgentAlerting(inband=True))
    assert a.Join(caller=130, agent=33, recording=0, from_sample=0) in story.done, "the agent hears the network"
    story.hear(e.AgentAnswered(150_000), e.CompleteWanted())
    assert story.done[-2:] == [a.Join(5, 33, 0, 206_000), a.ToIvr(StopTreatment(treatment="treatment-1"))]
    assert story.contact.state is CallState.TALKING
    story.hear(e.AgentReleased(16, ReleasedBy.PEER, 300_000))
    assert (story.contact.released_by, story.contact.cause) == ("called", 16)


def test_an_agent_who_hands_on_while_it_rings_outside_leaves_the_caller_his_music() -> None:
    story = talking().hear(CONSULT, to(OUTSIDE, "queue"), e.AgentPlaced(33, "telco"), e.AgentAlerting(inband=True))
    story.hear(e.CompleteWanted())
    assert a.Part(130, recording=0) in story.done
    assert story.contact.caller.leg == "leg-a"
    story.hear(e.AgentReleased(17, ReleasedBy.PEER, 300_000))
    assert (story.question.request.outcome, story.question.request.because) == ("busy", "cause 17 by telco")


def test_caller_who_lets_go_while_he_is_held_ends_all_legs() -> None:
    story = talking().hear(CONSULT, to(SECOND), *ANSWERED).hear(e.HeldReleased(16, ReleasedBy.PEER, 170_000))
    released = [one for one in story.commands if isinstance(one, ReleaseLeg)]
    assert released == [ReleaseLeg(leg="leg-b", cause=16), ReleaseLeg(leg="leg-2", cause=16)]
    assert recovery.resume(story.contact, Fresh("", "", "", 0, 0))[1] == tuple(
        a.ToWorker("sip", command) for command in released
    )
    story.hear(e.AgentReleased(16, ReleasedBy.US, 170_100), e.HeldReleased(16, ReleasedBy.US, 170_200))
    assert story.contact.state is CallState.ENDED
    assert story.said[-1] == calls.ContactEnded(contact="BR-1.x.1", cause=16, by="caller")


def test_sip_worker_that_dies_in_a_consultation_sends_the_caller_to_be_routed_again() -> None:
    story = talking().hear(CONSULT, to(SECOND), *ANSWERED)
    lost = recovery.missed(story.contact, "sip", {}, 180_000)
    assert [type(one) for one in lost] == [e.CallerReleased, e.AgentReleased]
    story.hear(lost[0])
    assert (story.question.request.outcome, story.contact.caller.leg) == ("agent-gone", "leg-a")
    assert e.AgentReleased not in TABLE[story.contact.state], "the second agent's leg is told of already"
    assert sorted(one.leg for one in story.said if isinstance(one, calls.LegEnded)) == ["leg-2", "leg-b"]


def test_restored_consultation_asks_its_question_again() -> None:
    story = talking().hear(CONSULT)
    _, (again,) = recovery.resume(story.contact, Fresh("", "r9", "", 0, 0))
    assert isinstance(again, a.Ask)
    assert (again.request.transfer_to, again.request.transferred_by) == ("1002", "1001")


def test_what_cannot_be_done_is_told_in_a_sentence() -> None:
    story = talking()
    assert wishes.refusal(story.contact, CONSULT) == ""
    assert wishes.refusal(story.contact, e.CompleteWanted()) == "has nobody on hold"
    story.hear(CONSULT)
    assert "has the caller on hold for 1002" in wishes.refusal(story.contact, BLIND)
    assert wishes.refusal(story.contact, e.ReconnectWanted()) == ""


EVENTS = st.one_of(
    st.sampled_from(
        [to(QUEUED, "queue"), to(MESSAGE, "m"), to(Treat(verbs=(Play(("x",)),)), "x"), to(SECOND), to(SECOND, "queue")]
    ),
    st.sampled_from([to(Release(17)), e.RouteMissing("silent", 500.0), e.RingEnded(), e.Assigned(to(SECOND).answer)]),
    st.sampled_from([to(OUTSIDE, "queue"), e.Assigned(to(OUTSIDE).answer), e.AgentAlerting(inband=True)]),
    st.sampled_from([CONSULT, BLIND, e.CompleteWanted(), e.ReconnectWanted(), e.AgentAlerting()]),
    st.just(e.AgentPlaced(131, "sip 8002")),
    st.builds(e.CallerReleased, st.just(16), st.sampled_from(ReleasedBy), st.integers(0, 10**6)),
    st.builds(e.AgentReleased, st.sampled_from([16, 34, 44]), st.sampled_from(ReleasedBy), st.integers(0, 10**6)),
    st.builds(e.HeldReleased, st.just(16), st.sampled_from(ReleasedBy), st.integers(0, 10**6)),
    st.builds(e.TreatmentOver, st.sampled_from(["done", "closed", "recorded"]), st.just("")),
    st.builds(e.VerbBegan, st.integers(0, 1)),
    st.builds(e.AgentAnswered, st.integers(0, 10**6)),
)


@settings(max_examples=600, deadline=None)
@given(st.lists(EVENTS, max_size=40))
def test_random_walk_lets_every_leg_go_once_and_never_the_caller_for_an_agent(events: list[e.Event]) -> None:
    story = talking()
    begun, ended, talks = {"leg-a", "leg-b"}, [], 1
    message = ""
    for event in events:
        if type(event) not in TABLE[story.contact.state] or not _possible(story.contact, event):
            continue
        story.hear(event)
        begun |= {one.leg for one in story.said if isinstance(one, calls.LegBegan)}
        ended += [one.leg for one in story.said if isinstance(one, calls.LegEnded)]
        talks += sum(isinstance(one, calls.TalkBegan) - isinstance(one, calls.TalkEnded) for one in story.said)
        for one in story.said:
            if isinstance(one, calls.VoicemailBegan):
                assert not message, "one ends before the next"
                message = one.recording
            elif isinstance(one, calls.VoicemailEnded):
                assert one.recording == message
                message = ""
        assert bool(message) == (story.contact.message_from is not None and story.contact.state is CallState.TREATING)
        assert talks == (story.contact.state is CallState.TALKING)
        assert len(ended) == len(set(ended))
        up = {party.leg for party in story.contact.parties if not party.released}
        assert up == begun - set(ended) or story.contact.state is CallState.RELEASING
        assert (story.contact.held is None) == (story.contact.transfer is None) or not up & {"leg-a"}
    if story.contact.state is CallState.ENDED:
        assert set(ended) == begun


def _possible(contact: Contact, event: e.Event) -> bool:
    """Each leg is released once, and answers after it has its port."""
    of = {e.CallerReleased: contact.caller, e.AgentReleased: contact.agent, e.HeldReleased: contact.held}
    if type(event) in of:
        party = of[type(event)]
        return party is not None and not party.released
    if isinstance(event, e.AgentPlaced | e.AgentAlerting):
        return contact.agent is not None
    return not isinstance(event, e.AgentAnswered) or (contact.agent is not None and contact.agent.port is not None)

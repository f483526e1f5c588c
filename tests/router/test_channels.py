# SPDX-License-Identifier: GPL-2.0-only
"""Chats, mails and calls of the same people: how much at once, what gives way to what, and what is told of it."""

from collections.abc import Sequence

import msgspec
import pytest

from appliance.router.apply import apply
from appliance.router.events import (
    AgentMoved,
    AgentWished,
    Answer,
    Assigned,
    BranchHeard,
    BranchSilent,
    CallTold,
    Effect,
    Event,
    Interrupted,
    LifeBegan,
    ReservationEnded,
    RouteAsked,
    TimePassed,
)
from appliance.router.rules import DAY_S, VOICE, CallType, Channel, QueueRule, QueueStep, Rules, Seat, skill_group
from appliance.router.slots import slot
from appliance.router.state import EMPTY, State
from appliance.router.states import AgentState
from appliance.router.view import agent_now, queue_now
from appliance.script.nodes import Agent, Queue, Release, Script, Text
from appliance.wire.agents import AgentAsked, AgentWish, QueueNow
from appliance.wire.calls import ContactEnded, LegBegan, LegConnected, LegEnded
from appliance.wire.legs import Direction, ReleasedBy
from appliance.wire.routes import LegInterrupted, RingAgent, RouteRequest
from tests.router.test_router_apply import BOX, S, check

pytestmark = pytest.mark.unit

MEDIA = "MEDIA-1"
CHANNELS = {
    "chat": Channel(not_beside=(VOICE,)),
    "mail": Channel(interrupted_by=(VOICE,), kept_s=14 * DAY_S),
}
NUMBERS = {VOICE: "95588", "chat": "1", "mail": "2"}


def rules(
    *people: str, channels: dict[str, Channel] = CHANNELS, slots: dict[str, int] | None = None, total: int = 2
) -> Rules:
    """Each of these with a telephone and `slots`; a queue and a call type a channel, named by it."""
    many = {VOICE: 1, **({"chat": 2, "mail": 1} if slots is None else slots)}
    names = {channel: [slot(one, channel, n + 1) for one in people for n in range(many[channel])] for channel in many}
    scripts = {
        channel: Script(
            channel,
            "v",
            Text(
                start="wait",
                nodes={
                    "wait": Queue(queues=(channel,), otherwise="gone", hold=("wait",), wait_s=10 * DAY_S),
                    "gone": Release(cause=17),
                    "agent": Agent(agent="dnis", otherwise="gone"),
                },
            ),
        )
        for channel in many
    }
    types = [CallType(channel, NUMBERS.get(channel, "9"), channel, channel=channel) for channel in many]
    return Rules(
        call_types={one.key: one for one in types},
        queues={channel: QueueRule((QueueStep(tuple(names[channel])),), 0, channel) for channel in many},
        seats={
            name: Seat(name, name, BOX if channel == VOICE else MEDIA, name if channel == VOICE else "", total=total)
            for channel in many
            for name in names[channel]
        },
        scripts=scripts,
        channels=channels,
        no_answer_not_ready=True,
    )


class Floor:
    """The router, told one thing after another, a second each."""

    def __init__(self, known: Rules) -> None:
        self.now_ns = S
        self.effects: list[Effect] = []
        self.state: State = EMPTY
        self.tell(LifeBegan(self.now_ns, "epoch", known))
        for box in (BOX, MEDIA):
            self.tell(BranchHeard(self.now_ns, box))

    def tell(self, event: Event) -> list[Effect]:
        self.now_ns += S
        event = type(event)(self.now_ns, *[getattr(event, field) for field in event.__struct_fields__[1:]])
        self.state, effects = apply(self.state, event)
        check(self.state)
        self.effects += effects
        return list(effects)

    def ask(self, contact: str, kind: str, **known: object) -> list[Effect]:
        box = BOX if kind == VOICE else MEDIA
        dnis = known.pop("dnis", "") or NUMBERS[kind]
        request = RouteRequest(request=f"r{self.now_ns}", contact=contact, dnis=dnis, kind=kind, **known)  # type: ignore[arg-type]
        return self.tell(RouteAsked(0, box, request, 0))

    def take(self, effects: Sequence[Effect], contact: str, kind: str, *, answers: bool = True) -> RingAgent:
        """The agent rings, or is offered it, and takes it. The leg is named by the contact."""
        (label,) = labels(effects)
        self.begin(label, contact, kind)
        if answers:
            box = BOX if kind == VOICE else MEDIA
            self.tell(CallTold(0, box, LegConnected(contact=contact, leg=f"l-{contact}", sample=0)))
        return label

    def begin(self, label: RingAgent, contact: str, kind: str) -> list[Effect]:
        began = LegBegan(
            contact=contact,
            leg=f"l-{contact}",
            direction=Direction.OUTGOING,
            channel="sip" if kind == VOICE else kind,
            to=label.extension,
            agent=label.agent,
            token=label.token,
            kind=kind,
        )
        return self.tell(CallTold(0, BOX if kind == VOICE else MEDIA, began))

    def end(self, contact: str) -> list[Effect]:
        leg = LegEnded(contact=contact, leg=f"l-{contact}", cause=16, by=ReleasedBy.PEER, sample=0)
        return [
            *self.tell(CallTold(0, MEDIA, leg)),
            *self.tell(CallTold(0, MEDIA, ContactEnded(contact=contact, cause=16, by="agent"))),
        ]

    def wish(self, agent: str, to: AgentWish, reason: str = "") -> list[Effect]:
        return self.tell(AgentWished(0, AgentAsked(agent=agent, to=to, reason=reason)))

    def queue(self, name: str) -> QueueNow:
        return queue_now(self.state, name, self.now_ns)

    def has(self, agent: str = "1001") -> dict[str, str]:
        now = agent_now(self.state, agent)
        return {VOICE: now.state} | {one.channel: one.state for one in now.channels}


def labels(effects: Sequence[Effect]) -> list[RingAgent]:
    told = [one.answer.action for one in effects if isinstance(one, Answer | Assigned)]
    return [action for action in told if isinstance(action, RingAgent)]


def moves(effects: Sequence[Effect]) -> list[tuple[str, str]]:
    return [(one.agent, one.state) for one in effects if isinstance(one, AgentMoved)]


def test_an_agent_with_two_chats_gets_no_third_until_one_is_over() -> None:
    floor = Floor(rules("1001"))
    assert floor.take(floor.ask("c1", "chat"), "c1", "chat").agent == "1001"
    floor.take(floor.ask("c2", "chat"), "c2", "chat")
    assert labels(floor.ask("c3", "chat")) == []
    now = agent_now(floor.state, "1001")
    assert [(one.channel, one.state, one.at_work, one.slots) for one in now.channels] == [
        ("chat", "busy", 2, 2),
        ("mail", "available", 0, 1),
    ]
    assert (
        floor.queue("chat").waiting,
        floor.queue("mail").free,
    ) == (1, 0), "a mail has no room"
    (label,) = labels(floor.end("c1"))
    assert (label.agent, label.queue) == ("1001", "chat")
    floor.begin(label, "c3", "chat")
    assert labels(floor.ask("m1", "mail")) == []
    assert labels(floor.ask("c4", VOICE)) == [], "two chats weigh what an agent does at once"


def test_a_call_comes_while_a_mail_is_written_and_the_mail_comes_back_after_it() -> None:
    floor = Floor(rules("1001", total=1))
    floor.take(floor.ask("m1", "mail"), "m1", "mail")
    asked = floor.ask("c1", VOICE)
    assert floor.has() == {VOICE: "reserved", "chat": "available", "mail": "busy"}, "until the phone rings"
    floor.take(asked, "c1", VOICE)
    assert floor.has() == {VOICE: "busy", "chat": "available", "mail": "interrupted"}
    told = [one for one in floor.effects if isinstance(one, Interrupted)]
    assert told == [Interrupted(MEDIA, LegInterrupted(contact="m1", leg="l-m1", agent="1001"))]
    assert labels(floor.ask("m2", "mail")) == []
    ended = floor.end("c1")
    assert floor.has() == {VOICE: "available", "chat": "available", "mail": "busy"}
    assert Interrupted(MEDIA, LegInterrupted(contact="m1", leg="l-m1", agent="1001", over=True)) in ended
    assert moves(ended) == [("1001", "available"), ("1001/mail", "busy")]
    (label,) = labels(floor.end("m1"))
    assert label.queue == "mail", "the second mail waits no more"


def test_a_call_in_progress_keeps_chats_and_mails_away_and_its_wrap_up_does_as_well() -> None:
    known = rules("1001")
    queues = {**known.queues, VOICE: skill_group("1001", wrap_up_s=30)}
    floor = Floor(msgspec.structs.replace(known, queues=queues))
    floor.take(floor.ask("c1", VOICE), "c1", VOICE)
    assert labels([*floor.ask("t1", "chat"), *floor.ask("m1", "mail")]) == []
    assert labels(floor.end("c1")) == []
    assert floor.has()[VOICE] == "wrap-up"
    given = labels(floor.tell(TimePassed(0)) + [one for _ in range(30) for one in floor.tell(TimePassed(0))])
    assert [one.queue for one in given] == ["chat", "mail"], "in the order in which they came"


def test_calls_come_beside_chats_where_there_is_room_and_nothing_interrupts_a_chat() -> None:
    floor = Floor(rules("1001"))
    floor.take(floor.ask("t1", "chat"), "t1", "chat")
    floor.take(floor.ask("c1", VOICE), "c1", VOICE)
    assert floor.has() == {VOICE: "busy", "chat": "busy", "mail": "available"}
    assert not [one for one in floor.effects if isinstance(one, Interrupted)]


def test_a_mail_that_ends_during_the_call_is_not_gone_on_with() -> None:
    floor = Floor(rules("1001"))
    floor.take(floor.ask("m1", "mail"), "m1", "mail")
    floor.take(floor.ask("c1", VOICE), "c1", VOICE)
    assert moves(floor.end("m1")) == [("1001/mail", "available")]
    assert moves(floor.end("c1")) == [("1001", "available")]


def test_work_that_is_interrupted_holds_its_room_against_what_does_not_come_before_it() -> None:
    channels = {"chat": Channel(), "mail": Channel(weight=2, interrupted_by=(VOICE,))}
    floor = Floor(rules("1001", channels=channels, total=3))
    floor.take(floor.ask("m1", "mail"), "m1", "mail")
    floor.take(floor.ask("c1", VOICE), "c1", VOICE)
    assert labels(floor.ask("t1", "chat")) == [], "the mail, the call and a chat are more than 3"
    assert [one.queue for one in labels(floor.end("c1"))] == ["chat"]


def test_what_gives_way_may_have_been_given_way_to() -> None:
    channels = {"mail": Channel(interrupted_by=(VOICE,)), "task": Channel(interrupted_by=("mail", VOICE))}
    known = rules("1001", channels=channels, slots={"mail": 1, "task": 1}, total=1)
    types = {**known.call_types, "task/9": CallType("task", "9", "task", channel="task")}
    floor = Floor(msgspec.structs.replace(known, call_types=types))
    floor.take(floor.ask("t1", "task", dnis="9"), "t1", "task")
    floor.take(floor.ask("m1", "mail"), "m1", "mail")
    assert floor.has() == {VOICE: "available", "mail": "busy", "task": "interrupted"}
    floor.take(floor.ask("c1", VOICE), "c1", VOICE)
    assert floor.has() == {VOICE: "busy", "mail": "interrupted", "task": "interrupted"}
    floor.end("c1")
    assert floor.has() == {VOICE: "available", "mail": "busy", "task": "interrupted"}
    floor.end("m1")
    assert floor.has()["task"] == "busy"


def test_chats_are_spread_to_who_has_least_in_hand() -> None:
    floor = Floor(rules("1001", "1002"))
    given = [floor.take(floor.ask(f"t{n}", "chat"), f"t{n}", "chat").agent for n in range(4)]
    assert given == ["1001", "1002", "1001", "1002"]


def test_a_chat_that_nobody_takes_makes_the_agent_not_ready_for_chats_alone() -> None:
    floor = Floor(rules("1001", "1002"))
    label = floor.take(floor.ask("t1", "chat"), "t1", "chat", answers=False)
    leg = LegEnded(contact="t1", leg="l-t1", cause=19, by=ReleasedBy.US, sample=0)
    floor.tell(CallTold(0, MEDIA, leg))
    again = floor.ask("t1", "chat", outcome="no-answer", refused_agents=(label.agent,))
    assert [one.agent for one in labels(again)] == ["1002"]
    assert floor.has() == {VOICE: "available", "chat": "not-ready", "mail": "available"}
    assert agent_now(floor.state, "1001").channels[0].reason == "no answer"


def test_ready_and_not_ready_for_one_channel_and_for_all() -> None:
    floor = Floor(rules("1001"))
    assert moves(floor.wish("1001/chat", AgentWish.NOT_READY, "training"))[-1] == ("1001/chat", "not-ready")
    assert floor.has() == {VOICE: "available", "chat": "not-ready", "mail": "available"}
    assert labels(floor.ask("t1", "chat")) == []
    floor.take(floor.ask("m1", "mail"), "m1", "mail")
    floor.wish("1001", AgentWish.NOT_READY)
    assert floor.has() == {VOICE: "not-ready", "chat": "not-ready", "mail": "busy"}
    assert [one.then for one in agent_now(floor.state, "1001").channels] == ["", "not-ready"]
    assert [one.queue for one in labels(floor.wish("1001", AgentWish.READY))] == ["chat"]
    floor.wish("1001/voice", AgentWish.LOG_OUT)
    assert floor.has()[VOICE] == "logged-out"


def test_a_lost_peripheral_takes_its_channels_and_leaves_the_telephones() -> None:
    floor = Floor(rules("1001"))
    floor.tell(BranchSilent(0, MEDIA))
    assert (floor.queue("chat").staffed, floor.queue(VOICE).free) == (
        0,
        1,
    )


def test_a_mail_waits_for_days_without_asking_and_keeps_its_age_while_its_peripheral_is_away() -> None:
    floor = Floor(rules("1001"))
    floor.wish("1001", AgentWish.LOG_OUT)
    floor.ask("m1", "mail")
    first_ns = floor.now_ns
    floor.tell(BranchSilent(0, MEDIA))
    floor.now_ns += 8 * DAY_S * S
    floor.ask("m2", "mail")  # it is back
    assert floor.queue("mail").oldest_ns == first_ns
    floor.wish("1001", AgentWish.LOG_IN)
    given = floor.wish("1001", AgentWish.READY)
    assert [one.answer.reason for one in given if isinstance(one, Assigned)] == [
        f"1001/mail.1 (1001/mail.1) is free; the caller has waited {8 * DAY_S + 4} s in mail"
    ]
    floor.take(given, "m1", "mail")
    floor.now_ns += 13 * DAY_S * S
    floor.tell(TimePassed(0))
    assert sorted(floor.state.places) == ["m1", "m2"], "the channel keeps them fourteen days from the last word"
    floor.now_ns += 2 * DAY_S * S
    floor.tell(TimePassed(0))
    assert list(floor.state.places) == ["m1"], "which is at an agent"


def test_a_contact_is_its_channel_s_alone() -> None:
    floor = Floor(rules("1001"))
    (answer,) = [one.answer for one in floor.ask("t1", "chat", dnis="95588") if isinstance(one, Answer)]
    assert answer.reason == "no call type for called number 95588"
    (answer,) = [one.answer for one in floor.ask("t2", "chat", cursor="voice/v/wait/1") if isinstance(one, Answer)]
    assert answer.path == ("wait", "gone")
    assert answer.reason.startswith("no chat waits in voice; ")


def test_an_agent_who_is_asked_for_by_name_takes_it_in_a_slot_of_its_channel() -> None:
    known = rules("1001")
    types = {**known.call_types, "chat/1001": CallType("own", "1001", "chat", channel="chat")}
    floor = Floor(msgspec.structs.replace(known, call_types=types))
    label = floor.take(floor.ask("t1", "chat", dnis="1001", cursor="chat/v/agent/1"), "t1", "chat")
    assert (label.agent, floor.state.agents["1001/chat.1"].state) == ("1001", AgentState.BUSY)


def test_what_the_record_knows_of_chats_comes_back_in_their_slots() -> None:
    floor = Floor(rules("1001"))
    legs = (("1001/chat", "l1", "t1"), ("1001/chat", "l2", "t2"), ("1001/mail", "l3", "m1"))
    floor.tell(LifeBegan(0, "next", rules("1001"), legs))
    assert floor.state.index.legs == {
        "l1": "1001/chat.1",
        "l2": "1001/chat.2",
        "l3": "1001/mail.1",
    }
    floor.tell(LifeBegan(0, "third", rules("1001", slots={"chat": 1, "mail": 1}), legs))
    floor.tell(BranchHeard(0, MEDIA))
    floor.ask("t3", "chat")
    assert labels(floor.end("t1")) == [], "the chat in the slot that is no more still weighs"
    assert [one.queue for one in labels([*floor.tell(CallTold(0, MEDIA, ended("t2", "l2")))])] == ["chat"]


def ended(contact: str, leg: str) -> LegEnded:
    return LegEnded(contact=contact, leg=leg, cause=16, by=ReleasedBy.PEER, sample=0)


def test_the_states_of_a_channel_are_told_once_for_all_its_slots() -> None:
    """What an agent's time in a channel is made of: one state at a time, beside the telephone's."""
    floor = Floor(rules("1001"))
    began = len(floor.effects)
    floor.take(floor.ask("t1", "chat"), "t1", "chat")
    floor.take(floor.ask("t2", "chat"), "t2", "chat")
    floor.end("t1")
    floor.end("t2")
    told = [state for agent, state in moves(floor.effects[began:]) if agent == "1001/chat"]
    assert list(dict.fromkeys(told)) == ["reserved", "busy", "available"]
    assert not [one for one in floor.effects if isinstance(one, AgentMoved) and "." in one.agent]
    assert not [one for one in floor.effects if isinstance(one, ReservationEnded) and one.why != "arrived"]

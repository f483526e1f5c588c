# SPDX-License-Identifier: GPL-2.0-only
"""Whatever calls, chats and mails do to three people: never too much at once, nothing interrupted that may not be."""

from collections import Counter
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.router.events import (
    Answer,
    Assigned,
    BranchHeard,
    BranchSilent,
    CallTold,
    Effect,
    Event,
    ForeignAgentsTold,
    LifeBegan,
    PeripheralReturned,
    RulesChanged,
    TimePassed,
)
from appliance.router.rules import DAY_S, VOICE, Channel, Peripheral, Rules
from appliance.router.slots import agent_of, channel_of, hindrance
from appliance.router.state import State
from appliance.router.states import AgentState
from appliance.wire.agents import AgentWish
from appliance.wire.calls import ContactEnded, LegConnected, LegEnded
from appliance.wire.legs import ReleasedBy
from appliance.wire.peripherals import AgentIs, AgentLeg, Truth
from appliance.wire.routes import RingAgent
from tests.router.test_channels import MEDIA, Floor, rules
from tests.router.test_router_apply import BOX, S
from tests.router.test_walks import may_have, restored

pytestmark = pytest.mark.unit

PEOPLE = ("1001", "1002", "1003")
IN_HAND = {AgentState.RESERVED, AgentState.BUSY, AgentState.WRAP_UP, AgentState.INTERRUPTED}
WORKS = {AgentState.BUSY, AgentState.WRAP_UP}
HEAVY = {
    VOICE: Channel(weight=2, not_beside=("chat",)),
    "chat": Channel(),
    "mail": Channel(weight=2, interrupted_by=(VOICE, "chat"), kept_s=2 * DAY_S),
}
KNOWN = (
    rules(*PEOPLE),
    rules(*PEOPLE, total=1),
    rules(*PEOPLE, channels=HEAVY, slots={"chat": 3, "mail": 2}, total=3),
)
WRAPPED = tuple(
    msgspec.structs.replace(
        one, queues={name: msgspec.structs.replace(rule, wrap_up_s=3) for name, rule in one.queues.items()}
    )
    for one in KNOWN
)
FOREIGN = tuple(
    msgspec.structs.replace(one, peripherals={MEDIA: Peripheral(MEDIA, "media", ("route", "record", "agents"), 200)})
    for one in (*KNOWN, *WRAPPED)
)


class World(Floor):
    """Branch and peripheral do what they are told and nothing else; contacts are named by their kind."""

    def __init__(self, known: Rules) -> None:
        self.rung: dict[str, RingAgent] = {}  # told of, not begun
        self.legs: dict[str, RingAgent] = {}
        self.refused: dict[str, tuple[str, ...]] = {}
        self.asked: dict[str, str] = {}
        self.waits: set[str] = set()
        super().__init__(known)
        self.media_back(0)

    def tell(self, event: Event) -> list[Effect]:
        before = self.state
        effects = super().tell(event)
        for one in effects:
            if isinstance(one, Answer | Assigned):
                self._told(self.asked.get(one.answer.request, ""), one.answer.action)
        for token in self.state.reservations.keys() - before.reservations.keys():
            self._judge_given(self.state.reservations[token].agent, before)
        self.judge()
        return effects

    def _told(self, contact: str, action: object) -> None:
        self.rung.pop(contact, None)
        if isinstance(action, RingAgent):
            self.rung[contact] = action
            self.waits.add(contact)
        elif type(action).__name__ == "Release":
            self.waits.discard(contact)

    def come(self, pick: int) -> None:
        kind = (VOICE, "chat", "mail", "chat", "mail")[pick % 5]
        contact = f"{kind}{pick % 7}"
        if contact in self.legs:
            return
        self.waits.add(contact)
        self.asked[f"r{self.now_ns}"] = contact
        self.ask(contact, kind, refused_agents=self.refused.get(contact, ()), outcome="no-answer")

    def begins(self, pick: int) -> None:
        for contact in sorted(self.rung)[pick % 3 : pick % 3 + 1]:
            label = self.rung.pop(contact)
            held = self.state.reservations.get(label.token)
            if held is not None and held.expires_ns > self.now_ns + S:
                self.legs[contact] = label
                self.begin(label, contact, contact[:-1])
            else:  # it came too late
                self.come_again(contact)

    def takes(self, pick: int) -> None:
        for contact in self._leg(pick):
            self.tell(CallTold(0, MEDIA, LegConnected(contact=contact, leg=f"l-{contact}", sample=0)))

    def declines(self, pick: int) -> None:
        for contact in self._leg(pick):
            agent = self.legs.pop(contact).agent
            self._over(contact)
            self.refused[contact] = (*self.refused.get(contact, ()), agent)[-2:]
            self.come_again(contact)

    def come_again(self, contact: str) -> None:
        self.waits.add(contact)
        self.asked[f"r{self.now_ns}"] = contact
        self.ask(contact, contact[:-1], refused_agents=self.refused.get(contact, ()), outcome="no-answer")

    def ends(self, pick: int) -> None:
        for contact in self._leg(pick):
            del self.legs[contact]
            self._over(contact)
            self.goes(contact)

    def abandons(self, pick: int) -> None:
        for contact in sorted(self.waits - self.legs.keys())[pick % 3 : pick % 3 + 1]:
            self.goes(contact)

    def goes(self, contact: str) -> None:
        self.waits.discard(contact)
        self.rung.pop(contact, None)
        self.refused.pop(contact, None)
        self.tell(CallTold(0, MEDIA, ContactEnded(contact=contact, cause=16, by="caller")))

    def wishes(self, pick: int) -> None:
        where = ("", "/voice", "/chat", "/mail")[pick % 4]
        to = (AgentWish.NOT_READY, AgentWish.READY, AgentWish.READY, AgentWish.LOG_OUT, AgentWish.LOG_IN)[pick % 5]
        self.wish(PEOPLE[pick % 3] + where, to)

    def lives(self, pick: int) -> None:
        """Branches come and go, and so do routers, with the legs that the record knows."""
        if pick % 3:
            box = (BOX, MEDIA)[pick // 2 % 2]
            self.tell((BranchSilent, BranchHeard)[pick % 2](0, box))
            if pick % 2 and box == MEDIA:
                self.media_back(pick)
            return
        legs = [
            (one.agent if contact[:-1] == VOICE else f"{one.agent}/{contact[:-1]}", f"l-{contact}", contact)
            for contact, one in sorted(self.legs.items())
        ]
        self.tell(LifeBegan(0, f"life{self.now_ns}", self.state.rules, tuple(legs)))
        self.tell(BranchHeard(0, BOX))
        self.tell(BranchHeard(0, MEDIA))
        self.media_back(pick)

    def media_back(self, pick: int) -> None:
        """Where it is a peripheral it says what it has; one leg may have died with it, and its contact asks again."""
        if MEDIA not in self.state.rules.peripherals:
            return
        media = [contact for contact in sorted(self.legs) if contact[:-1] != VOICE]
        dead = media[pick % 4 : pick % 4 + 1]
        legs = tuple(AgentLeg(self.legs[one].agent, f"l-{one}", one, one[:-1]) for one in media if one not in dead)
        for contact in dead:
            del self.legs[contact]
            self.waits.discard(contact)
        self.tell(PeripheralReturned(0, MEDIA, self._said(pick), legs))
        for contact in dead:
            self.come_again(contact)

    def says(self, pick: int) -> None:
        """What an agent wants in a channel, as their desktop has it."""
        if MEDIA in self.state.rules.peripherals:
            self.tell(ForeignAgentsTold(0, MEDIA, self._said(pick)))

    def _said(self, pick: int) -> tuple[AgentIs, ...]:
        state = (Truth.AVAILABLE, Truth.NOT_READY, Truth.AVAILABLE, Truth.LOGGED_OUT)[pick % 4]
        return (AgentIs(f"{PEOPLE[pick % 3]}/{('chat', 'mail')[pick % 2]}", state),) if pick else ()

    def rests(self, pick: int) -> None:
        self.now_ns += (0, 2, 6, 40)[pick % 4] * S
        self.tell(RulesChanged(0, self.state.rules) if pick % 5 == 4 else TimePassed(0))

    def _over(self, contact: str) -> None:
        self.waits.discard(contact)
        leg = LegEnded(contact=contact, leg=f"l-{contact}", cause=16, by=ReleasedBy.PEER, sample=0)
        self.tell(CallTold(0, MEDIA, leg))

    def _leg(self, pick: int) -> list[str]:
        return sorted(self.legs)[pick % 4 : pick % 4 + 1]

    def judge(self) -> None:
        for person in PEOPLE:
            self._judge_person(person)
        held = Counter(one.contact for one in self.state.reservations.values())
        assert max(held.values(), default=0) <= 1
        for contact in self.legs.keys() & self.state.index.calls.keys():
            assert len(self.state.index.calls[contact]) == 1, "one contact at two agents"
        free = {
            name
            for name, one in self.state.agents.items()
            if one.state is AgentState.AVAILABLE
            and self.state.rules.seats[name].box in self.state.present
            and not hindrance(self.state, name)
        }
        for waits in self.state.waiting.values():
            assert not may_have(self.state, waits) & free, "somebody waits beside a slot that could be given"
        lost = self.waits - self.legs.keys() - self.state.waiting.keys() - self.state.index.held.keys()
        assert not {one for one in lost if not one.startswith(VOICE)} - self.rung.keys(), "a contact is nowhere"

    def _judge_given(self, name: str, before: State) -> None:
        """The work beside which nothing new is given was not there all the time."""
        for one, now in self.state.agents.items():
            beside = channel_of(one) in self.state.rules.channel(channel_of(name)).not_beside
            then = before.agents.get(one)
            if agent_of(one) == agent_of(name) and beside and now.state in IN_HAND and then is not None:
                assert (then.legs, then.token) != (now.legs, now.token), f"{name} was given beside {one}"

    def _judge_person(self, person: str) -> None:
        known = self.state.rules
        hands = {one: now.state for one, now in self.state.agents.items() if agent_of(one) == person}
        taken = {one for one, now in hands.items() if now in IN_HAND}
        channels = {channel_of(one) for one in taken}
        working = {channel_of(one) for one, now in hands.items() if now in WORKS}
        weights = [
            known.channel(channel_of(one)).weight
            for one in taken
            if not channels & set(known.channel(channel_of(one)).interrupted_by)
        ]
        assert sum(weights) <= known.seats[person].total, f"{person} has too much in hand: {hands}"
        for one, now in hands.items():
            gives_way = bool(working & set(known.channel(channel_of(one)).interrupted_by))
            assert now is not AgentState.INTERRUPTED or gives_way, f"{one} is interrupted by nothing"
            assert now is not AgentState.BUSY or not gives_way, f"{one} goes on beside what comes first"


STEPS: tuple[Callable[[World, int], None], ...] = (
    World.come,
    World.come,
    World.come,
    World.begins,
    World.begins,
    World.begins,
    World.takes,
    World.declines,
    World.ends,
    World.ends,
    World.abandons,
    World.wishes,
    World.says,
    World.lives,
    World.rests,
)
WALKS = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 419)), min_size=40, max_size=80)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([*KNOWN, *WRAPPED, *FOREIGN]), WALKS)
def test_nobody_has_too_much_in_hand_and_no_contact_is_lost(
    known: Rules, walk: list[tuple[Callable[[World, int], None], int]]
) -> None:
    world = World(known)
    for happens, pick in walk:
        happens(world, pick)
    kept = restored(world.state)
    assert kept == world.state

# SPDX-License-Identifier: GPL-2.0-only
"""Agents: who is chosen, who is reserved, whose legs begin and end. Every function gives a new state."""

import functools
from collections.abc import Callable, Iterable

import msgspec

from appliance.router import slots, translation
from appliance.router.events import AgentMoved, Effect, ReservationEnded
from appliance.router.index import drop_reservation, put_agent, put_reservation
from appliance.router.indexing import indexed
from appliance.router.mappings import with_one
from appliance.router.rules import Rules, Seat
from appliance.router.state import Agent, Handled, Pending, Pool, Reach, Reservation, State
from appliance.router.states import (
    AVAILABLE,
    BEGIN,
    FINISH,
    LOGGED_OUT,
    RESERVE,
    WRAP,
    AgentState,
    AgentStep,
    step,
)
from appliance.script.nodes import Select
from appliance.wire.agents import AgentAsked, AgentWish

RESERVED_NS = 8_000_000_000
"""A label that has not become a leg by then never will; longer than it takes to miss a branch that cannot say so."""
UNHEARD_NS = 86_400_000_000_000
SECOND_NS = 1_000_000_000
NAMED = 40  # candidates that a decision tells one by one
GROUPED = 160  # and by name still, many to a word; where people have several slots, which take twice as long, NAMED
OCTETS = 1_200  # that the names of one queue may take in a decision
RECENT = 64  # contacts that the mean handle time follows
NO_ANSWER = "no answer"
FREE = Pending(AVAILABLE)
ELSEWHERE = "at another branch"
AWAY = (AgentState.LOGGED_OUT, AgentState.NOT_READY)
AT_WORK = (AgentState.RESERVED, AgentState.BUSY, AgentState.WRAP_UP, AgentState.INTERRUPTED)
TAKEN = (AgentState.RESERVED, AgentState.BUSY, AgentState.INTERRUPTED)
TALKS = (AgentState.BUSY, AgentState.INTERRUPTED)
WORKED = (AgentState.BUSY, AgentState.WRAP_UP)
LEAST_OCCUPIED, NEXT = Select.LEAST_OCCUPIED, Select.NEXT

Step = tuple[State, tuple[Effect, ...]]
_replace = msgspec.structs.replace


# Who is chosen.


def can_choose(state: State, agent: str, reach: Reach) -> bool:
    """Whether this one could be."""
    return _kind(state, agent, reach) == AgentState.AVAILABLE


def choose(state: State, pool: Pool, box: str, reach: Reach, select: Select, at_ns: int) -> str | None:
    """The agent who has been available longest, then the smaller id, or whom else `select` wants."""
    rows = state.index.free.get(pool, {}).get(box, ())
    free = (agent for _, agent in rows if agent not in reach.refused)
    if select is LEAST_OCCUPIED:
        return min(free, key=lambda agent: occupancy(state.agents[agent], at_ns), default=None)
    if select is NEXT:
        last = state.turns.get(pool[0], "")
        return min(free, key=lambda agent: (agent <= last, agent), default=None)
    return rows[0][1] if rows and not reach.refused else next(free, None)


def occupancy(agent: Agent, at_ns: int) -> int:
    """The share of the time since log-in that they were at work, in millionths."""
    return agent.worked_ns * 1_000_000 // max(1, at_ns - agent.here_ns)


def _worked_ns(before: Agent, at_ns: int) -> int:
    at_work = before.state in WORKED
    return before.worked_ns + (at_ns - before.since_ns if at_work else 0)


def verdict(state: State, agent: str, reach: Reach, at_ns: int) -> str:
    """Why this agent could be chosen or not."""
    return _told(state, agent, reach, _kind(state, agent, reach), at_ns)


def _told(state: State, agent: str, reach: Reach, kind: str, at_ns: int) -> str:
    if kind == ELSEWHERE and (why := reach.full.get(state.rules.seats[agent].box)):
        return f"{kind} ({why})"
    if kind == AgentState.NOT_READY and (reason := state.agents[agent].reason):
        return f"{kind} ({reason})"
    if kind != AgentState.AVAILABLE:
        return kind
    free_ns = state.agents[agent].free_ns
    return f"available for {max(0, at_ns - free_ns) // SECOND_NS} s" if free_ns else "available since the start"


def verdicts(state: State, queue: str, number: int, reach: Reach, at_ns: int) -> str:
    """Why each agent of that step could be chosen or not; of many those of a kind together, then how many of each."""
    candidates = state.rules.queues[queue].steps[number].agents
    if len(candidates) <= (NAMED if state.index.hands else GROUPED):
        absence = functools.cache(functools.partial(_absence, state, reach))
        kinds = [(agent, _kind(state, agent, reach, absence)) for agent in candidates]
        told = _one_by_one(state, kinds, reach, at_ns) if len(kinds) <= NAMED else _together(kinds)
        if len(told) > OCTETS:
            told = _together(kinds)
        if len(told) <= OCTETS:
            return told
    counts = [f"{count} {kind}" for kind, count in sorted(state.index.tally[queue].items())]
    refused = f"; refused by {', '.join(reach.refused)}" if reach.refused else ""
    return f"{len(candidates)} agents; of the queue {', '.join(counts) or 'nobody is there'}{refused}"


def _one_by_one(state: State, kinds: list[tuple[str, str]], reach: Reach, at_ns: int) -> str:
    return "; ".join([f"{agent} {_told(state, agent, reach, kind, at_ns)}" for agent, kind in kinds])


def _together(kinds: list[tuple[str, str]]) -> str:
    """`1001,1003 busy; 1002 available`."""
    groups: dict[str, list[str]] = {}
    for agent, kind in kinds:
        groups.setdefault(kind, []).append(agent)
    return "; ".join([f"{','.join(names)} {kind}" for kind, names in groups.items()])


def _kind(state: State, agent: str, reach: Reach, absence: Callable[[str], str] | None = None) -> str:
    """`absence`: of a box, which many ask for."""
    seat = state.rules.seats.get(agent)
    if seat is None:
        return "unknown"
    if agent in reach.refused:
        return "refused this contact"
    if why := absence(seat.box) if absence else _absence(state, reach, seat.box):
        return why
    now = state.agents[agent].state
    return (slots.hindrance(state, agent) if now is AVAILABLE else "") or str(now)


def _absence(state: State, reach: Reach, box: str) -> str:
    """Why nobody at that branch can be chosen; empty where they can."""
    if box not in reach.boxes:
        return ELSEWHERE
    if box not in state.present:
        return "branch not heard"
    return "no translation number free" if translation.blocked(state, reach, box) else ""


# What queues are like.


def free(state: State, queue: str, reach: Reach) -> int:
    """How many of its first step could be chosen."""
    free = state.index.free.get((queue, 0), {})
    return sum(agent not in reach.refused for box in reach.boxes if box in free for _, agent in free[box])


def staffed(state: State, queue: str) -> int:
    """How many of all its steps are there: logged in and ready, or at work."""
    return sum(count for kind, count in state.index.tally[queue].items() if kind not in AWAY)


def waiting(state: State, queue: str) -> int:
    """How many wait there for an agent."""
    return len(state.index.lines.get(queue, ()))


# What an agent wants.


def wish(state: State, asked: AgentAsked, at_ns: int) -> Step:
    """Log in or out, ready or not, in all slots that are meant. Raises ValueError with why it cannot be in any."""
    if state.rules.is_foreign(asked.agent):
        raise ValueError(f"is at peripheral {state.rules.seats[asked.agent].box}, which alone says what they are")
    names = slots.meant(state, asked.agent)
    if asked.to in {AgentWish.READY, AgentWish.NOT_READY}:
        names = tuple(one for one in names if not _logged_out(state.agents[one]))
        if not names:
            raise ValueError("is logged out; log in first")
    effects: tuple[Effect, ...] = ()
    for name in names:
        state, moved = _wish(state, _replace(asked, agent=name), at_ns)
        effects = (*effects, *moved)
    return state, effects


def _logged_out(agent: Agent) -> bool:
    """Or will be after this work."""
    return (agent.state if agent.then is None else agent.then.state) is AgentState.LOGGED_OUT


def _wish(state: State, asked: AgentAsked, at_ns: int) -> Step:
    """In one slot: at once, or when the work is over."""
    before = _replace(state.agents[asked.agent], asked_ns=at_ns)
    state = put_agent(state, asked.agent, before)
    at_work = before.state in TAKEN
    if not _logged_out(before) and asked.to is AgentWish.LOG_IN:
        return state, ()
    if at_work:
        pending = {
            AgentWish.LOG_IN: Pending(AgentState.NOT_READY),
            AgentWish.READY: None,
            AgentWish.NOT_READY: Pending(AgentState.NOT_READY, asked.reason),
            AgentWish.LOG_OUT: Pending(AgentState.LOGGED_OUT),
        }[asked.to]
        return put_agent(state, asked.agent, _replace(before, then=pending)), ()
    reason = asked.reason if asked.to is AgentWish.NOT_READY else ""
    state = _handled(state, before, at_ns)
    return _idle(state, asked.agent, step(before.state, AgentStep(asked.to.value)), reason, at_ns)


def tell(state: State, agent: str, to: AgentState, reason: str, at_ns: int) -> Step:
    """An agent without work is so, as their own switch has said. Raises KeyError (TABLE) for any other."""
    before = state.agents[agent]
    return _idle(_handled(state, before, at_ns), agent, step(before.state, AgentStep.TELL, to), reason, at_ns)


def unanswered(state: State, agent: str, at_ns: int) -> Step:
    """The phone rang and nobody took it: so it would ring for the next contact, in any slot of the channel."""
    effects: tuple[Effect, ...] = ()
    channel = slots.slots_of(state.agents, slots.agent_of(agent), slots.channel_of(agent))
    for name in channel if state.rules.no_answer_not_ready and not state.rules.is_foreign(agent) else ():
        state, moved = _unanswered(state, name, at_ns)
        effects = (*effects, *moved)
    return state, effects


def _unanswered(state: State, agent: str, at_ns: int) -> Step:
    before = state.agents[agent]
    if before.state is AgentState.AVAILABLE:
        return _idle(state, agent, step(before.state, AgentStep.NOT_READY), NO_ANSWER, at_ns)
    if before.state in TAKEN and before.then is None:
        pending = Pending(AgentState.NOT_READY, NO_ANSWER)
        return put_agent(state, agent, _replace(before, then=pending)), ()
    return state, ()


# Whose work begins and ends.


def follow(state: State, rules: Rules, at_ns: int) -> Step:
    """From now on these are the agents; whom the rules do not touch stays as they are, who talks until it is over."""
    effects: tuple[Effect, ...] = ()
    gone = [held for held in state.reservations.values() if held.agent not in rules.seats]
    for held in gone:
        state, ended = _ended(state, held, "agent-gone")
        effects = (*effects, *ended)
    known = {agent: state.agents.get(agent) or _new(seat, at_ns) for agent, seat in rules.seats.items()}
    talking = {name: agent for name, agent in state.agents.items() if name not in known and agent.legs}
    left = [name for name in state.agents if name not in known and name not in talking]
    went = tuple(AgentMoved(name, AgentState.LOGGED_OUT.value, "", at_ns) for name in left)
    came = tuple(_moved(name, now, at_ns) for name, now in known.items() if name not in state.agents)
    return indexed(_replace(state, rules=rules, agents=known | talking)), (*effects, *went, *came)


def have_legs(state: State, legs: Iterable[tuple[str, str, str]], at_ns: int) -> Step:
    """These (agent, leg, contact) are all there are; one of a contact that the agent is reserved for has arrived."""
    effects: tuple[Effect, ...] = ()
    now = tuple(legs)
    for leg in sorted(state.index.legs.keys() - {leg for _, leg, _ in now}):
        state, moved = leg_ended(state, leg, at_ns)
        effects = (*effects, *moved)
    for name, leg, contact in now:
        agent, _, channel = name.partition("/")
        taken = slots.arriving(state, agent, channel, contact) if channel else agent
        state, began = leg_began(state, taken, leg, contact, None, at_ns)
        effects = (*effects, *began)
    return state, effects


def reserve(
    state: State, agent: str, contact: str, queue: str, at_ns: int, box: str
) -> tuple[State, Reservation, Effect]:
    """Put a token on an available agent, of which that branch is told. Raises KeyError (TABLE) for any other."""
    before = state.agents[agent]
    token = f"{state.epoch}.{state.serial + 1}"
    held = Reservation(token, agent, contact, queue, at_ns + RESERVED_NS, box)
    now = _replace(before, state=step(before.state, RESERVE), since_ns=at_ns, queue=queue, token=token)
    state = put_reservation(put_agent(state, agent, now), held)
    turns = with_one(state.turns, queue, agent) if queue else state.turns
    return _replace(state, serial=state.serial + 1, turns=turns), held, _moved(agent, now, at_ns)


def lapse(state: State, held: Reservation, why: str, at_ns: int) -> Step:
    """End a reservation without a leg; the agent has not worked and keeps their place among the longest available."""
    before = state.agents[held.agent]
    state, ended = _ended(state, held, why)
    state, moved = _rest(state, held.agent, before.free_ns, AgentStep.LAPSE, at_ns)
    return state, (*ended, *moved)


def overdue(state: State, held: Reservation, at_ns: int) -> Step:
    """No leg has begun in time. What came of it at a branch that is not heard it says when it is back.

    A site that is called by number knows nothing of it, and the number is not to be held for as long as it is silent.
    """
    if held.box in state.present or translation.holds(state, held.token):
        return lapse(state, held, "lapsed", at_ns)
    return _until(state, held, at_ns + UNHEARD_NS), ()


def heard(state: State, box: str, at_ns: int) -> State:
    """The branch is back, and what it has to say is under way."""
    told = [one for one in state.reservations.values() if one.box == box]
    for held in (one for one in told if not translation.holds(state, one.token)):
        state = _until(state, held, at_ns + RESERVED_NS)
    return state


def _until(state: State, held: Reservation, expires_ns: int) -> State:
    return put_reservation(drop_reservation(state, held), _replace(held, expires_ns=expires_ns))


def leg_began(state: State, agent: str, leg: str, contact: str, token: str | None, at_ns: int) -> Step:
    """The agent's telephone is being rung, by our label (the last, or one before) or by the branch's own default."""
    before = state.agents.get(agent)
    if before is None:  # an agent the rules no longer name
        return state, ()
    if leg in state.index.legs:  # that somebody has; theirs may have come to another contact (attended transfer)
        known = before.legs.get(leg, contact)
        return (state, ()) if known == contact else (_moved_to(state, agent, leg, contact), ())
    effects: tuple[Effect, ...] = ()
    begun, legs = step(before.state, BEGIN), {**before.legs, leg: contact}
    if before.state in TALKS:
        return put_agent(state, agent, _replace(before, state=begun, token=None, legs=legs)), ()
    arrived = False
    if before.token is not None:
        held = state.reservations[before.token]
        arrived = held.contact in {contact, state.tries.get(contact)} or held.token == token
        state, effects = _ended(state, held, "arrived" if arrived else "overtaken")
    state = _handled(state, before, at_ns)
    now = _replace(
        before,
        state=begun,
        since_ns=at_ns,
        reason="",
        then=Pending(before.state, before.reason) if before.state in AWAY else before.then,
        token=None,
        legs=legs,
        queue=before.queue if arrived else "",
        talk_ns=None,
        until_ns=None,
        worked_ns=_worked_ns(before, at_ns),
    )
    return put_agent(state, agent, now), (*effects, _moved(agent, now, at_ns))


def _moved_to(state: State, agent: str, leg: str, contact: str) -> State:
    before = state.agents[agent]
    others = {one: other for one, other in before.legs.items() if one != leg}
    state = put_agent(state, agent, _replace(before, legs=others))
    return put_agent(state, agent, _replace(before, legs={**others, leg: contact}))


def leg_connected(state: State, leg: str, at_ns: int) -> State:
    """The agent has answered, if it is one's."""
    name = state.index.legs.get(leg)
    if name is None or state.agents[name].talk_ns is not None:
        return state
    return put_agent(state, name, _replace(state.agents[name], talk_ns=at_ns))


def leg_ended(state: State, leg: str, at_ns: int) -> Step:
    """One of the agents' legs, or somebody else's, is over."""
    name = state.index.legs.get(leg)
    if name is None:
        return state, ()
    before = state.agents[name]
    legs = {one: contact for one, contact in before.legs.items() if one != leg}
    if legs:
        return put_agent(state, name, _replace(before, legs=legs)), ()
    rule = state.rules.queues.get(before.queue)
    if before.talk_ns is None or rule is None or not rule.wrap_up_s:
        return _rest(_handled(state, before, at_ns), name, at_ns, FINISH, at_ns)
    until_ns = at_ns + rule.wrap_up_s * SECOND_NS
    now = _replace(
        before,
        state=step(before.state, WRAP),
        since_ns=at_ns,
        legs=legs,
        until_ns=until_ns,
        worked_ns=_worked_ns(before, at_ns),
    )
    return put_agent(state, name, now), (_moved(name, now, at_ns, before.legs[leg]),)


def contact_ended(state: State, contact: str, at_ns: int) -> Step:
    """Whatever legs it still had."""
    effects: tuple[Effect, ...] = ()
    for leg in state.index.calls.get(contact, ()):
        state, moved = leg_ended(state, leg, at_ns)
        effects = (*effects, *moved)
    return state, effects


def wrapped_up(state: State, agent: str, at_ns: int) -> Step:
    """The time for it is over."""
    return _rest(_handled(state, state.agents[agent], at_ns), agent, at_ns, FINISH, at_ns)


def _handled(state: State, agent: Agent, at_ns: int) -> State:
    """The agent's talk and wrap-up, if it was any, is over and counts for the queue that found them."""
    if not agent.queue or agent.talk_ns is None:
        return state
    before = state.handled.get(agent.queue, Handled(0, 0))
    weight = min(before.contacts + 1, RECENT)
    off_ns = at_ns - agent.talk_ns - before.mean_ns
    spread_ns = before.spread_ns + ((abs(off_ns) - before.spread_ns) // weight if before.contacts else 0)
    after = Handled(before.contacts + 1, before.mean_ns + off_ns // weight, spread_ns)
    return _replace(state, handled=with_one(state.handled, agent.queue, after))


def _rest(state: State, name: str, free_ns: int, by: AgentStep, at_ns: int) -> Step:
    """What the agent has asked for meanwhile, else available, since `free_ns`."""
    before = state.agents[name]
    then = before.then or FREE
    return _idle(state, name, step(before.state, by, then.state), then.reason, at_ns, free_ns)


def _idle(state: State, name: str, to: AgentState, reason: str, at_ns: int, free_ns: int | None = None) -> Step:
    """No work, in that state; `free_ns` where the agent was available before."""
    before = state.agents[name]
    if (before.state, before.reason) == (to, reason) and not before.legs:
        return state, ()
    if name not in state.rules.seats:  # was removed while they talked
        return put_agent(state, name, None), (AgentMoved(name, AgentState.LOGGED_OUT.value, "", at_ns),)
    came = before.state is LOGGED_OUT
    now = Agent(
        to,
        at_ns,
        at_ns if free_ns is None else free_ns,
        reason,
        here_ns=at_ns if came else before.here_ns,
        worked_ns=0 if came else _worked_ns(before, at_ns),
        asked_ns=before.asked_ns,
    )
    return put_agent(state, name, now), (_moved(name, now, at_ns),)


def _new(seat: Seat, at_ns: int) -> Agent:
    return Agent(AgentState.AVAILABLE if seat.automatic else AgentState.LOGGED_OUT, here_ns=at_ns)


def _moved(name: str, now: Agent, at_ns: int, contact: str = "") -> AgentMoved:
    return AgentMoved(name, str(now.state), now.reason, at_ns, contact)


def _ended(state: State, held: Reservation, why: str) -> Step:
    return drop_reservation(state, held), (ReservationEnded(held.token, held.agent, held.contact, why),)

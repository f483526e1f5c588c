# SPDX-License-Identifier: GPL-2.0-only
"""Agents: who is chosen, who is reserved, whose legs begin and end. Every function gives a new state."""

from collections.abc import Collection, Iterable, Mapping

import msgspec

from appliance.router.events import Effect, ReservationEnded
from appliance.router.rules import Rules
from appliance.router.state import Agent, Reservation, State
from appliance.router.states import AgentState, AgentStep, step

RESERVED_NS = 5_000_000_000  # a label that has not become a leg by then never will: the branch asks for 0.5 s only

Step = tuple[State, tuple[Effect, ...]]


def choose(state: State, skill_group: str, refused: Collection[str], at_ns: int) -> tuple[str | None, dict[str, str]]:
    """The agent who has been available longest (then the smaller id), and for each candidate why it was or was not."""
    verdicts = {}
    free = []
    for agent in state.rules.skill_groups.get(skill_group, ()):
        verdicts[agent] = _verdict(state, agent, refused)
        if verdicts[agent] == "":
            verdicts[agent] = _waited(state.agents[agent], at_ns)
            free.append(agent)
    best = min(free, key=lambda agent: (state.agents[agent].since_ns, agent), default=None)
    return best, verdicts


def told(verdicts: Mapping[str, str]) -> str:
    """As a decision's values have it."""
    return "; ".join(f"{agent} {verdict}" for agent, verdict in verdicts.items())


def free(state: State, refused: Collection[str], skill_group: str) -> int:
    """How many could be chosen."""
    return sum(_verdict(state, agent, refused) == "" for agent in state.rules.skill_groups.get(skill_group, ()))


def _verdict(state: State, agent: str, refused: Collection[str]) -> str:
    """Why this agent cannot be chosen; empty where they can."""
    if agent in refused:
        return "refused this contact"
    if state.rules.seats[agent].box not in state.present:
        return "branch not heard"
    if state.agents[agent].state is not AgentState.AVAILABLE:
        return state.agents[agent].state.value
    return ""


def _waited(agent: Agent, at_ns: int) -> str:
    if agent.since_ns == 0:
        return "available since the start"
    return f"available for {max(0, at_ns - agent.since_ns) // 1_000_000_000} s"


def follow(state: State, rules: Rules, legs: Iterable[tuple[str, str]], at_ns: int) -> Step:
    """From now on these are the agents, and these (agent, leg) their legs; whom neither touches stays as they are."""
    effects: tuple[Effect, ...] = ()
    for held in tuple(state.reservations.values()):
        if held.agent not in rules.seats:
            state, ended = _ended(state, held, "agent-gone")
            effects = (*effects, *ended)
    known = {agent: state.agents.get(agent, Agent()) for agent in rules.seats}
    state = msgspec.structs.replace(state, rules=rules, agents=known)
    now = tuple(legs)
    for agent in known.values():
        for leg in sorted(agent.legs - {one for _, one in now}):
            state = leg_ended(state, leg, at_ns)
    for name, leg in now:
        if name in known and leg not in known[name].legs:
            state, ended = leg_began(state, name, leg, None, at_ns)
            effects = (*effects, *ended)
    return state, effects


def reserve(state: State, agent: str, contact: str, at_ns: int) -> tuple[State, Reservation]:
    """Put a token on an available agent. Raises KeyError (TABLE) for any other."""
    before = state.agents[agent]
    after = step(before.state, AgentStep.RESERVE)
    token = f"{state.epoch}.{state.serial + 1}"
    held = Reservation(token, agent, contact, at_ns + RESERVED_NS)
    state = _with(state, agent, Agent(after, before.since_ns, token))
    kept = {**state.reservations, token: held}
    return msgspec.structs.replace(state, serial=state.serial + 1, reservations=kept), held


def lapse(state: State, held: Reservation, why: str) -> Step:
    """End a reservation without a leg; the agent has not worked and keeps their place among the longest available."""
    before = state.agents[held.agent]
    after = step(before.state, AgentStep.LAPSE)
    state = _with(state, held.agent, Agent(after, before.since_ns))
    return _ended(state, held, why)


def leg_began(state: State, agent: str, leg: str, token: str | None, at_ns: int) -> Step:
    """The agent's telephone is being rung, by our label or by the branch's own default."""
    before = state.agents.get(agent)
    if before is None:  # an agent the rules no longer name
        return state, ()
    after = step(before.state, AgentStep.BEGIN)
    effects: tuple[Effect, ...] = ()
    if before.token is not None:
        held = state.reservations[before.token]
        state, effects = _ended(state, held, "arrived" if token == before.token else "overtaken")
    return _with(state, agent, Agent(after, at_ns, None, before.legs | {leg})), effects


def leg_ended(state: State, leg: str, at_ns: int) -> State:
    """One of the agents' legs, or somebody else's, is over."""
    for agent, before in state.agents.items():
        if leg in before.legs:
            legs = before.legs - {leg}
            if legs:
                return _with(state, agent, msgspec.structs.replace(before, legs=legs))
            return _with(state, agent, Agent(step(before.state, AgentStep.END_LAST), at_ns))
    return state


def _ended(state: State, held: Reservation, why: str) -> Step:
    left = {token: one for token, one in state.reservations.items() if token != held.token}
    state = msgspec.structs.replace(state, reservations=left)
    return state, (ReservationEnded(held.token, held.agent, held.contact, why),)


def _with(state: State, agent: str, now: Agent) -> State:
    return msgspec.structs.replace(state, agents={**state.agents, agent: now})

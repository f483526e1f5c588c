# SPDX-License-Identifier: GPL-2.0-only
"""Channels and capacities of the configuration → slots and rules of the router, and whether scripts fit them."""

from collections.abc import Iterable, Iterator, Mapping

from appliance.config import ConfigurationError, Fault, Headquarters, Mistake
from appliance.config.channels import VOICE
from appliance.config.headquarters import SignIn
from appliance.router import slots
from appliance.router.rules import DAY_S, Channel, Seat
from appliance.script.loading import placed
from appliance.script.nodes import CallType, GoToScript, Outbound, Queue, Requalify, Run, Script, Text


def rules(config: Headquarters) -> dict[str, Channel]:
    """How contacts of each channel go beside others."""
    return {
        one.name: Channel(one.weight, one.not_beside, one.interrupted_by, one.kept_days * DAY_S)
        for one in config.channels
    }


def seats(config: Headquarters) -> dict[str, Seat]:
    """Every slot of every agent, their telephone first."""
    found: dict[str, Seat] = {}
    boxes = {one.name: one.box for one in config.channels}
    capacities = {one.name: one for one in config.capacities}
    foreign = {one.box for one in config.peripherals}  # which tell what their telephones' agents are
    for agent in config.agents:
        capacity = capacities.get(agent.capacity or "")
        total = capacity.total if capacity else 0
        automatic = agent.sign_in is SignIn.AUTOMATIC
        by_us = automatic and agent.box not in foreign
        found[agent.id] = Seat(agent.id, agent.name, agent.box, agent.extension, by_us, total)
        for channel, count in capacity.slots.items() if capacity else ():
            for number in range(1, count + 1):
                name, box = slots.slot(agent.id, channel, number), boxes[channel] or agent.box
                found[name] = Seat(name, agent.name, box, "", automatic, total)
    return found


def slots_in(known: Mapping[str, Seat], agents: Iterable[str], channel: str) -> tuple[str, ...]:
    """All slots of these agents of that channel; who has none is not chosen for it."""
    return tuple(one for agent in agents for one in slots.slots_of(known, agent, channel))


def fit(config: Headquarters, scripts: Mapping[str, Script]) -> None:
    """Raises ConfigurationError where a script lets a call type's contacts wait in a queue of another channel."""
    queues = {group.name: group.channel for group in config.skill_groups}
    queues |= {one.name: one.channel for one in config.precision_queues}
    types = {one.name: one.channel for one in config.call_types}
    mistakes: dict[Mistake, None] = {}
    for kind in config.call_types:
        for name in _led_to(kind.scripts(), scripts):
            faults = tuple(_misfits(kind.channel, scripts[name].text, queues, types))
            if faults:
                mistakes |= dict.fromkeys(placed(config.scripts / f"{name}.yaml", faults))
    if mistakes:
        raise ConfigurationError(list(mistakes))


def _led_to(begins: Iterable[str], scripts: Mapping[str, Script]) -> Iterator[str]:
    """They and all that they go on with while the contact keeps its call type."""
    seen, waiting = set[str](), [*begins]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            yield name
            waiting += (node.script for node in scripts[name].text.nodes.values() if isinstance(node, GoToScript | Run))


def _misfits(channel: str, text: Text, queues: Mapping[str, str], types: Mapping[str, str]) -> Iterator[Fault]:
    for name, node in text.nodes.items():
        if isinstance(node, Queue | Outbound):
            wanted = channel if isinstance(node, Queue) else VOICE
            for place, queue in enumerate(node.queues):
                if queues[queue] != wanted:
                    sentence = f"queue {queue} is of {queues[queue]}; contacts of {wanted} come here"
                    yield Fault(("nodes", name, "queues", place), sentence)
        elif isinstance(node, Requalify | CallType) and types[node.call_type] != channel:
            sentence = f"call type {node.call_type} is of {types[node.call_type]}; contacts of {channel} come here"
            yield Fault(("nodes", name, "call_type"), sentence)

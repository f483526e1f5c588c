# SPDX-License-Identifier: GPL-2.0-only
"""A network whose agents have chats, mails and tasks beside their telephone: a queue a skill and channel.

rules = mixed(Network(agents=1_000, queues=100), folder)
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from appliance.router.rules import VOICE, CallType, Channel, Rules, Seat, skill_group
from appliance.router.slots import slot
from appliance.script.nodes import Queue, Script
from tests.bench.router.network import Network

MEDIA = "MEDIA-1"
SLOTS = {"chat": 3, "mail": 1, "task": 1}
TOTAL = 3
"""Of what a person does at once: a call, three chats, or a mail and a task, which give way to the others."""
CHANNELS = {
    VOICE: Channel(weight=3, not_beside=("chat",)),
    "chat": Channel(weight=1, not_beside=(VOICE,)),
    "mail": Channel(weight=2, interrupted_by=(VOICE, "chat")),
    "task": Channel(weight=1, interrupted_by=(VOICE, "chat")),
}
SHARES = {VOICE: 0.5, "chat": 0.3, "mail": 0.1, "task": 0.1}
"""Of the contacts that come."""
_replace = msgspec.structs.replace


def mixed(network: Network, folder: Path) -> Rules:
    """As many agents and queues, each agent with two skills in all channels."""
    voice = Network(network.agents, network.queues // len(CHANNELS)).rules(folder)
    types, queues, scripts = dict(voice.call_types), dict(voice.queues), dict(voice.scripts)
    for channel, many in SLOTS.items():
        for one in voice.call_types.values():
            agents = voice.queues[one.name].steps[0].agents
            there = (of for agent in agents for of in _slots(agent, channel, many))
            name = f"{channel}-{one.name}"
            new = CallType(name, one.dnis, name, channel=channel)
            types[new.key], scripts[name] = new, _script(voice.scripts[one.script], name)
            queues[name] = skill_group(*there, channel=channel)
    seats = {
        name: Seat(name, one.name, MEDIA if name != one.agent else one.box, one.extension, total=TOTAL)
        for one in voice.seats.values()
        for name in (one.agent, *(of for channel, many in SLOTS.items() for of in _slots(one.agent, channel, many)))
    }
    return _replace(voice, call_types=types, queues=queues, scripts=scripts, seats=seats, channels=CHANNELS)


def _slots(agent: str, channel: str, many: int) -> Iterator[str]:
    return (slot(agent, channel, number) for number in range(1, many + 1))


def _script(like: Script, queue: str) -> Script:
    wait = like.text.nodes["wait"]
    if not isinstance(wait, Queue):
        raise TypeError(f"script {like.name} waits in no queue")
    nodes = {**like.text.nodes, "wait": _replace(wait, queues=(queue,))}
    return Script(queue, like.version, _replace(like.text, nodes=nodes))

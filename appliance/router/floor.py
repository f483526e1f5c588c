# SPDX-License-Identifier: GPL-2.0-only
"""The floor: who knows agents and queues, and who may command an agent's state and calls, or look at their contact."""

from typing import Protocol

from appliance.wire.agents import (
    AgentAsked,
    AgentNoted,
    AgentNow,
    AgentTold,
    CallAsked,
    ContactAsked,
    ContactTold,
    FloorAsked,
    FloorTold,
    QueueNow,
)
from appliance.wire.callbacks import AddCallback, CallbackTold, CancelCallback
from appliance.wire.envelope import Envelope, UnknownMessageError, decode
from appliance.wire.service_messages import Refused

ForAgent = AgentAsked | CallAsked | AgentNoted | ContactAsked
ForCallback = AddCallback | CancelCallback
Command = ForAgent | ForCallback
Told = AgentTold | ContactTold | CallbackTold | FloorTold | Refused


class Floor(Protocol):
    """The router's desk, as those see it who look at agents."""

    def queues_now(self) -> tuple[QueueNow, ...]:
        """Every queue, in the order of the configuration."""

    def agents_now(self) -> tuple[AgentNow, ...]:
        """Every agent, in the order of the configuration."""

    async def command(self, asked: AgentAsked) -> AgentTold | Refused:
        """Change an agent's state, or say why not."""

    async def command_callback(self, asked: AddCallback | CancelCallback) -> CallbackTold | Refused:
        """Have a number called, or not any more, or say why not."""

    async def order(self, asked: CallAsked) -> AgentTold | Refused:
        """Hand an agent's caller on, or say why not."""

    async def note(self, noted: AgentNoted) -> ContactTold | Refused:
        """Write into an agent's contact, or say why not."""

    def contact_of(self, agent: str) -> ContactTold | Refused:
        """What an agent has before them."""


async def command(floor: Floor, box: str, payload: bytes, branch: str = "") -> tuple[Told, str | None]:
    """What the sender of a command or a question about an agent is told, and its id.

    Only headquarters' `box` itself may ask, and a `branch` of its own agents.
    """
    try:
        envelope = decode(payload)
    except UnknownMessageError as error:
        return Refused(code="message.unknown", sentence=f"no command: {error}"), None
    return await _commanded(floor, box, branch, envelope), envelope.id


async def _commanded(floor: Floor, box: str, branch: str, envelope: Envelope) -> Told:
    asked = envelope.body
    if not isinstance(asked, Command | FloorAsked if branch else Command):
        sentence = f"{type(asked).__name__} is no command of an agent's state or a callback; AgentAsked is"
        return Refused(code="message.unknown", sentence=sentence)
    if envelope.box != (branch or box):
        sentence = f"box {envelope.box} may not command agents; headquarters {box} may"
        return Refused(code="agent.box", sentence=sentence)
    if branch:
        return await at_branch(floor, branch, asked)
    if isinstance(asked, ForCallback):
        return await floor.command_callback(asked)
    return await _done(floor, asked)


async def at_branch(floor: Floor, box: str, asked: Command | FloorAsked) -> Told:
    """What a branch wants of its own agents, or to know of them."""
    if isinstance(asked, ForCallback):
        return Refused(code="callback.branch", sentence="callbacks are headquarters' to make; command them there")
    if isinstance(asked, FloorAsked):
        mine = tuple(one for one in floor.agents_now() if one.box == box)
        queues = {queue for one in mine for queue in one.queues}
        return FloorTold(agents=mine, queues=tuple(one for one in floor.queues_now() if one.name in queues))
    agent = asked.agent.partition("/")[0]
    other = next((one for one in floor.agents_now() if one.agent == agent and one.box != box), None)
    if other is not None:
        sentence = f"{other.name} ({agent}) is at {other.box}, and commanded there or at headquarters"
        return Refused(code="agent.box", sentence=sentence)
    return await _done(floor, asked)


async def _done(floor: Floor, asked: ForAgent) -> Told:
    match asked:
        case AgentAsked():
            return await floor.command(asked)
        case CallAsked():
            return await floor.order(asked)
        case AgentNoted():
            return await floor.note(asked)
    return floor.contact_of(asked.agent)

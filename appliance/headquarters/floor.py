# SPDX-License-Identifier: GPL-2.0-only
"""The floor: who knows agents and queues, and who may command an agent's state."""

from typing import Protocol

from appliance.wire.agents import AgentAsked, AgentNow, AgentTold, QueueNow
from appliance.wire.callbacks import AddCallback, CallbackTold, CancelCallback
from appliance.wire.envelope import Envelope, UnknownMessageError, decode
from appliance.wire.service_messages import Refused

Told = AgentTold | CallbackTold


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


async def command(floor: Floor, box: str, payload: bytes) -> tuple[Told | Refused, str | None]:
    """What the sender of a command is told, and the id of what he sent. Only `box` itself may ask."""
    try:
        envelope = decode(payload)
    except UnknownMessageError as error:
        return Refused(code="message.unknown", sentence=f"no command: {error}"), None
    return await _commanded(floor, box, envelope), envelope.id


async def _commanded(floor: Floor, box: str, envelope: Envelope) -> Told | Refused:
    asked = envelope.body
    if not isinstance(asked, AgentAsked | AddCallback | CancelCallback):
        sentence = f"{type(asked).__name__} is no command of an agent's state or a callback; AgentAsked is"
        return Refused(code="message.unknown", sentence=sentence)
    if envelope.box != box:
        sentence = f"box {envelope.box} may not command agents; headquarters {box} may"
        return Refused(code="agent.box", sentence=sentence)
    if isinstance(asked, AgentAsked):
        return await floor.command(asked)
    return await floor.command_callback(asked)

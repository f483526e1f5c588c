# SPDX-License-Identifier: GPL-2.0-only
"""The floor: who knows agents and queues, and who may command an agent's state."""

from typing import Protocol

from appliance.wire.agents import AgentAsked, AgentNow, AgentTold, QueueNow
from appliance.wire.envelope import Envelope, UnknownMessageError, decode
from appliance.wire.service_messages import Refused


class Floor(Protocol):
    """The router's desk, as those see it who look at agents."""

    def queues_now(self) -> tuple[QueueNow, ...]:
        """Every queue, in the order of the configuration."""

    def agents_now(self) -> tuple[AgentNow, ...]:
        """Every agent, in the order of the configuration."""

    async def command(self, asked: AgentAsked) -> AgentTold | Refused:
        """Change an agent's state, or say why not."""


async def command(floor: Floor, box: str, payload: bytes) -> tuple[AgentTold | Refused, str | None]:
    """What the sender of an AgentAsked is told, and the id of what he sent. Only `box` itself may ask."""
    try:
        envelope = decode(payload)
    except UnknownMessageError as error:
        return Refused(code="message.unknown", sentence=f"no command: {error}"), None
    return await _commanded(floor, box, envelope), envelope.id


async def _commanded(floor: Floor, box: str, envelope: Envelope) -> AgentTold | Refused:
    asked = envelope.body
    if not isinstance(asked, AgentAsked):
        sentence = f"{type(asked).__name__} is no command of an agent's state; AgentAsked is"
        return Refused(code="message.unknown", sentence=sentence)
    if envelope.box != box:
        sentence = f"box {envelope.box} may not command agents; headquarters {box} may"
        return Refused(code="agent.box", sentence=sentence)
    return await floor.command(asked)

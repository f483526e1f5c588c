# SPDX-License-Identifier: GPL-2.0-only
"""What agents and supervisors want: a state, a call's transfer, a note, a callback; answered once it is journaled."""

import itertools
from collections.abc import Awaitable, Callable

import msgspec
import structlog

from appliance.config.scalars import suggestion
from appliance.headquarters.desk.router import Router
from appliance.headquarters.leases import Leases
from appliance.router import direct, slots
from appliance.router.events import AgentAnswer, AgentWished, CallbackAnswer, CallbackWished, ContactNoted
from appliance.router.rules import VOICE
from appliance.router.shown import contact_of
from appliance.router.view import callback_now, queue_now
from appliance.wire.agents import (
    AgentAsked,
    AgentNoted,
    AgentNow,
    AgentTold,
    CallAsked,
    CallWish,
    ContactTold,
    OrderDone,
    QueueNow,
)
from appliance.wire.callbacks import AddCallback, CallbackNow, CallbackTold, CancelCallback
from appliance.wire.service_messages import Refused

log = structlog.get_logger()


class Commands:
    """The floor (`router/floor.py`) of a router that runs. `on_commanded`: a branch's next heartbeat brings it news."""

    def __init__(self, router: Router, leases: Leases) -> None:
        self.on_commanded: Callable[[str], None] = lambda _box: None
        self.on_order: Callable[[str, CallAsked], Awaitable[OrderDone | Refused]] = _nobody_to_order
        self._router = router
        self._leases = leases
        self._orders = itertools.count(1)

    async def command(self, asked: AgentAsked) -> AgentTold | Refused:
        """Change an agent's state, at once or when their work is over."""
        agent = slots.agent_of(asked.agent)
        if (unknown := self._unknown(agent)) is not None:
            return unknown
        if not slots.meant(self._router.state, asked.agent):
            channels = VOICE, *(one.channel for one in self._router.agents[agent].channels)
            channel = asked.agent.partition("/")[2]
            sentence = f"agent {agent} has no channel {channel!r}; {suggestion(channel, channels)}"
            return Refused(code="agent.channel", sentence=sentence)
        done = self._router.do(AgentWished(self._router.now_ns(), asked))
        now = self._router.agents[agent]
        (answer,) = (effect for effect in await done if isinstance(effect, AgentAnswer))
        log.info("agent.state.asked", agent=asked.agent, to=str(asked.to), by=asked.by, refused=answer.refused or None)
        if answer.refused:
            return Refused(code="agent.state", sentence=answer.refused)
        self.on_commanded(now.box)
        away = now.box in self._leases and not self._leases.holds(now.box)
        return AgentTold(now=now, unheard=now.box if away else "")

    async def command_callback(self, asked: AddCallback | CancelCallback) -> CallbackTold | Refused:
        """Have a number called, or not any more."""
        done = self._router.do(CallbackWished(self._router.now_ns(), asked))
        (answer,) = (effect for effect in await done if isinstance(effect, CallbackAnswer))
        log.info("callback.asked", callback=answer.callback or None, by=asked.by, refused=answer.refused or None)
        if answer.refused:
            return Refused(code="callback.refused", sentence=answer.refused)
        return CallbackTold(now=callback_now(self._router.state, answer.callback))

    def callbacks_now(self) -> tuple[CallbackNow, ...]:
        """All that are open, and those that were over lately."""
        return tuple(callback_now(self._router.state, name) for name in self._router.state.callbacks)

    async def order(self, asked: CallAsked) -> AgentTold | Refused:
        """What an agent wants of their call, carried to the branch that has it."""
        if (unknown := self._unknown(asked.agent)) is not None:
            return unknown
        state, name = self._router.state, self._named(asked.agent)
        now = contact_of(state, asked.agent)
        if now is None:
            return Refused(code="agent.call", sentence=f"{name} has no call")
        box = now.contact.partition(".")[0]
        if box in state.rules.peripherals:
            return Refused(code="agent.call", sentence=f"{name} has a call of {box}, which hands it on by itself")
        if asked.to in (CallWish.TRANSFER, CallWish.CONSULT) and direct.at(state, box, asked.number) is None:
            near = suggestion(asked.number, direct.numbers(state, box))
            sentence = f"nobody can be reached by {asked.number or 'no number'}; {near}"
            return Refused(code="agent.number", sentence=sentence)
        order = f"{state.epoch}.{next(self._orders)}"
        told = await self.on_order(box, msgspec.structs.replace(asked, contact=now.contact, order=order))
        log.info("agent.call.asked", agent=asked.agent, to=str(asked.to), by=asked.by, contact=now.contact)
        if isinstance(told, Refused):
            return told
        if told.refused:
            return Refused(code="agent.call", sentence=f"{name} {told.refused}")
        return AgentTold(now=self._router.agents[asked.agent])

    async def note(self, noted: AgentNoted) -> ContactTold | Refused:
        """Write into the agent's contact; answered once it is in the journal."""
        if (unknown := self._unknown(noted.agent)) is not None:
            return unknown
        done = self._router.do(ContactNoted(self._router.now_ns(), noted))
        now = contact_of(self._router.state, noted.agent)
        (answer,) = (effect for effect in await done if isinstance(effect, AgentAnswer))
        if answer.refused:
            return Refused(code="agent.note", sentence=f"{self._named(noted.agent)} {answer.refused}")
        return ContactTold(agent=noted.agent, now=now)

    def contact_of(self, agent: str) -> ContactTold | Refused:
        """What the agent has before them."""
        return self._unknown(agent) or ContactTold(agent=agent, now=contact_of(self._router.state, agent))

    def _unknown(self, agent: str) -> Refused | None:
        agents = self._router.state.rules.seats
        if agent in agents:
            return None
        return Refused(code="agent.unknown", sentence=f"agent {agent!r} is unknown; {suggestion(agent, agents)}")

    def _named(self, agent: str) -> str:
        return f"{self._router.state.rules.seats[agent].name} ({agent})"

    def agents_now(self) -> tuple[AgentNow, ...]:
        """All agents."""
        return tuple(self._router.agents.values())

    def queues_now(self) -> tuple[QueueNow, ...]:
        """All queues."""
        state, now_ns = self._router.state, self._router.now_ns()
        return tuple(queue_now(state, queue, now_ns) for queue in state.rules.queues)


async def _nobody_to_order(box: str, asked: CallAsked) -> OrderDone | Refused:
    del asked
    return Refused(code="call.silent", sentence=f"branch {box} cannot be reached")

# SPDX-License-Identifier: GPL-2.0-only
"""Agents and queues that a test sets, told by a real message server as headquarters would."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Iterator

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg

from appliance.config import read_secret
from appliance.config.scalars import suggestion
from appliance.headquarters.live import Branch, State
from appliance.router.floor import command
from appliance.uplink.connection import USER
from appliance.wire.agents import (
    AgentAsked,
    AgentNoted,
    AgentNow,
    AgentTold,
    AgentWish,
    CallAsked,
    ContactNow,
    ContactTold,
    Note,
    QueueNow,
)
from appliance.wire.callbacks import AddCallback, CallbackNow, CallbackTold, CancelCallback
from appliance.wire.envelope import Sealer, encode
from appliance.wire.ids import Identity
from appliance.wire.service_messages import Refused
from tests.headquarters.site import BOX, Site

STATES = {
    AgentWish.LOG_IN: "not-ready",
    AgentWish.LOG_OUT: "logged-out",
    AgentWish.READY: "available",
    AgentWish.NOT_READY: "not-ready",
}


class Floor:
    """Whose agents do what they are asked, after the call where they are busy; who is logged out is never ready."""

    def __init__(self, *agents: AgentNow, queues: tuple[QueueNow, ...] = ()) -> None:
        self.agents = {one.agent: one for one in agents}
        self.queues = queues
        self.asked: list[AgentAsked] = []
        self.ordered: list[CallAsked] = []
        self.contacts: dict[str, ContactNow] = {}
        self.callbacks: dict[str, CallbackNow] = {}

    def queues_now(self) -> tuple[QueueNow, ...]:
        return self.queues

    def agents_now(self) -> tuple[AgentNow, ...]:
        return tuple(self.agents.values())

    async def command(self, asked: AgentAsked) -> AgentTold | Refused:
        self.asked.append(asked)
        before = self.agents.get(asked.agent)
        if before is None:
            sentence = f"no agent {asked.agent}; {suggestion(asked.agent, self.agents)}"
            return Refused(code="agent.unknown", sentence=sentence)
        if before.state == "logged-out" and asked.to is AgentWish.READY:
            return Refused(code="agent.state", sentence=f"{asked.agent} is logged out")
        state, reason = STATES[asked.to], asked.reason
        if before.state == "busy":
            now = msgspec.structs.replace(before, then=f"{state}: {reason}" if reason else state)
        else:
            now = msgspec.structs.replace(before, state=state, reason=reason, since_ns=time.time_ns())
        self.agents[asked.agent] = now
        return AgentTold(now=now)

    async def command_callback(self, asked: AddCallback | CancelCallback) -> CallbackTold | Refused:
        if isinstance(asked, AddCallback):
            name, number, queues = f"1.{len(self.callbacks) + 1}", asked.number, (asked.queue,)
            self.callbacks[name] = CallbackNow(name, number, queues, "waiting", 5, time.time_ns(), 0, 0, asked.tries)
            return CallbackTold(now=self.callbacks[name])
        if asked.callback not in self.callbacks:
            return Refused(code="callback.refused", sentence=f"callback {asked.callback!r} is unknown")
        over = msgspec.structs.replace(self.callbacks[asked.callback], state="over", outcome="cancelled")
        self.callbacks[asked.callback] = over
        return CallbackTold(now=over)

    async def order(self, asked: CallAsked) -> AgentTold | Refused:
        self.ordered.append(asked)
        return AgentTold(now=self.agents[asked.agent])

    async def note(self, noted: AgentNoted) -> ContactTold | Refused:
        now = self.contacts.get(noted.agent)
        if now is None:
            return Refused(code="agent.note", sentence=f"{noted.agent} has no contact to write into")
        notes = (*now.notes, Note(noted.agent, noted.text))
        self.contacts[noted.agent] = msgspec.structs.replace(now, notes=notes)
        return self.contact_of(noted.agent)

    def contact_of(self, agent: str) -> ContactTold:
        return ContactTold(agent=agent, now=self.contacts.get(agent))


@contextlib.asynccontextmanager
async def answering(site: Site, floor: Floor) -> AsyncIterator[None]:
    """In place of the headquarters process, at the site's message server."""
    sealer = Sealer(Identity.take(site.config.box, "headquarters"))

    async def state(message: Msg) -> None:
        branches = (Branch(BOX, "Nanjing Road", time.time_ns()),)
        now = State(branches, (), (), (), floor.queues_now(), floor.agents_now(), tuple(floor.callbacks.values()))
        await message.respond(msgspec.json.encode(now))

    async def commanded(message: Msg) -> None:
        answer, cause = await command(floor, site.config.box, message.data)
        await message.respond(encode(sealer.seal(answer, cause=cause)))

    client = Client()
    await client.connect(
        f"nats://127.0.0.1:{site.nats_port}", user=USER, password=read_secret(site.config.server.secret)
    )
    await client.subscribe("live.state", cb=state)
    await client.subscribe("agent.command", cb=commanded)
    await client.flush()
    try:
        yield
    finally:
        await client.close()


@contextlib.contextmanager
def answered(site: Site, floor: Floor) -> Iterator[None]:
    """The same beside a test that waits."""
    loop, ready = asyncio.new_event_loop(), threading.Event()
    over = asyncio.Event()

    async def run() -> None:
        async with answering(site, floor):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    try:
        assert ready.wait(5)
        yield
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join()
        loop.close()

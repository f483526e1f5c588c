# SPDX-License-Identifier: GPL-2.0-only
"""Many branches' configurations in one process: each identity says and hears what a box would, over few connections.

boxes = Branches(server, access, {"BR-00001": text, ...}, connections=50)
await boxes.start(); await boxes.run()

What they are given they take after KEEP_S, try for as long as it says, and confirm; they check nothing of it but what
it is based on, as that is the work of the boxes' own processors.
"""

import asyncio
import heapq
import itertools
import random
from collections.abc import Mapping

import msgspec
from nats.aio.client import Client
from nats.aio.msg import Msg

from appliance import VERSION
from appliance.config import Endpoint
from appliance.config.history import fingerprint
from appliance.uplink.connection import Access, connect
from appliance.uplink.pushes import REPORT_S
from appliance.wire.envelope import Sealer, decode, encode
from appliance.wire.fleet import ConfigurationHeard, ConfigurationReported, PushConfiguration, Step
from appliance.wire.ids import Identity

KEEP_S = 0.5
LOOK_S = 0.05


class Branch(msgspec.Struct):
    """One identity. `text` runs there; `given`: what it takes next, and `step` how far it is."""

    sealer: Sealer
    text: str
    fingerprint: str
    version: int = 1
    author: str = ""
    amiss: tuple[str, ...] = ()
    push: str = ""
    step: Step | None = None
    before: tuple[str, str] = ("", "")
    healthy_s: float = 0.0
    wants_text: bool = False
    known: bool = False
    taken: int = 0
    """How many pushes it has made a version of."""


class Branches:
    """`fails`: boxes that go back from whatever they are given."""

    def __init__(
        self, server: Endpoint, access: Access, texts: Mapping[str, str], connections: int, report_s: float = REPORT_S
    ) -> None:
        self.heard = 0
        """Answers to reports, and orders."""
        self.known = 0
        """Boxes whose text headquarters has."""
        self.fails: set[str] = set()
        self.boxes = {
            box: Branch(Sealer(Identity.take(box, "uplink")), text, fingerprint(text)) for box, text in texts.items()
        }
        self._server, self._access, self._report_s = server, access, report_s
        self._clients: list[Client] = []
        self._of = {box: number % connections for number, box in enumerate(self.boxes)}
        self._connections = connections
        self._serial = itertools.count()
        self._due: list[tuple[float, int, str, Step | None]] = []

    async def start(self) -> None:
        """Connect, and listen for every one."""
        for number in range(self._connections):
            client = await connect((self._server,), self._access, f"branches {number}")
            self._clients.append(client)
            await client.subscribe(f"_INBOX.branches{number}.*", cb=self._answered)
        for box, number in self._of.items():
            await self._clients[number].subscribe(f"config.{box}", cb=self._ordered)
        for client in self._clients:
            await client.flush()

    async def run(self) -> None:
        """Say what is due, for ever; cancel to end. All of them report at once first."""
        for box in self.boxes:
            await self.report(box)
            self._later(self._report_s * random.random(), box)  # noqa: S311 - so that they come evenly
        while True:
            now_s = asyncio.get_running_loop().time()
            while self._due and self._due[0][0] <= now_s:
                _, _, box, step = heapq.heappop(self._due)
                if step is None:
                    self._later(self._report_s, box)
                else:
                    self._step(box, step)
                await self.report(box)
            await asyncio.sleep(LOOK_S)

    async def close(self) -> None:
        """All connections."""
        for client in self._clients:
            await client.close()

    async def report(self, box: str) -> None:
        """What runs there."""
        one, number = self.boxes[box], self._of[box]
        said = ConfigurationReported(
            name=box,
            software=VERSION,
            fingerprint=one.fingerprint,
            version=one.version,
            author=one.author,
            amiss=one.amiss,
            push=one.push,
            step=one.step,
            sentence="worse than before" if one.step is Step.RETURNED else "",
            text=one.text if one.wants_text else None,
        )
        payload = encode(one.sealer.seal(said))
        await self._clients[number].publish(f"config.{box}.report", payload, reply=f"_INBOX.branches{number}.{box}")

    async def _answered(self, message: Msg) -> None:
        box = message.subject.rpartition(".")[2]
        if not message.data:  # nobody serves there
            return
        self.heard += 1
        body = decode(message.data).body
        if isinstance(body, ConfigurationHeard):
            one = self.boxes[box]
            again = body.wants_text and not one.wants_text
            self.known += not body.wants_text and not one.known
            one.known |= not body.wants_text
            one.wants_text = body.wants_text
            if body.order is not None:
                self._take(box, body.order)
            if again:
                await self.report(box)

    async def _ordered(self, message: Msg) -> None:
        body = decode(message.data).body
        self.heard += 1
        if isinstance(body, PushConfiguration):
            self._take(message.subject.removeprefix("config."), body)

    def _take(self, box: str, order: PushConfiguration) -> None:
        one = self.boxes[box]
        if order.push == one.push:
            return
        one.push, one.healthy_s = order.push, order.healthy_s
        if one.fingerprint != order.base and not order.force:
            self._later(0.0, box, Step.DRIFTED)
            return
        one.before = one.text, one.fingerprint
        one.text, one.fingerprint = order.text, fingerprint(order.text)
        one.author, one.version, one.taken = order.author, one.version + 1, one.taken + 1
        self._later(0.0, box, Step.KEPT)

    def _step(self, box: str, step: Step) -> None:
        one = self.boxes[box]
        one.step = step
        match step:
            case Step.KEPT:
                self._later(KEEP_S, box, Step.TRIAL)
            case Step.TRIAL:
                self._later(one.healthy_s, box, Step.RETURNED if box in self.fails else Step.CONFIRMED)
            case Step.RETURNED:
                one.text, one.fingerprint = one.before

    def _later(self, seconds: float, box: str, step: Step | None = None) -> None:
        at_s = asyncio.get_running_loop().time() + seconds
        heapq.heappush(self._due, (at_s, next(self._serial), box, step))

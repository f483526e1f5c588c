# SPDX-License-Identifier: GPL-2.0-only
"""A line that learns while it serves, in virtual time, on simulated lines."""

from collections import deque

import msgspec
import numpy as np
from msgspec.structs import replace

from appliance.signalling.fxo import events
from appliance.signalling.fxo.events import Ear, Feed, Listen, SetMode
from appliance.signalling.fxo.learning.learned import Learned
from appliance.signalling.fxo.learning.line import LearningLine
from appliance.signalling.fxo.settings import Settings
from appliance.signalling.fxo.words import State
from tests.signalling.fxo.simulated_line import BLOCK, RATE_HZ, SECONDS, SimulatedLine

LEARNS = Settings(zone="cn", learns=("caller_id", "hang_up"))
CARD_LEARNS = replace(LEARNS, learns=(*LEARNS.learns, "impedance"))
GATE_SQUARE = 250_000 / 40  # dsp/engine/register.c
LAG = 2  # blocks that a card's device keeps, both ways together


class LearningRig:
    """`told` are the line's events with their times. Calls come as on a simulated line, one a minute."""

    def __init__(self, settings: Settings = LEARNS) -> None:
        self.now = 0.0
        self.told: list[tuple[float, events.Event]] = []
        self.ears: frozenset[Ear] = frozenset()
        self.acim = 0
        self._gate_until = 0.0
        self._settings = settings
        self._begin()

    def _begin(self) -> None:
        self.line = LearningLine(self._settings, clock=lambda: self.now, utc_ns=lambda: round(self.now * 1e9))
        self.line.see_feed(Feed.NORMAL)
        self.now += 1.0
        self.settle()

    def restart(self) -> None:
        """Another life, which has what was kept."""
        kept = msgspec.json.decode(msgspec.json.encode(self.line.learned), type=Learned)
        self._begin()
        self.line.recall(kept)

    def use(self, simulated: SimulatedLine, *, ours: bool = False) -> float:
        """A minute of it; when the call was told to be over. Else we hang up some time after him; `ours`: before."""
        begun, over_s = self.now + 1.0, SECONDS * 1.0
        came = deque([bytes(2 * BLOCK)] * LAG)
        for number in range(simulated.blocks):
            moment = simulated.block(number, self.acim)
            came.append(moment.heard)
            echoed = came.popleft()
            self.now = begun + moment.at_s
            for _, feed in moment.feeds:
                self.line.see_feed(feed)
            for _, on in moment.rings:
                self.line.see_ring(on=on)
            if moment.off_hook and self.line.state in (State.OFFERED, State.OFFERED_RINGING, State.AWAITING_CALLER):
                self.line.answer()
            let_go_s = simulated.release_s - (14 if ours else 0)
            if moment.at_s > let_go_s and self.line.state in (State.CONNECTED, State.CONNECTED_SILENT):
                self.line.release()
            if Ear.SOUND in self.ears or self._stirs(moment.heard):
                sample = round(self.now * RATE_HZ) - BLOCK
                self.line.hear_sound(moment.heard, moment.sent, sample, echoed if Ear.ECHO in self.ears else b"")
            if self.settle():
                over_s = min(over_s, moment.at_s)
        return over_s

    def _stirs(self, heard: bytes) -> bool:
        """As the engine's gate has it."""
        if np.mean(np.frombuffer(heard, np.int16).astype(float) ** 2) > GATE_SQUARE:
            self._gate_until = self.now + 0.5
        return Ear.STIR in self.ears and self.now < self._gate_until

    def connected(self) -> None:
        """A call that came and is answered."""
        self.line.see_ring(on=True)
        self.pass_s(2)
        self.line.see_ring(on=False)
        self.pass_s(1)
        self.line.answer()
        self.pass_s(1)

    def pass_s(self, seconds: float, *, sounds: bool = True) -> float | None:
        """Silence; when within it the far end has hung up."""
        begun = self.now
        while self.now < begun + seconds:
            self.now += BLOCK / RATE_HZ
            if sounds and Ear.SOUND in self.ears:
                self.line.hear_sound(bytes(2 * BLOCK), bytes(2 * BLOCK), round(self.now * RATE_HZ) - BLOCK)
            if self.settle():
                return self.now - begun
        return None

    def settle(self) -> bool:
        """Let the line do what is due; whether it tells that the far end has hung up."""
        while (due := self.line.due()) is not None and due <= self.now:
            self.line.run()
        for order in self.line.take_orders():
            if isinstance(order, Listen):
                self.ears = order.ears
            elif isinstance(order, SetMode):
                self.acim = order.acim
        told = self.line.take_events()
        self.told += [(self.now, event) for event in told]
        return any(isinstance(event, events.CallDisconnected) for event in told)

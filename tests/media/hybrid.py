# SPDX-License-Identifier: GPL-2.0-only
"""A leg in virtual time whose line ends in a hybrid: what it is sent comes back weaker, with what its party says."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import msgspec
import numpy as np

from appliance.media.engine import NULL_FIRST
from appliance.media.events import Profile, SoundHeard
from drivers.model import Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from tests.dsp.tone_sound import Sound, silence
from tests.media.rig import Side
from tests.media.virtual import TICK_SAMPLES, TICKS_A_SECOND, VirtualEngine, virtual_engine
from tests.sound import alaw

PARTY, LEG, VOICE = Timeslot(0, 1).port, Timeslot(1, 1).port, NULL_FIRST
TAIL_MS = 64
ON_THE_WAY = 2 * TICK_SAMPLES
"""From a play of the party's to the leg: it is heard a tick later, and the cable is one long."""


class Passed(msgspec.Struct, frozen=True):
    """What went over the line, each sample where it came."""

    heard: Sound
    """As the leg is heard: without its echo."""
    echoed: Sound
    """As it came."""
    said: Sound
    """What the party said of it."""


class HybridLine:
    """Each piece of sound takes the time that it lasts."""

    def __init__(self, host: VirtualEngine, erl_db: float) -> None:
        self.host, self.side = host, Side(host)
        engine, driver = self.side.engine, VpairDriver(self.side.engine)
        for span in (0, 1):
            driver.configure(span, VpairSettings(partner=1 - span), None)
        engine.open_timeslot(PARTY)
        engine.open_null(VOICE)
        engine.listen(PARTY, PARTY)
        engine.whisper(PARTY, VOICE)
        self.lose(erl_db)
        self.begin_call()

    def begin_call(self) -> None:
        """A leg that is new to the engine."""
        self.side.engine.open_timeslot(LEG)
        self.side.engine.set_profile(LEG, Profile.VOICE, TAIL_MS)
        self.side.engine.hear_signals(LEG, [], sound=True, echo=True)
        self.host.tick(2)

    def lose(self, erl_db: float) -> None:
        """The hybrid's return loss from now on."""
        self.side.engine.set_gain(PARTY, -erl_db, 0)

    def say(self, sound: Sound, port: int = VOICE) -> None:
        """What the party, or whoever, says from now on."""
        octets = alaw.encode(np.clip(np.rint(sound), -32768, 32767).astype(np.int16))
        self.side.ivr.engine.play(port, port, [self.side.arena.add_alaw(octets)])

    def passed(self, sent: Sound | None, said: Sound) -> Passed:
        """Send the one, or nothing, while the party says the other."""
        begun = self.side.engine.samples
        self.say(silence(len(said) / 8) if sent is None else sent, LEG)
        self.say(said)
        heard, echoed = b"", b""
        for at in range(0, len(said) // TICK_SAMPLES, TICKS_A_SECOND):
            self.host.tick(min(TICKS_A_SECOND, len(said) // TICK_SAMPLES - at))
            for event in self.side.engine.take_events():
                if isinstance(event, SoundHeard) and event.sample >= begun:
                    heard, echoed = heard + event.heard, echoed + event.echoed
        came = np.concatenate([np.zeros(ON_THE_WAY), said])[: len(heard)]
        return Passed(alaw.decode(heard).astype(float), alaw.decode(echoed).astype(float), came)


@contextlib.contextmanager
def hybrid_line(erl_db: float) -> Iterator[HybridLine]:
    """Such a leg on an engine of its own."""
    with virtual_engine() as host:
        yield HybridLine(host, erl_db)

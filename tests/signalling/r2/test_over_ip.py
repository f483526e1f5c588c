# SPDX-License-Identifier: GPL-2.0-only
"""An R2 call between two boxes, E1 over IP with CAS: two engines at their own pace, bits and tones in packets."""

from __future__ import annotations

import time

import pytest

from appliance.media.events import BitsChanged, Profile, SignalHeard
from appliance.signalling.r2 import events
from appliance.signalling.r2.channel import Call, Channel, Wants
from appliance.signalling.r2.circuit import Circuit
from appliance.signalling.r2.variant import load
from appliance.signalling.r2.words import State
from drivers.cesopsn import CesopsnDriver, CesopsnSettings
from drivers.model import Cas, Timeslot
from tests.media.rig import Side, engine_thread, noise, until
from tests.ports import HOST, free_port

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

PORT = Timeslot(0, 5).port
DNIS, CLID = "5588", "1001"
CALL_S = 10.0


class Box:
    """One end: an engine, its span and the circuit on one timeslot."""

    def __init__(self, side: Side, settings: CesopsnSettings) -> None:
        self.side = side
        CesopsnDriver(side.engine).configure(0, settings, None, Cas())
        self.channel = Channel(load("CN"), Wants(dnis_digits=len(DNIS)), clock=time.monotonic)
        self.circuit = Circuit(self.channel, side.engine, PORT)
        self.told: list[events.Event] = []

    def pump(self) -> None:
        """What has come, and what is due."""
        for event in self.side.engine.take_events():
            if isinstance(event, BitsChanged | SignalHeard) and event.port == PORT:
                self.circuit.take(event)
        self.channel.run()
        self.told += self.circuit.settle()

    def tells(self, kind: type[events.Event]) -> bool:
        """Whether it has told such an event."""
        return any(isinstance(event, kind) for event in self.told)


def test_a_call_between_two_boxes_is_offered_answered_heard_and_cleared() -> None:
    here, there = (HOST, free_port()), (HOST, free_port())
    with engine_thread() as exchange, engine_thread() as branch:
        caller = Box(Side(exchange), CesopsnSettings(here, there, clock="local", jitter_ms=20))
        called = Box(Side(branch), CesopsnSettings(there, here, jitter_ms=20))

        def come(what: bool) -> bool:  # noqa: FBT001 - a condition
            caller.pump()
            called.pump()
            return what

        def both_idle() -> bool:
            return come(caller.channel.state is called.channel.state is State.IDLE)

        until(both_idle, CALL_S)
        caller.channel.place(Call(DNIS, CLID))
        until(lambda: come(called.tells(events.CallOffered)), CALL_S)
        assert events.CallOffered(DNIS, CLID, restricted=False, category="ordinary", service="local") in called.told
        called.channel.answer()
        until(lambda: come(caller.tells(events.CallAnswered)), CALL_S)
        sound = noise(0.1)
        for box in (caller, called):
            box.side.engine.set_profile(PORT, Profile.CLEAR)
        called.side.recorder.engine.record(1, PORT, PORT, 0)
        caller.side.ivr.engine.play(PORT, 1, [caller.side.arena.add_alaw(sound)], 5)
        until(lambda: come(sound in called.side.recorder.left(1)), CALL_S)
        caller.channel.release()
        until(both_idle, CALL_S)
        assert caller.told[-1] == events.CallCleared(16, by_peer=False)
        assert called.told[-1] == events.CallCleared(16, by_peer=True)

# SPDX-License-Identifier: GPL-2.0-only
"""A span tells the client that opened it: frames, bits, alarms; also after the engine's death."""

from __future__ import annotations

import pytest

from appliance.media.events import BitsChanged, Client, FrameReceived, SpanAlarmChanged
from drivers.model import Alarm, Cas, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from tests.media.rig import Listener, engine_process, until
from tests.media.virtual import virtual_engine

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

D_CHANNEL = 16


def test_each_line_worker_hears_of_its_own_span_alone() -> None:
    with virtual_engine() as host:
        first, second = Listener(host.engine(Client.LINE1)), Listener(host.engine(Client.LINE2))
        VpairDriver(first.engine).configure(0, VpairSettings(partner=1, fault="ais"), D_CHANNEL)
        VpairDriver(second.engine).configure(1, VpairSettings(partner=0), D_CHANNEL)
        host.tick(120)
        assert [(event.span, event.alarms) for event in second.all(SpanAlarmChanged)][-1] == (1, Alarm.AIS)
        assert {event.span for event in first.all(SpanAlarmChanged)} <= {0}
        second.engine.send_frame(1, b"to span 1")
        host.tick(20)
        assert [(event.span, event.frame) for event in first.all(FrameReceived)] == [(0, b"to span 1")]
        assert second.all(FrameReceived) == []


def test_bits_are_the_opener_s() -> None:
    with virtual_engine() as host:
        first, eighth = Listener(host.engine(Client.LINE1)), Listener(host.engine(Client.LINE8))
        VpairDriver(first.engine).configure(0, VpairSettings(partner=1), None, Cas())
        VpairDriver(eighth.engine).configure(1, VpairSettings(partner=0), None, Cas())
        host.tick(3)
        first.engine.set_bits(Timeslot(0, 5).port, 0b0001)
        host.tick(20)
        assert [event.abcd for event in eighth.all(BitsChanged) if event.port == Timeslot(1, 5).port][-1] == 0b0001
        assert {event.port // 32 for event in first.all(BitsChanged)} == {0}


def test_a_new_engine_tells_the_same_owner() -> None:
    with engine_process() as host:
        first, second = Listener(host.engine(Client.LINE1)), Listener(host.engine(Client.LINE2))
        VpairDriver(first.engine).configure(0, VpairSettings(partner=1), D_CHANNEL)
        VpairDriver(second.engine).configure(1, VpairSettings(partner=0), D_CHANNEL)
        until(lambda: first.engine.span_status(0).open and second.engine.span_status(1).open)
        host.kill()
        host.start()
        first.engine.send_frame(0, b"after it")
        assert second.wait(FrameReceived).frame == b"after it"
        assert first.all(FrameReceived) == []

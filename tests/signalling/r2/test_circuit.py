# SPDX-License-Identifier: GPL-2.0-only
"""R2 calls over a span through the engine's own bits and tones, in virtual time; 30 timeslots, both ends are ours."""

from __future__ import annotations

import pytest

from appliance.media.events import SignalKind, ToneKind
from appliance.signalling.r2 import events
from appliance.signalling.r2.channel import Call
from appliance.signalling.r2.words import State
from drivers.model import Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from tests.media.virtual import virtual_engine
from tests.signalling.r2.trunk import Traffic, Trunk

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

VARIANTS = ("CN", "BR", "MX")
CALLER, CALLED = Timeslot(0, 5).port, Timeslot(1, 5).port
DNIS, CLID = "62345678", "13800138000"
every_variant = pytest.mark.parametrize("variant", VARIANTS)


@every_variant
def test_a_call_is_offered_accepted_answered_and_cleared(variant: str) -> None:
    with virtual_engine() as host:
        trunk = Trunk(host, variant)
        assert trunk.idle()
        caller, called = trunk.circuits[CALLER].channel, trunk.circuits[CALLED].channel
        category = list(trunk.variant.category)[1]
        caller.place(Call(DNIS, CLID, category))
        trunk.until(lambda: called.state is State.OFFERED, 15)
        (offered,) = trunk.all(CALLED, events.CallOffered)
        assert isinstance(offered, events.CallOffered)
        assert (offered.dnis, offered.clid, offered.category) == (DNIS, CLID, category)
        called.accept()
        trunk.until(lambda: bool(trunk.all(CALLER, events.CallAccepted)), 2)
        assert [trunk.side.engine.port_status(port).kind for port in (CALLER, CALLED)] == ["timeslot"] * 2
        called.answer()
        trunk.until(lambda: bool(trunk.all(CALLER, events.CallAnswered)), 1)
        status = trunk.side.engine.port_status(CALLER)
        assert (status.hears, status.sends) == ((), None), "the register is done when they talk"
        caller.release()
        trunk.until(lambda: bool(trunk.all(CALLER, events.CallCleared)), 2)
        trunk.until(trunk.idle, 2)
        trunk.seconds(0.01)
        assert [trunk.side.engine.port_status(port).kind for port in (CALLER, CALLED)] == ["closed"] * 2
        assert not trunk.refused


@pytest.mark.parametrize(("variant", "zone"), [("CN", "cn"), ("CO", "e180")])
def test_the_caller_hears_the_country_s_ringing_tone_until_the_answer(variant: str, zone: str) -> None:
    with virtual_engine() as host:
        trunk = Trunk(host, variant)
        caller, called = trunk.circuits[CALLER], trunk.circuits[CALLED]
        caller.channel.place(Call(DNIS, CLID))
        trunk.until(lambda: called.channel.state is State.OFFERED, 15)
        called.alert()
        called.ring_back()
        trunk.until(lambda: bool(trunk.all(CALLER, events.CallAccepted)), 2)
        trunk.side.engine.hear_signals(CALLER, [SignalKind.PROGRESS], zone)
        assert tones(trunk, 8) == [(ToneKind.RINGBACK, True)]
        called.answer()
        trunk.until(lambda: bool(trunk.all(CALLER, events.CallAnswered)), 1)
        assert tones(trunk, 8) == [(ToneKind.RINGBACK, False)]
        assert trunk.side.engine.port_status(CALLED).source == "idle"
        assert not trunk.refused


def tones(trunk: Trunk, seconds: float) -> list[tuple[ToneKind, bool]]:
    """Call progress that begins or ends at the caller within this time."""
    told = len(trunk.signals)
    trunk.seconds(seconds)
    heard = [event for event in trunk.signals[told:] if event.port == CALLER]
    return [(ToneKind(event.code), event.on) for event in heard if event.kind is SignalKind.PROGRESS]


def test_a_refused_call_tells_its_cause() -> None:
    with virtual_engine() as host:
        trunk = Trunk(host, "CN")
        trunk.circuits[CALLER].channel.place(Call(DNIS, CLID))
        trunk.until(lambda: trunk.circuits[CALLED].channel.state is State.OFFERED, 15)
        trunk.circuits[CALLED].channel.release(17)
        trunk.until(lambda: bool(trunk.all(CALLER, events.CallCleared)), 5)
        assert trunk.all(CALLER, events.CallCleared) == [events.CallCleared(17, by_peer=True)]
        trunk.until(trunk.idle, 2)


def test_q421_a_blocked_far_end_takes_no_call_until_it_is_back() -> None:
    with virtual_engine() as host:
        trunk = Trunk(host, "CN")
        trunk.circuits[CALLED].channel.withdraw()
        trunk.until(lambda: trunk.circuits[CALLER].channel.state is State.BLOCKED, 1)
        trunk.circuits[CALLED].channel.restore()
        trunk.until(trunk.idle, 1)


def test_a_call_goes_on_after_the_engine_died_among_its_digits() -> None:
    with virtual_engine() as host:
        trunk = Trunk(host, "CN")
        trunk.circuits[CALLER].channel.place(Call(DNIS, CLID))
        for _ in range(3):
            trunk.seconds(0.4)
            host.die()
            host.start()
        trunk.until(lambda: bool(trunk.all(CALLED, events.CallOffered)), 15)
        (offered,) = trunk.all(CALLED, events.CallOffered)
        assert isinstance(offered, events.CallOffered)
        assert (offered.dnis, offered.clid) == (DNIS, CLID)


def test_a_lost_span_ends_the_call_once_and_blocks_all_channels() -> None:
    with virtual_engine() as host:
        trunk = Trunk(host, "CN")
        trunk.circuits[CALLER].channel.place(Call(DNIS, CLID))
        trunk.seconds(0.5)
        driver = VpairDriver(trunk.side.engine)
        driver.configure(0, VpairSettings(partner=2), None)
        trunk.seconds(0.1)
        for circuit in trunk.circuits.values():
            circuit.channel.lose()
        trunk.seconds(0.1)
        assert len(trunk.all(CALLER, events.CallCleared)) == 1
        assert {circuit.channel.state for circuit in trunk.circuits.values()} == {State.BLOCKED}


def carry(variant: str, calls: int) -> None:
    with virtual_engine() as host:
        trunk = Trunk(host, variant)
        traffic = Traffic(trunk, calls)
        traffic.run()
        assert traffic.ends.total() == calls
        assert {16} < set(traffic.ends) <= {16, *Traffic.REFUSALS}
        assert traffic.answered == traffic.ends[16] > calls // 2
        assert not trunk.refused
        trunk.seconds(1)
        assert trunk.idle()
        kinds = {trunk.side.engine.port_status(port).kind for port in trunk.circuits}
        assert kinds == {"closed"}, "a port was left open"


@every_variant
def test_fifty_calls_leave_no_channel_behind(variant: str) -> None:
    carry(variant, 50)


@pytest.mark.soak
@pytest.mark.timeout(600)
@every_variant
def test_a_thousand_calls_leave_no_channel_behind(variant: str) -> None:
    carry(variant, 1000)

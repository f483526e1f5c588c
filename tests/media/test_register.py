# SPDX-License-Identifier: GPL-2.0-only
"""Registers on timeslots, in virtual time: R2 and MF held and heard, call progress heard. Spans 0 and 1 are joined."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from appliance.media.events import (
    Client,
    CommandKind,
    CommandRefused,
    DigitDetected,
    Profile,
    SignalHeard,
    SignalKind,
    ToneHeard,
    ToneKind,
)
from drivers.model import Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from dsp.bank import Kind
from dsp.g711 import alaw_encode
from dsp.r2 import R2Sender
from tests.media.rig import Listener, Side
from tests.media.tones import sine
from tests.media.virtual import TICK_SAMPLES, TICKS_A_SECOND, VirtualEngine, virtual_engine
from tests.sound import alaw
from tests.sound.speech import speech

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

NEAR, FAR, OTHER = Timeslot(0, 1).port, Timeslot(1, 1).port, Timeslot(1, 2).port
FORWARD, BACKWARD = SignalKind.R2_FORWARD, SignalKind.R2_BACKWARD
MF_SIGNALS = "0123456789*#ABC"
SURE_TICKS = 8  # r2.h, mf.h: 25 to 30 ms, and the cable's 5


@pytest.fixture
def host() -> Iterator[VirtualEngine]:
    with virtual_engine() as host:
        yield host


@pytest.fixture
def side(host: VirtualEngine) -> Side:
    """Both ends are open."""
    side = Side(host)
    driver = VpairDriver(side.engine)
    driver.configure(0, VpairSettings(partner=1), None)
    driver.configure(1, VpairSettings(partner=0), None)
    for port in (NEAR, FAR, OTHER):
        side.engine.open_timeslot(port)
    host.tick(2)
    return side


def heard(side: Side, port: int) -> list[tuple[SignalKind, int, bool]]:
    return [(event.kind, event.code, event.on) for event in side.line.all(SignalHeard) if event.port == port]


def test_kinds_are_those_of_the_receivers() -> None:
    assert [(kind.name, kind.value) for kind in SignalKind][:4] == [(kind.name, kind.value) for kind in Kind][:4]


def test_who_asks_anew_is_told_what_stands(host: VirtualEngine, side: Side) -> None:
    side.engine.send_signal(NEAR, FORWARD, 5)
    for _ in range(2):
        side.engine.hear_signals(FAR, [FORWARD])
        host.tick(SURE_TICKS)
    assert heard(side, FAR) == [(FORWARD, 5, True)] * 2


@pytest.mark.parametrize("kind", [FORWARD, BACKWARD])
def test_q441_every_signal_is_heard_with_its_beginning_and_end(
    host: VirtualEngine, side: Side, kind: SignalKind
) -> None:
    side.engine.hear_signals(FAR, [kind])
    for signal in range(1, 16):
        begun = side.engine.samples
        side.engine.send_signal(NEAR, kind, signal)
        host.tick(SURE_TICKS)
        side.engine.send_signal(NEAR, kind, 0)
        ended = side.engine.samples
        host.tick(SURE_TICKS)
        on, off = side.line.all(SignalHeard)[-2:]
        assert (on.kind, on.code, on.on, off.kind, off.code, off.on) == (kind, signal, True, kind, signal, False)
        for event, said in ((on, begun), (off, ended)):
            assert abs(event.sample - said - TICK_SAMPLES) <= 2 * TICK_SAMPLES
    assert len(side.line.all(SignalHeard)) == 30
    assert side.call.engine.take_events() == [], "nobody else hears of a register"


def test_q323_every_mf_signal_is_heard_and_is_no_digit(host: VirtualEngine, side: Side) -> None:
    side.engine.hear_signals(FAR, [SignalKind.MF])
    for signal in MF_SIGNALS:
        side.engine.send_signal(NEAR, SignalKind.MF, signal)
        host.tick(14)  # 70 ms, Q.322
        side.engine.send_signal(NEAR, SignalKind.MF, 0)
        host.tick(14)
    told = heard(side, FAR)
    assert [chr(code) for _, code, on in told if on] == list(MF_SIGNALS)
    assert len(told) == 30
    assert not side.call.all(DigitDetected)


def test_digits_are_heard_again_when_the_register_is_done(host: VirtualEngine, side: Side) -> None:
    side.engine.hear_signals(FAR, [SignalKind.MF])
    host.tick(1)
    side.engine.hear_signals(FAR, [])
    side.engine.send_digits(NEAR, 1, "3")
    host.tick(60)
    assert [event.digit for event in side.call.all(DigitDetected)] == ["3"]


def test_q440_both_directions_stand_at_once_and_no_canceller_touches_them(host: VirtualEngine, side: Side) -> None:
    for port in (NEAR, FAR):
        side.engine.set_profile(port, Profile.VOICE, 64)
    side.engine.play(NEAR, 1, [side.arena.add_alaw(alaw.encode(speech(2)))])
    side.engine.set_gain(FAR, -10, 0)
    side.engine.listen(FAR, FAR)  # an echo to learn, which then ends
    host.tick(2 * TICKS_A_SECOND)
    learned = side.engine.port_status(NEAR).echo
    assert learned is not None
    assert learned.erle_db > 10
    side.engine.disconnect(FAR)
    side.engine.hear_signals(NEAR, [BACKWARD])
    side.engine.hear_signals(FAR, [FORWARD])
    side.engine.record(1, NEAR, FAR, 0)
    side.engine.send_signal(NEAR, FORWARD, 5)
    host.tick(SURE_TICKS)
    side.engine.send_signal(FAR, BACKWARD, 1)
    host.tick(SURE_TICKS)
    assert heard(side, FAR) == [(FORWARD, 5, True)]
    assert heard(side, NEAR) == [(BACKWARD, 1, True)]
    status = side.engine.port_status(NEAR)
    assert (status.echo, status.hears, status.sends) == (None, (BACKWARD,), (FORWARD, 5))
    said = R2Sender(backward=True)
    said.send(1)
    assert alaw_encode(said.process(SURE_TICKS * TICK_SAMPLES - TICK_SAMPLES)) in side.recorder.left(1), (
        "octet for octet as the far register said it"
    )
    side.engine.send_signal(NEAR, FORWARD, 0)
    side.engine.hear_signals(NEAR, [])
    host.tick(1)
    assert side.engine.port_status(NEAR).echo is not None


def test_a_signal_stands_over_plays_bridges_and_gains_until_it_is_taken_away(host: VirtualEngine, side: Side) -> None:
    side.engine.hear_signals(FAR, [BACKWARD])
    side.engine.set_gain(NEAR, 0, -20)
    side.engine.send_signal(NEAR, BACKWARD, 6)
    host.tick(SURE_TICKS)
    side.ivr.engine.play(NEAR, 1, [side.arena.add_alaw(sine(800, 800))])
    host.tick(5)
    side.ivr.engine.stop(NEAR)
    side.call.engine.connect(NEAR, OTHER)
    host.tick(TICKS_A_SECOND)
    assert heard(side, FAR) == [(BACKWARD, 6, True)]
    assert side.engine.port_status(FAR).rx_dbm0 == pytest.approx(-8.5, abs=0.3)  # two of -11.5, Q.454
    side.engine.send_signal(NEAR, BACKWARD, 0)
    host.tick(SURE_TICKS)
    assert heard(side, FAR) == [(BACKWARD, 6, True), (BACKWARD, 6, False)]
    assert side.engine.port_status(NEAR).source == "bridge"


def test_a_receiver_that_begins_hears_what_stands_and_one_that_ends_nothing_more(
    host: VirtualEngine, side: Side
) -> None:
    side.engine.send_signal(NEAR, FORWARD, 9)
    host.tick(20)
    side.engine.hear_signals(FAR, [FORWARD])
    host.tick(SURE_TICKS)
    assert heard(side, FAR) == [(FORWARD, 9, True)]
    side.engine.hear_signals(FAR, [])
    side.engine.send_signal(NEAR, FORWARD, 0)
    host.tick(20)
    assert heard(side, FAR) == [(FORWARD, 9, True)]


def test_e180_busy_tone_of_a_zone_is_heard_under_any_profile_and_fax_as_before(host: VirtualEngine, side: Side) -> None:
    for port, profile in ((FAR, Profile.CLEAR), (OTHER, Profile.VOICE)):
        side.engine.set_profile(port, profile)
        side.engine.hear_signals(port, [SignalKind.PROGRESS], "cn")
    other = Timeslot(0, 2).port
    side.engine.open_timeslot(other)
    for port in (NEAR, other):
        side.engine.tone(port, ToneKind.BUSY, "cn")
    host.tick(3 * TICKS_A_SECOND)
    busy = (SignalKind.PROGRESS, ToneKind.BUSY, True)
    assert (heard(side, FAR), heard(side, OTHER)) == ([busy], [busy])
    ced = side.arena.add_alaw(sine(2100, 8000))
    for port in (NEAR, other):
        side.engine.play(port, 1, [ced])
    host.tick(TICKS_A_SECOND)
    assert {event.port for event in side.call.all(ToneHeard)} == {OTHER}, "octets that are clear have no fax"


def test_a_signal_and_its_receiver_outlive_the_engine(host: VirtualEngine, side: Side) -> None:
    side.engine.hear_signals(FAR, [FORWARD])
    side.engine.send_signal(NEAR, FORWARD, 3)
    host.tick(SURE_TICKS)
    host.die()
    host.start()
    host.tick(SURE_TICKS)
    assert heard(side, FAR) == [(FORWARD, 3, True)], "told twice it were two digits"
    side.engine.send_signal(NEAR, FORWARD, 0)
    host.tick(SURE_TICKS)
    assert heard(side, FAR) == [(FORWARD, 3, True), (FORWARD, 3, False)]


@pytest.mark.parametrize("after", [0, 4])
def test_a_signal_that_changes_while_the_engine_is_dead_has_ended(host: VirtualEngine, side: Side, after: int) -> None:
    side.engine.hear_signals(FAR, [FORWARD])
    side.engine.send_signal(NEAR, FORWARD, 3)
    host.tick(SURE_TICKS)
    host.die()
    side.engine.send_signal(NEAR, FORWARD, after)
    host.start()
    host.tick(2 * SURE_TICKS)
    ended = [(FORWARD, 3, True), (FORWARD, 3, False)]
    assert heard(side, FAR) == ended + [(FORWARD, after, True)] * bool(after)


def test_registers_are_on_timeslots_alone_and_their_owner_hears_of_them(host: VirtualEngine, side: Side) -> None:
    monitor = Listener(host.engine(Client.MONITOR))
    monitor.engine.hear_signals(FAR, [FORWARD])
    side.engine.send_signal(NEAR, FORWARD, 2)
    side.engine.send_signal(Timeslot(0, 9).port, FORWARD, 2)
    host.tick(SURE_TICKS)
    assert [event.code for event in monitor.all(SignalHeard)] == [2]
    refused = [(event.kind, event.error) for event in side.line.all(CommandRefused)]
    assert refused == [(CommandKind.SEND_SIGNAL, "ENOTCONN")]
    for port in (256, 512, -1):
        with pytest.raises(ValueError, match=f"timeslot port={port}: 0 to 255"):
            side.engine.hear_signals(port, [FORWARD])
        with pytest.raises(ValueError, match=f"timeslot port={port}: 0 to 255"):
            side.engine.send_signal(port, FORWARD, 1)
    with pytest.raises(ValueError, match="zone='xx'"):
        side.engine.hear_signals(NEAR, [SignalKind.PROGRESS], "xx")


@pytest.mark.parametrize(
    ("kind", "signal"),
    [
        (FORWARD, 16),
        (FORWARD, -1),
        (BACKWARD, "1"),
        (SignalKind.MF, "D"),
        (SignalKind.MF, "12"),
        (SignalKind.MF, ""),
        (SignalKind.MF, 5),
        (SignalKind.PROGRESS, 1),
    ],
)
def test_signals_out_of_range_are_refused(side: Side, kind: SignalKind, signal: int | str) -> None:
    with pytest.raises(ValueError, match=r"(signal|kind)="):
        side.engine.send_signal(NEAR, kind, signal)

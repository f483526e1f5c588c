# SPDX-License-Identifier: GPL-2.0-only
"""T1 spans beside E1 spans in one engine, in virtual time: mu-law on the wire, A-law inside.

Spans 0-1 and 2-3 are T1 cables, 4-5 and 6-7 E1 cables. What stands on a T1's wire is put there and read through the
E1s: clear ports are joined octet for octet.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from appliance.media.events import (
    BitsStatus,
    Codec,
    CommandKind,
    CommandRefused,
    DigitDetected,
    FrameReceived,
    Profile,
    SignalHeard,
    SignalKind,
    ToneKind,
)
from drivers.model import TIMESLOTS, Alarm, Cas, Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from dsp import g711
from dsp.prbs import Pattern, PatternReceiver, PatternTransmitter
from tests.media.rig import Side
from tests.media.tones import RATE, judge, sine
from tests.media.virtual import TICK_SAMPLES, TICKS_A_SECOND, VirtualEngine, virtual_engine
from tests.ports import HOST

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

SPANS = 8
NULL = 512
HZ = 1004.0
ALL = bytes(range(256)) * 5  # a whole number of ticks
QUANTIZED_DB = -35  # what two laws in a row make of 1004 Hz besides
RESAMPLED_DB = -28  # and with two resamplers between; a click is more
E1_IDLE, T1_IDLE = b"\xd5", b"\xff"


class Office:
    """The engine with its spans, each with its timeslot 1."""

    def __init__(self, host: VirtualEngine) -> None:
        self.host = host
        self.side = Side(host)
        self.driver = VpairDriver(self.side.engine)
        for span in range(SPANS):
            self.driver.configure(span, VpairSettings(partner=span ^ 1, line="t1" if span < 4 else "e1"), None)
        self.tick()

    def tick(self, ticks: int = 2) -> None:
        """Let them pass."""
        self.host.tick(ticks)

    def open(self, *spans: int, profile: Profile) -> list[int]:
        """Their ports."""
        ports = [Timeslot(span, 1).port for span in spans]
        for port in ports:
            self.side.engine.open_timeslot(port)
            self.side.engine.set_profile(port, profile)
        self.tick()
        return ports

    def wire_in(self, span: int, octets: bytes) -> None:
        """Stand on the wire of what a span receives, again and again, from the far end of its cable."""
        said, sent, far = self.open(4, 5, span ^ 1, profile=Profile.CLEAR)
        self.side.engine.connect(sent, far)
        self.say(said, octets, 0)

    def wire_out(self, span: int) -> None:
        """Record, as 1, what a span sends."""
        near, sent, heard = self.open(span ^ 1, 6, 7, profile=Profile.CLEAR)
        self.side.engine.connect(near, sent)
        self.side.recorder.engine.record(1, heard, heard, 0)

    def say(self, port: int, sound: bytes, repeat: int = 1) -> None:
        """Play on a port."""
        self.side.ivr.engine.play(port, 1, [self.side.arena.add_alaw(sound)], repeat)

    def heard(self, recording: int = 1) -> bytes:
        """All of it."""
        return self.side.recorder.left(recording)

    def refused(self) -> list[tuple[CommandKind, int, str]]:
        """What the engine would not do."""
        return [(event.kind, event.port, event.error) for event in self.side.line.all(CommandRefused)]


@pytest.fixture
def office() -> Iterator[Office]:
    """An engine with all cables."""
    with virtual_engine() as host:
        yield Office(host)


def test_g711_a_t1_is_idle_in_mu_law_on_its_wire(office: Office) -> None:
    office.wire_out(0)
    office.tick(20)
    assert set(office.heard()[-TICK_SAMPLES:]) == set(T1_IDLE), "nobody has opened the timeslot"
    office.open(0, profile=Profile.VOICE)
    office.tick(20)
    assert set(office.heard()[-TICK_SAMPLES:]) == set(T1_IDLE)


def test_g711_idle_of_either_law_is_idle_inside(office: Office) -> None:
    for recording, port in enumerate(office.open(2, 6, profile=Profile.VOICE), 1):
        office.side.recorder.engine.record(recording, port, port, 0)
    office.driver.close(3)
    office.tick(20)
    assert Alarm.LOS in office.driver.alarms(2)
    assert set(office.heard(1)) == set(office.heard(2)) == set(E1_IDLE)


def test_g711_a_voice_of_a_t1_is_mu_law_on_the_wire_and_a_law_inside(office: Office) -> None:
    near, far = office.open(0, 2, profile=Profile.VOICE)
    office.wire_out(0)
    office.say(near, ALL, 0)
    office.tick(200)
    assert g711.alaw_to_ulaw(ALL) in office.heard()
    office.side.engine.close_port(Timeslot(6, 1).port)
    office.wire_in(2, ALL)
    office.side.recorder.engine.record(2, far, far, 0)
    office.tick(200)
    assert g711.ulaw_to_alaw(ALL) in office.heard(2)


@pytest.mark.parametrize("profile", [Profile.VOICE, Profile.VBD, Profile.CLEAR])
def test_two_t1s_are_joined_octet_for_octet(office: Office, profile: Profile) -> None:
    assert g711.alaw_to_ulaw(g711.ulaw_to_alaw(ALL)) != ALL, "by A-law it would not be so"
    one, other = office.open(1, 2, profile=profile)
    office.side.engine.connect(one, other)
    office.wire_in(1, ALL)
    office.wire_out(2)
    office.tick(200)
    assert ALL in office.heard()


def test_an_echo_canceller_and_a_listener_cost_two_t1s_no_octet(office: Office) -> None:
    one, other = office.open(1, 2, profile=Profile.VOICE)
    office.side.engine.set_profile(one, Profile.VBD, 64)
    office.side.engine.connect(one, other)
    office.wire_in(1, ALL)
    office.wire_out(2)
    office.side.recorder.engine.record(2, one, other, 0)
    office.tick(200)
    assert ALL in office.heard()
    assert g711.ulaw_to_alaw(ALL) in office.heard(2)


def test_rfc4040_clear_octets_pass_between_t1_and_e1_untouched_both_ways(office: Office) -> None:
    t1, e1 = office.open(1, 6, profile=Profile.CLEAR)
    office.side.engine.connect(t1, e1)
    office.wire_in(1, ALL)
    (ear,) = office.open(7, profile=Profile.CLEAR)
    office.side.recorder.engine.record(1, ear, ear, 0)
    office.tick(200)
    assert ALL in office.heard()
    office.say(ear, ALL, 0)  # the cable back to the T1, whose far end gives it to the E1 that said it first
    office.side.engine.stop_recording(1)
    (said,) = office.open(4, profile=Profile.CLEAR)
    office.side.recorder.engine.record(2, said, said, 0)
    office.tick(200)
    assert ALL in office.heard(2)


def test_rfc4040_clear_octets_pass_a_port_of_mu_law_untouched(office: Office) -> None:
    said, leg, other, ear = office.open(4, 5, 6, 7, profile=Profile.CLEAR)
    base = office.host.rtp_base
    for port, remote, span in ((256, base + 2, leg), (257, base, other)):
        office.side.engine.open_rtp(port, (HOST, remote), Codec.PCMU)
        office.side.engine.set_profile(port, Profile.CLEAR)
        office.side.engine.connect(port, span)
    office.side.recorder.engine.record(1, ear, ear, 0)
    office.say(said, ALL, 0)
    office.tick(400)
    assert ALL in office.heard()


def test_a_prompt_on_a_clear_t1_is_coded_as_any_other_sound(office: Office) -> None:
    (port,) = office.open(0, profile=Profile.CLEAR)
    office.wire_out(0)
    office.say(port, ALL, 0)
    office.tick(200)
    assert g711.alaw_to_ulaw(ALL) in office.heard()


def test_a_prompt_of_a_null_port_is_heard_on_a_clear_t1_as_any_other_sound(office: Office) -> None:
    (port,) = office.open(0, profile=Profile.CLEAR)
    office.side.engine.open_null(NULL)
    office.side.engine.listen(port, NULL)
    office.wire_out(0)
    office.say(NULL, ALL, 0)
    office.tick(200)
    assert g711.alaw_to_ulaw(ALL) in office.heard()


@pytest.mark.parametrize("profile", [Profile.VOICE, Profile.CLEAR])
@pytest.mark.parametrize("gains_db", [(-6.0, 0.0), (0.0, -6.0)], ids=["received", "sent"])
def test_a_gain_on_a_bridge_of_two_t1s_is_heard(
    office: Office, profile: Profile, gains_db: tuple[float, float]
) -> None:
    one, other = office.open(1, 2, profile=profile)
    office.side.engine.connect(one, other)
    office.side.engine.set_gain(one, gains_db[0], 0.0)
    office.side.engine.set_gain(other, 0.0, gains_db[1])
    office.wire_in(1, g711.alaw_to_ulaw(sine(HZ, RATE)))
    office.wire_out(2)
    office.tick(20 + TICKS_A_SECOND)
    tone = judge(g711.ulaw_to_alaw(office.heard()[-RATE:]), HZ)
    assert tone.level_db == pytest.approx(-6.0, abs=0.1)


def test_a_muted_party_of_a_clear_bridge_of_two_t1s_is_not_heard(office: Office) -> None:
    one, other = office.open(1, 2, profile=Profile.CLEAR)
    office.side.engine.connect(one, other)
    office.side.engine.mute(one, muted=True)
    office.wire_in(1, ALL)
    office.wire_out(2)
    office.tick(200)
    assert set(g711.ulaw_to_alaw(office.heard()[-len(ALL) :])) == set(E1_IDLE)


def test_a_whisper_to_a_party_of_a_clear_bridge_of_two_t1s_is_heard(office: Office) -> None:
    one, other = office.open(1, 2, profile=Profile.CLEAR)
    office.side.engine.connect(one, other)
    office.side.engine.open_null(NULL)
    office.side.engine.whisper(other, NULL)
    office.wire_out(2)
    office.say(NULL, sine(HZ, RATE), 0)
    office.tick(20 + TICKS_A_SECOND)
    tone = judge(g711.ulaw_to_alaw(office.heard()[-RATE:]), HZ)
    assert tone.level_db == pytest.approx(0, abs=0.05)
    assert tone.rest_db.max() < QUANTIZED_DB


def test_tones_over_a_clear_bridge_of_two_t1s_are_coded_as_any_other_sound(office: Office) -> None:
    one, other, far = office.open(1, 2, 3, profile=Profile.CLEAR)
    office.side.engine.connect(one, other)
    office.tick()
    office.side.engine.send_digits(other, 1, "5")
    office.tick(TICKS_A_SECOND)
    assert [(event.port, event.digit) for event in office.side.call.all(DigitDetected)] == [(far, "5")]
    office.side.engine.hear_signals(far, [SignalKind.R2_FORWARD])
    office.side.engine.send_signal(other, SignalKind.R2_FORWARD, 7)
    office.tick(20)
    assert [(event.port, event.code, event.on) for event in office.side.line.all(SignalHeard)] == [(far, 7, True)]


@pytest.mark.parametrize("profile", [Profile.VOICE, Profile.CLEAR])
def test_the_level_that_a_t1_sends_is_that_of_its_law(office: Office, profile: Profile) -> None:
    one, other = office.open(1, 2, profile=profile)
    office.side.engine.connect(one, other)
    office.wire_in(1, g711.alaw_to_ulaw(sine(HZ, RATE)))
    office.tick(20 + 2 * TICKS_A_SECOND)
    received, sent = (office.side.engine.port_status(port) for port in (one, other))
    assert sent.tx_dbm0 == pytest.approx(received.rx_dbm0, abs=0.2)  # what the two laws differ by


@pytest.mark.parametrize("pattern", Pattern)
def test_o151_a_test_pattern_is_bit_for_bit_on_a_t1_s_wire(office: Office, pattern: Pattern) -> None:
    out, back = office.open(0, 2, profile=Profile.CLEAR)
    office.wire_out(0)
    office.side.engine.test(out, pattern)
    office.tick(TICKS_A_SECOND)
    wire = PatternReceiver(pattern)
    wire.process(office.heard()[20 * TICK_SAMPLES :])
    assert wire.synced
    assert (wire.counters.errors, wire.counters.losses) == (0, 0)
    office.wire_in(2, PatternTransmitter(pattern).process(2 * RATE))
    office.side.engine.test(back, pattern)
    office.tick(TICKS_A_SECOND)
    status = office.side.engine.test_status(back)
    assert status is not None
    assert status.synced
    assert status.counters.errors == 0


@pytest.mark.parametrize("back", [False, True], ids=["t1-to-e1", "e1-to-t1"])
def test_a_tone_between_t1_and_e1_keeps_its_level_and_is_a_tone(office: Office, *, back: bool) -> None:
    caller, leg, other, ear = office.open(0, 1, 6, 7, profile=Profile.VOICE)
    office.side.engine.connect(leg, other)
    if back:
        caller, ear = ear, caller
    office.side.recorder.engine.record(1, ear, ear, 0)
    office.say(caller, sine(HZ, RATE), 0)
    office.tick(TICKS_A_SECOND)
    tone = judge(office.heard()[20 * TICK_SAMPLES :], HZ)
    assert tone.level_db == pytest.approx(0, abs=0.05)
    assert tone.rest_db.max() < QUANTIZED_DB


def test_a_call_progress_tone_of_a_t1_has_the_level_of_an_e1_s(office: Office) -> None:
    t1, e1, ear, reference = office.open(0, 4, 1, 5, profile=Profile.VOICE)
    for port in (t1, e1):
        office.side.engine.tone(port, ToneKind.DIAL, "us")
    office.tick(TICKS_A_SECOND)
    levels = [office.side.engine.port_status(port).rx_dbm0 for port in (ear, reference)]
    assert levels[0] == pytest.approx(levels[1], abs=0.05)
    assert levels[1] > -20


@pytest.mark.parametrize(("codec", "kept"), [(Codec.PCMU, True), (Codec.PCMA, False)])
def test_a_phone_of_mu_law_and_a_t1_are_joined_octet_for_octet(office: Office, codec: Codec, *, kept: bool) -> None:
    one, other = office.open(1, 2, profile=Profile.VOICE)
    base = office.host.rtp_base
    for phone, remote, leg in ((256, base + 2, one), (257, base, other)):
        office.side.engine.open_rtp(phone, (HOST, remote), codec)
        office.side.engine.connect(phone, leg)
    office.wire_in(1, ALL)
    office.wire_out(2)
    office.tick(400)
    passed = ALL if kept else g711.alaw_to_ulaw(g711.ulaw_to_alaw(ALL))
    assert passed in office.heard()
    for phone in (256, 257):
        assert office.side.engine.port_status(phone).rtp.lost == 0


def test_t1_403_timeslots_are_1_to_24_and_the_d_channel_is_one_of_them(office: Office) -> None:
    with pytest.raises(ValueError, match="t1 d_channel=31: 1 to 24"):
        office.side.engine.open_span(0, VpairSettings(partner=1, line="t1"), 31)
    for span in (0, 1):
        office.driver.configure(span, VpairSettings(partner=span ^ 1, line="t1"), 24)
    office.tick()
    for timeslot in (23, 24, 25, 31):
        office.side.engine.open_timeslot(Timeslot(0, timeslot).port)
    office.side.engine.send_frame(0, b"SETUP")
    office.tick(10)
    assert office.refused() == [
        (CommandKind.OPEN_TIMESLOT, Timeslot(0, 24).port, "EBUSY"),
        (CommandKind.OPEN_TIMESLOT, Timeslot(0, 25).port, "EINVAL"),
        (CommandKind.OPEN_TIMESLOT, Timeslot(0, 31).port, "EINVAL"),
    ]
    assert [(event.span, event.frame) for event in office.side.line.all(FrameReceived)] == [(1, b"SETUP")]


def test_timeslots_that_a_span_opened_anew_has_not_are_closed(office: Office) -> None:
    timeslots = {timeslot: Timeslot(4, timeslot).port for timeslot in (1, 23, 24, 31)}
    for port in timeslots.values():
        office.side.engine.open_timeslot(port)
    office.driver.configure(4, VpairSettings(partner=5, line="t1"), 24)
    office.tick()
    kinds = {timeslot: office.side.engine.port_status(port).kind for timeslot, port in timeslots.items()}
    assert kinds == {1: "timeslot", 23: "timeslot", 24: "closed", 31: "closed"}


def test_a_t1_and_an_e1_do_not_fit_on_one_cable(office: Office) -> None:
    office.driver.configure(0, VpairSettings(partner=1), 16)
    office.tick(3)
    assert Alarm.LOS in office.driver.alarms(0) & office.driver.alarms(1)
    office.driver.configure(0, VpairSettings(partner=1, line="t1"), 24)
    office.tick(200)
    assert office.driver.alarms(0) == office.driver.alarms(1) == Alarm.NONE


def test_g704_3_1_3_2_all_24_timeslots_of_a_t1_have_bits_and_a_voice(office: Office) -> None:
    for span in (0, 1):
        office.driver.configure(span, VpairSettings(partner=span ^ 1, line="t1"), None, Cas(0))
    office.tick()
    for timeslot in TIMESLOTS["t1"]:
        office.side.engine.set_bits(Timeslot(0, timeslot).port, timeslot % 16)
    office.side.engine.open_timeslot(Timeslot(1, 16).port)
    office.tick(3)
    for timeslot in TIMESLOTS["t1"]:
        assert office.side.engine.bits_status(Timeslot(1, timeslot).port) == BitsStatus(0, timeslot % 16)
    assert office.side.engine.port_status(Timeslot(1, 16).port).kind == "timeslot"
    office.side.engine.set_bits(Timeslot(0, 25).port, 0)
    office.tick()
    assert office.refused() == [(CommandKind.SET_BITS, Timeslot(0, 25).port, "EINVAL")]


def test_two_t1s_go_on_octet_for_octet_in_the_engine_s_next_life(office: Office) -> None:
    one, other = office.open(1, 2, profile=Profile.VOICE)
    office.side.engine.connect(one, other)
    office.wire_in(1, ALL)
    office.wire_out(2)
    office.tick(20)
    office.host.die()
    office.host.start()
    before = len(office.heard())
    office.tick(200)
    assert ALL in office.heard()[before:]


def test_a_t1_of_another_clock_neither_slips_nor_clicks(office: Office) -> None:
    cables = {0: 0.0, 2: 60.0}
    for span, ppm in cables.items():
        for end in (span, span + 1):
            settings = VpairSettings(
                partner=end ^ 1, line="t1", far_ppm=ppm, clock_domain=span // 2 + 1, clock_priority=span // 2 + 1
            )
            office.driver.configure(end, settings, 24)
    office.tick()
    caller, leg, other, ear = office.open(0, 1, 2, 3, profile=Profile.VOICE)
    office.side.engine.connect(leg, other)
    office.say(caller, sine(HZ, RATE), 0)
    office.tick(8 * TICKS_A_SECOND)
    office.side.recorder.engine.record(1, ear, ear, 0)
    office.tick(4 * TICKS_A_SECOND)
    tone = judge(office.heard(), HZ)
    assert tone.rest_db.max() < RESAMPLED_DB
    assert np.ptp(tone.level_db) < 0.3
    assert [office.driver.counters(span).slips for span in range(4)] == [0, 0, 0, 0]
    assert office.driver.status(2).store_ms > 0

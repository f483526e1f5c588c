# SPDX-License-Identifier: GPL-2.0-only
"""What a timeslot can be asked to hear besides registers, and MF to one: digits, voice, caller ID. In virtual time."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from appliance.media.events import (
    CallerHeard,
    CallerStandard,
    DigitDetected,
    DigitsSent,
    Profile,
    SignalHeard,
    SignalKind,
    SoundHeard,
)
from drivers.model import Timeslot
from drivers.vpair import VpairDriver, VpairSettings
from dsp.caller_id import CallerIdSender, Message, Standard, decode
from dsp.g711 import ALAW_IDLE, alaw_decode, alaw_encode
from tests.media.rig import Side
from tests.media.tones import sine
from tests.media.virtual import TICK_SAMPLES, TICKS_A_SECOND, VirtualEngine, virtual_engine
from tests.sound import alaw
from tests.sound.speech import speech

pytestmark = [pytest.mark.system, pytest.mark.timeout(30)]

NEAR, FAR = Timeslot(0, 1).port, Timeslot(1, 1).port
CALLER = Message(number="02512345678", name="NANJING", month=11, day=26, hour=9, minute=30)


@pytest.fixture
def host() -> Iterator[VirtualEngine]:
    with virtual_engine() as host:
        yield host


@pytest.fixture
def side(host: VirtualEngine) -> Side:
    """Both ends are open."""
    side = Side(host)
    driver = VpairDriver(side.engine)
    for span in (0, 1):
        driver.configure(span, VpairSettings(partner=1 - span), None)
        side.engine.open_timeslot(Timeslot(span, 1).port)
    host.tick(2)
    return side


def heard(side: Side, kind: SignalKind) -> list[tuple[int, bool]]:
    return [(event.code, event.on) for event in side.line.all(SignalHeard) if event.kind is kind]


def fsk(message: Message, standard: Standard) -> bytes:
    """A-law, with half a second of silence before it."""
    sender = CallerIdSender(standard)
    sender.send(message)
    sound, busy = sender.process(2 * 8000)
    assert busy < len(sound)
    return bytes([ALAW_IDLE]) * 4000 + alaw_encode(sound[:busy])


def test_digits_of_a_register_are_its_client_s_and_nobody_else_s(host: VirtualEngine, side: Side) -> None:
    side.engine.hear_signals(FAR, [SignalKind.DTMF])
    begun = side.engine.samples
    side.engine.send_digits(NEAR, 1, "95*#D")
    host.tick(TICKS_A_SECOND)
    assert heard(side, SignalKind.DTMF) == [(ord(digit), True) for digit in "95*#D"]
    assert not side.call.all(DigitDetected)
    first = side.line.all(SignalHeard)[0]
    assert 0 < first.sample - begun < 10 * TICK_SAMPLES
    side.engine.hear_signals(FAR, [])
    side.engine.send_digits(NEAR, 2, "7")
    host.tick(TICKS_A_SECOND)
    assert [event.digit for event in side.call.all(DigitDetected)] == ["7"]
    assert len(heard(side, SignalKind.DTMF)) == 5


def test_q322_a_number_sent_by_mf_is_heard_signal_by_signal(host: VirtualEngine, side: Side) -> None:
    side.engine.hear_signals(FAR, [SignalKind.MF])
    side.engine.send_mf(NEAR, 7, "*5551234#")
    begun = side.engine.samples
    host.tick(2 * TICKS_A_SECOND)
    assert [chr(code) for code, on in heard(side, SignalKind.MF) if on] == list("*5551234#")
    on, off = side.line.all(SignalHeard)[:2]
    assert 80 * 8 < off.sample - on.sample < 120 * 8, "KP has 100 ms"
    (sent,) = side.line.all(DigitsSent)
    assert (sent.port, sent.send_id) == (NEAR, 7)
    assert side.engine.samples - begun > 9 * (68 + 68) * 8


@pytest.mark.parametrize(("port", "signals"), [(NEAR, "5D"), (NEAR, "5" * 65), (512, "5"), (NEAR, "")])
def test_mf_goes_to_timeslots_alone_and_has_its_own_characters(side: Side, port: int, signals: str) -> None:
    with pytest.raises(ValueError, match=r"(signals|digits|timeslot port)[=:]"):
        side.engine.send_mf(port, 1, signals)


def test_mf_goes_on_where_the_engine_died(host: VirtualEngine, side: Side) -> None:
    side.engine.hear_signals(FAR, [SignalKind.MF])
    side.engine.send_mf(NEAR, 1, "*12345#")
    host.tick(75)
    host.die()
    host.start()
    host.tick(2 * TICKS_A_SECOND)
    assert len(side.line.all(DigitsSent)) == 1
    assert [chr(code) for code, on in heard(side, SignalKind.MF) if on][-1] == "#"


def test_voice_is_told_as_it_stands_and_as_it_changes(host: VirtualEngine, side: Side) -> None:
    side.engine.hear_signals(FAR, [SignalKind.VOICE])
    host.tick(TICKS_A_SECOND)
    assert heard(side, SignalKind.VOICE) == [(1, False)]
    side.engine.hear_signals(FAR, [SignalKind.VOICE])
    host.tick(2)
    assert heard(side, SignalKind.VOICE) == [(1, False)] * 2, "who asks anew is told anew"
    side.engine.play(NEAR, 1, [side.arena.add_alaw(alaw.encode(speech(2)))])
    host.tick(TICKS_A_SECOND)
    assert heard(side, SignalKind.VOICE)[1:3] == [(1, False), (1, True)]
    host.tick(3 * TICKS_A_SECOND)
    told = [on for _, on in heard(side, SignalKind.VOICE)[1:]]
    assert not told[-1]
    assert all(one is not other for one, other in itertools.pairwise(told)), "each change once"


@pytest.mark.parametrize("standard", list(CallerStandard))
def test_caller_id_is_heard_with_number_and_name(host: VirtualEngine, side: Side, standard: CallerStandard) -> None:
    message = CALLER if standard is not CallerStandard.V23_JP else Message(number="0312345678")
    side.engine.hear_signals(FAR, [], caller=standard)
    side.engine.play(NEAR, 1, [side.arena.add_alaw(fsk(message, Standard(standard)))])
    host.tick(3 * TICKS_A_SECOND)
    (told,) = side.line.all(CallerHeard)
    assert (told.port, told.standard) == (FAR, standard)
    assert decode(told.octets, Standard(standard)) == message


def test_a_message_that_is_cut_off_is_told_without_octets(host: VirtualEngine, side: Side) -> None:
    side.engine.hear_signals(FAR, [], caller=CallerStandard.BELL202)
    whole = fsk(CALLER, Standard.BELL202)
    side.engine.play(NEAR, 1, [side.arena.add_alaw(whole[: len(whole) - 1200])])
    host.tick(3 * TICKS_A_SECOND)
    assert [told.octets for told in side.line.all(CallerHeard)] == [b""]


def test_nothing_is_told_of_a_caller_when_nobody_asks(host: VirtualEngine, side: Side) -> None:
    side.engine.hear_signals(FAR, [], caller=CallerStandard.BELL202)
    side.engine.hear_signals(FAR, [])
    side.engine.play(NEAR, 1, [side.arena.add_alaw(fsk(CALLER, Standard.BELL202))])
    host.tick(3 * TICKS_A_SECOND)
    assert not side.line.all(CallerHeard)


def test_the_ear_for_callers_outlives_the_engine(host: VirtualEngine, side: Side) -> None:
    side.engine.hear_signals(FAR, [], caller=CallerStandard.V23)
    host.tick(2)
    host.die()
    host.start()
    side.engine.play(NEAR, 1, [side.arena.add_alaw(sine(440, 800) + fsk(CALLER, Standard.V23))])
    host.tick(3 * TICKS_A_SECOND)
    assert [decode(told.octets, Standard.V23).number for told in side.line.all(CallerHeard)] == [CALLER.number]


def test_the_sound_of_both_ways_is_told_piece_by_piece(host: VirtualEngine, side: Side) -> None:
    came, sent = alaw.encode(speech(1)), sine(440, 8000)
    side.engine.hear_signals(FAR, [], sound=True)
    side.engine.play(NEAR, 1, [side.arena.add_alaw(came)])
    side.engine.play(FAR, 2, [side.arena.add_alaw(sent)])
    host.tick(TICKS_A_SECOND + 20)
    told = list(side.line.all(SoundHeard))
    assert {(event.port, len(event.heard), len(event.sent)) for event in told} == {(FAR, 120, 120)}
    assert {later.sample - event.sample for event, later in itertools.pairwise(told)} == {120}, "none is missing"
    assert came in b"".join(event.heard for event in told)
    assert sent in b"".join(event.sent for event in told)
    side.engine.hear_signals(FAR, [])
    host.tick(TICKS_A_SECOND)
    assert len(side.line.all(SoundHeard)) <= len(told) + 1


def test_what_came_with_its_echo_is_told_beside_it(host: VirtualEngine, side: Side) -> None:
    said = alaw.encode(speech(4))
    side.engine.set_profile(FAR, Profile.VOICE, 32)
    side.engine.hear_signals(FAR, [], sound=True, echo=True)
    for port in (NEAR, FAR):  # the far end returns all that we send
        side.engine.play(port, port, [side.arena.add_alaw(said)])
    host.tick(4 * TICKS_A_SECOND + 20)
    told = list(side.line.all(SoundHeard))
    assert {(len(event.heard), len(event.sent), len(event.echoed)) for event in told} == {(80, 80, 80)}
    assert {later.sample - event.sample for event, later in itertools.pairwise(told)} == {80}, "none is missing"
    assert said in b"".join(event.sent for event in told)
    assert said in b"".join(event.echoed for event in told), "before the canceller, octet for octet"
    heard, echoed = (
        float(np.std(np.frombuffer(alaw_decode(b"".join(parts))[-8000:], np.int16)))
        for parts in ((event.heard for event in told), (event.echoed for event in told))
    )
    assert heard < echoed / 10


def test_a_gate_lets_what_is_heard_pass_and_no_silence(host: VirtualEngine, side: Side) -> None:
    side.engine.hear_signals(FAR, [], sound=True, gated=True)
    host.tick(2 * TICKS_A_SECOND)
    assert list(side.line.all(SoundHeard)) == []
    came = sine(440, 8000)
    begun = side.engine.samples
    side.engine.play(NEAR, 1, [side.arena.add_alaw(came)])
    host.tick(3 * TICKS_A_SECOND)
    told = list(side.line.all(SoundHeard))
    assert came in b"".join(event.heard for event in told)
    assert told[-1].sample - begun == pytest.approx(8000 + 4000, abs=160), "half a second after it"


def test_sound_takes_no_room_from_signals(host: VirtualEngine, side: Side) -> None:
    side.engine.hear_signals(FAR, [SignalKind.DTMF], sound=True)
    host.tick(3 * 600)  # nobody reads: half the ring is full of it
    side.engine.send_digits(NEAR, 1, "5")
    host.tick(50)
    told = side.engine.take_events()
    assert len([event for event in told if isinstance(event, SoundHeard)]) in range(500, 513)
    assert [chr(event.code) for event in told if isinstance(event, SignalHeard) and event.on] == ["5"]


def test_sound_is_told_on_where_the_engine_died(host: VirtualEngine, side: Side) -> None:
    side.engine.hear_signals(FAR, [], sound=True)
    host.tick(30)
    host.die()
    host.start()
    before = len(side.line.all(SoundHeard))
    host.tick(30)
    assert len(side.line.all(SoundHeard)) - before >= 9

# SPDX-License-Identifier: GPL-2.0-only
"""The FSK modem: Bell 202 and V.23 tones, bits between samples, characters heard."""

from collections.abc import Iterator

import numpy as np
import pytest

from dsp.caller_id import Standard
from dsp.fsk import OCTETS_MAX, FskBusyError, FskEvent, FskReceiver, FskSender, Kind, Modem
from dsp.isa import Isa, at_most
from tests.dsp.caller_id_sound import TONES_HZ, Pcm, burst_bits, modulated

pytestmark = pytest.mark.unit

TICK = 40
STANDARDS = {Modem.BELL202: Standard.BELL202, Modem.V23: Standard.V23}
OCTETS = bytes(range(256))


@pytest.fixture(autouse=True, params=Isa, ids=str)
def form(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test of this file runs with the portable and with the vector form."""
    with at_most(request.param) as runs:
        assert runs == request.param, "this machine has no vector form"
        yield


def sent(modem: Modem, octets: bytes, piece: int = TICK, *, level_dbm0: float = -13.5, **bits: int) -> Pcm:
    sender = FskSender(modem, level_dbm0=level_dbm0)
    sender.send(octets, **bits)
    pieces = []
    busy = piece
    while busy == piece:
        sound, busy = sender.process(piece)
        pieces.append(np.array(sound[:busy], dtype=np.int16))
    return np.concatenate(pieces)


def octets_of(events: list[FskEvent]) -> bytes:
    return bytes(event.octet for event in events if event.kind is Kind.CHARACTER)


@pytest.mark.parametrize("modem", Modem)
def test_sender_is_the_modulator_of_the_definition_within_two_units(modem: Modem) -> None:
    sound = sent(modem, OCTETS, seizure_bits=31, mark_bits=20, tail_bits=5, stop_bits=2)
    bits = burst_bits(OCTETS, seizure=31, mark=20, stop=2, tail=5)
    expected = modulated(bits, STANDARDS[modem], level_dbm0=-13.5, lead_ms=0, trail_ms=0)
    assert len(sound) == -(-len(bits) // 3) * 20
    assert np.max(np.abs(sound[: len(expected)] - expected)) <= 2


@pytest.mark.parametrize("modem", Modem)
@pytest.mark.parametrize("bit", [0, 1])
def test_v23_and_bell_202_tones_and_level(modem: Modem, bit: int) -> None:
    """A second of each tone; its level and frequency are read off a spectrum of 1 Hz."""
    tone = TONES_HZ[STANDARDS[modem]][1 - bit]
    bits = {"mark_bits": 1200, "seizure_bits": 0} if bit else {"mark_bits": 0, "seizure_bits": 0}
    sound = sent(modem, b"" if bit else bytes(140), tail_bits=0, **bits)[:8000]
    spectrum = np.abs(np.fft.rfft(sound)) * 2 / len(sound)
    if bit:
        assert np.argmax(spectrum) == tone
        assert 20 * np.log10(spectrum.max() / 22827.06) == pytest.approx(-13.5, abs=0.02)
    else:
        assert abs(float(np.argmax(spectrum)) - tone) < 120  # nine spaces and a mark, over and over


@pytest.mark.parametrize("piece", [1, 7, 40, 133, 4000])
def test_pieces_do_not_matter(piece: int) -> None:
    whole = sent(Modem.V23, OCTETS, 40)
    sound = sent(Modem.V23, OCTETS, piece)
    assert np.max(np.abs(sound - whole)) <= 1
    receiver = FskReceiver(Modem.V23)
    parts = [
        event for at in range(0, len(whole), piece) for event in receiver.process(whole[at : at + piece].tobytes())
    ]
    assert parts == FskReceiver(Modem.V23).process(whole.tobytes())
    assert octets_of(parts) == OCTETS


@pytest.mark.parametrize("modem", Modem)
@pytest.mark.parametrize("stop", [1, 2, 4, 10])
@pytest.mark.parametrize(("pitch", "pace"), [(1.0, 1.0), (1.02, 0.99), (0.98, 1.01)])
def test_all_octets_are_heard_whatever_the_stop_bits(modem: Modem, stop: int, pitch: float, pace: float) -> None:
    bits = burst_bits(OCTETS[::3], stop=stop, seizure=30, mark=30)
    sound = modulated(bits, STANDARDS[modem], level_dbm0=-20, pitch=pitch, pace=pace).astype(np.int16)
    events = FskReceiver(modem).process(sound.tobytes())
    assert octets_of(events) == OCTETS[::3]
    characters = [event for event in events if event.kind is Kind.CHARACTER]
    assert characters[0].mark_bits == pytest.approx(30, abs=1)
    assert characters[0].at_sample == pytest.approx(240 + 60 * 20 / 3 / pace, abs=3)
    assert characters[0].level_dbm0 == pytest.approx(-20, abs=1)
    assert {event.mark_bits - stop + 1 for event in characters[1:]} <= {-1, 0, 1}


def test_carriers_end_is_told_once() -> None:
    sound = np.concatenate([sent(Modem.BELL202, b"abc"), np.zeros(800, np.int16)])
    events = FskReceiver(Modem.BELL202).process(sound.tobytes())
    assert [event.kind for event in events if event.kind is not Kind.FRAMING] == [Kind.CHARACTER] * 3 + [Kind.LOST]
    assert len(sound) - 800 < events[-1].at_sample <= len(sound) - 800 + 3 * TICK


def test_characters_need_mark_before_them() -> None:
    bits = burst_bits(b"", seizure=40, mark=10) + burst_bits(b"abc", seizure=0, mark=0)
    sound = modulated(bits[:40] + bits[40:50] + bits[60:], Standard.BELL202).astype(np.int16)
    assert octets_of(FskReceiver(Modem.BELL202).process(sound.tobytes())) == b""


def test_wrong_stop_bit_is_told_and_the_next_mark_resyncs() -> None:
    bits = burst_bits(b"abc", seizure=0, mark=40, tail=0)
    bits[-1] = 0  # the stop bit of c
    bits += burst_bits(b"def", seizure=0, mark=40)
    events = FskReceiver(Modem.V23).process(modulated(bits, Standard.V23).astype(np.int16).tobytes())
    assert octets_of(events) == b"abdef"
    assert Kind.FRAMING in {event.kind for event in events}


def test_below_the_least_level_nothing_is_heard() -> None:
    assert FskReceiver(Modem.V23, min_level_dbm0=-30).process(sent(Modem.V23, b"abc", level_dbm0=-39).tobytes()) == []
    heard = FskReceiver(Modem.V23, min_level_dbm0=-48).process(sent(Modem.V23, b"abc", level_dbm0=-48).tobytes())
    assert octets_of(heard) == b"abc"


def test_queue_and_settings() -> None:
    sender = FskSender(Modem.V23)
    sender.send(b"abc")
    with pytest.raises(FskBusyError):
        sender.send(b"abc")
    sender.reset()
    assert sender.process(TICK)[1] == 0
    for octets, bits in [
        (bytes(OCTETS_MAX + 1), {}),
        (b"a", {"stop_bits": 0}),
        (b"a", {"mark_bits": 4801}),
        (b"a", {"mark_bits": 70000}),
        (b"", {"seizure_bits": 0, "mark_bits": 0, "tail_bits": 0}),
    ]:
        with pytest.raises(ValueError, match="fsk"):
            sender.send(octets, **bits)
    for level in (-49.0, 0.5, float("nan")):
        with pytest.raises(ValueError, match="fsk"):
            FskSender(Modem.V23, level_dbm0=level)
        with pytest.raises(ValueError, match="fsk"):
            FskReceiver(Modem.V23, min_level_dbm0=level)


@pytest.mark.parametrize("modem", Modem)
def test_reset_in_the_middle_of_a_burst_leaves_nothing_in_the_next(modem: Modem) -> None:
    sender = FskSender(modem)
    sender.send(b"UUUU", seizure_bits=31)
    sender.process(333)
    sender.reset()
    sender.send(b"abc")
    assert np.array_equal(np.array(sender.process(8000)[0])[:3000], sent(modem, b"abc")[:3000])


def test_reset_starts_again_at_sample_0() -> None:
    sound = sent(Modem.BELL202, b"abc")
    receiver = FskReceiver(Modem.BELL202)
    first = receiver.process(sound.tobytes())
    receiver.reset()
    assert receiver.process(sound.tobytes()) == first

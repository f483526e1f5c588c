# SPDX-License-Identifier: GPL-2.0-only
"""The DTMF sender: Q.23 frequencies, levels and lengths, heard by the receiver."""

from array import array

import numpy as np
import pytest

from dsp.dtmf import TX_QUEUE, DtmfQueueFullError, DtmfReceiver, DtmfSender
from tests.dsp.dtmf_sound import DIGITS, HIGH_HZ, LOW_HZ, PEAK_0_DBM0

pytestmark = pytest.mark.unit


def level_dbm0(sound: "array[int]", hz: float) -> float:
    """Level of one frequency over whole periods, by least squares."""
    values = np.array(sound, dtype=float)
    turn = np.exp(-2j * np.pi * hz * np.arange(len(values)) / 8000)
    return float(20 * np.log10(2 * abs(np.mean(values * turn)) / PEAK_0_DBM0))


def test_q23_frequencies_and_levels() -> None:
    for at, digit in enumerate(DIGITS):
        sender = DtmfSender(low_level_dbm0=-12, high_level_dbm0=-10, on_ms=1000, off_ms=10)
        sender.send(digit)
        sound, _ = sender.process(8000)  # one second: all eight tones are orthogonal
        for hz in (*LOW_HZ, *HIGH_HZ):
            level = level_dbm0(sound, hz)
            if hz == LOW_HZ[at // 4]:
                assert level == pytest.approx(-12, abs=0.02)
            elif hz == HIGH_HZ[at % 4]:
                assert level == pytest.approx(-10, abs=0.02)
            else:
                assert level < -80


def test_lengths_to_the_sample() -> None:
    sender = DtmfSender(on_ms=50, off_ms=30)
    sender.send("15")
    sound, busy = sender.process(2000)
    assert busy == 2 * 80 * 8
    for start in (0, 640):
        assert any(sound[start : start + 5])
        assert any(sound[start + 395 : start + 400])
        assert not any(sound[start + 400 : start + 640])
    assert not any(sound[1280:])


@pytest.mark.parametrize("step", [1, 40, 333])
def test_what_is_sent_is_heard(step: int) -> None:
    sender, receiver = DtmfSender(on_ms=50, off_ms=40), DtmfReceiver()
    sender.send(DIGITS + DIGITS.lower())
    heard = ""
    for _ in range(0, 33 * 90 * 8, step):
        sound, _ = sender.process(step)
        heard += "".join(event.digit for event in receiver.process(sound) if event.on)
    assert heard == DIGITS * 2


def test_queue_takes_all_digits_or_none() -> None:
    sender = DtmfSender(on_ms=1, off_ms=1)
    sender.send("1" * (TX_QUEUE - 1))
    with pytest.raises(DtmfQueueFullError, match="2 digits"):
        sender.send("22")
    sender.send("3")
    _, busy = sender.process(TX_QUEUE * 16 + 100)
    assert busy == TX_QUEUE * 16


def test_reset_is_silence_at_once() -> None:
    sender = DtmfSender()
    sender.send("123")
    sender.process(100)
    sender.reset()
    sound, busy = sender.process(1000)
    assert busy == 0
    assert not any(sound)


@pytest.mark.parametrize("digits", ["E", "12x", "１", "1 2"])
def test_what_is_no_digit_is_refused(digits: str) -> None:
    with pytest.raises(ValueError, match="a digit is one of"):
        DtmfSender().send(digits)


def test_settings_out_of_range_are_refused() -> None:
    for setting in ({"low_level_dbm0": 1.0}, {"high_level_dbm0": -61.0}, {"on_ms": 0}, {"off_ms": 60001}):
        with pytest.raises(ValueError, match="dtmf"):
            DtmfSender(**setting)

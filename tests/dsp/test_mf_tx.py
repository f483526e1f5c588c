# SPDX-License-Identifier: GPL-2.0-only
"""The senders of R1 and R2: frequencies, levels and lengths of Q.322 and Q.454."""

import itertools

import numpy as np
import pytest

from dsp.mf import SIGNALS, TX_QUEUE, MfQueueFullError, MfSender
from dsp.r2 import R2Sender
from tests.dsp.dtmf_sound import PEAK_0_DBM0

pytestmark = pytest.mark.unit

MF_HZ = (700, 900, 1100, 1300, 1500, 1700)
FORWARD_HZ = (1380, 1500, 1620, 1740, 1860, 1980)
BACKWARD_HZ = (1140, 1020, 900, 780, 660, 540)
PAIRS = [(low, high) for high, low in itertools.product(range(6), range(6)) if low < high]


def levels(sound: "np.ndarray") -> dict[int, float]:
    """Frequencies above -60 dBm0 of one second, each with its level."""
    size = np.abs(np.fft.rfft(np.array(sound, dtype=float))) * 2 / len(sound) / PEAK_0_DBM0
    return {int(hz): round(float(20 * np.log10(size[hz])), 1) for hz in np.flatnonzero(size > 1e-3)}


@pytest.mark.parametrize("number", range(15))
def test_q320_frequencies_and_q322_level(number: int) -> None:
    sender = MfSender(on_ms=1000, kp_ms=1000)
    sender.send(SIGNALS[number])
    low, high = PAIRS[number]
    assert levels(np.array(sender.process(8000)[0])) == {MF_HZ[low]: -7.0, MF_HZ[high]: -7.0}


def test_q322_lengths_to_the_sample() -> None:
    sender = MfSender()
    sender.send("*5#")
    sound, busy = sender.process(8000)
    loud = np.abs(np.array(sound)).reshape(-1, 8).max(axis=1) > 0
    assert busy == (100 + 68 + 68 + 3 * 68) * 8
    for begin, length in ((0, 100), (168, 68), (304, 68)):
        assert loud[begin : begin + length].all()
        assert not loud[begin + length : begin + length + 68].any()


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("signal", range(1, 16))
def test_q441_frequencies_and_q454_level(signal: int, *, backward: bool) -> None:
    sender = R2Sender(backward=backward)
    sender.send(signal)
    hz = BACKWARD_HZ if backward else FORWARD_HZ
    low, high = PAIRS[signal - 1]
    assert levels(np.array(sender.process(8000))) == {hz[low]: -11.5, hz[high]: -11.5}


def test_r2_signal_is_held_until_another_is_sent() -> None:
    sender = R2Sender()
    assert not any(sender.process(400))
    sender.send(3)
    first = list(sender.process(400))
    sender.send(3)
    again = list(sender.process(400))
    whole = R2Sender()
    whole.send(3)
    assert first + again == list(whole.process(800))
    sender.send(0)
    assert not any(sender.process(400))


def test_queue_takes_all_signals_or_none() -> None:
    sender = MfSender(on_ms=1, kp_ms=1, off_ms=1)
    sender.send("1" * TX_QUEUE)
    with pytest.raises(MfQueueFullError, match="1 signals"):
        sender.send("2")
    assert sender.process(TX_QUEUE * 16 + 100)[1] == TX_QUEUE * 16
    sender.send("123")
    sender.reset()
    assert sender.process(100)[1] == 0


def test_what_cannot_be_sent_is_refused() -> None:
    with pytest.raises(ValueError, match="a signal is one of"):
        MfSender().send("12D")
    with pytest.raises(ValueError, match="1 to 15"):
        R2Sender().send(16)
    for setting in ({"level_dbm0": 1.0}, {"on_ms": 0}, {"kp_ms": 60001}, {"level_dbm0": float("nan")}):
        with pytest.raises(ValueError, match="mf"):
            MfSender(**setting)
    with pytest.raises(ValueError, match="r2"):
        R2Sender(level_dbm0=-61)

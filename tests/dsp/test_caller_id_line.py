# SPDX-License-Identifier: GPL-2.0-only
"""Caller ID over bad lines: what is delivered at 20 dB SNR in every condition, and that nothing wrong ever is."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pytest

from dsp.caller_id import CallerIdReceiver, Fault, Standard, encode
from tests.dsp.caller_id_sound import Line, any_message, burst
from tests.sound.speech import speech

WANTED = 0.995
"""Share of caller IDs delivered at 20 dB SNR."""

LINES: dict[str, tuple[Line, dict[str, float]]] = {
    "plain": (Line(20), {}),
    "weak": (Line(20), {"level_dbm0": -35.0}),
    "loud": (Line(20), {"level_dbm0": -3.0}),
    "twist +6 dB": (Line(20, 6), {}),
    "twist -6 dB": (Line(20, -6), {}),
    "twist +10 dB": (Line(20, 10), {}),
    "twist -10 dB": (Line(20, -10), {}),
    "loaded": (Line(20, -3, loaded=True), {}),
    "hum of 50 Hz as loud": (Line(20, hum_db=0), {}),
    "hum of 60 Hz, 10 dB louder": (Line(20, hum_db=10, hum_hz=60), {}),
    "echo of 4 ms, -10 dB": (Line(20, echo_db=-10), {}),
    "echo of 1 ms, -8 dB": (Line(20, echo_db=-8, echo_ms=1), {}),
    "pitch +2 %, pace -1 %": (Line(20), {"pitch": 1.02, "pace": 0.99}),
    "pitch -2 %, pace +1 %": (Line(20), {"pitch": 0.98, "pace": 1.01}),
    "pitch +1 %, pace +1 %": (Line(20), {"pitch": 1.01, "pace": 1.01}),
    "many": (
        Line(20, -6, loaded=True, hum_db=-10, echo_db=-20, echo_ms=3),
        {"pitch": 1.01, "pace": 0.99, "level_dbm0": -30.0},
    ),
    "clicks before the message": (Line(20, clicks=3), {}),
    "SNR of 12 dB": (Line(12), {}),
}

CASES = [
    (name, standard)
    for name in LINES
    for standard in Standard
    if not (name.startswith("clicks") and standard is Standard.V23_JP)  # no seizure for the clicks to fall into
]


@dataclass
class Tally:
    """What became of messages."""

    sent: int = 0
    right: int = 0
    wrong: int = 0
    wrong_numbers: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def share(self) -> float:
        return self.right / self.sent


def tally(standard: Standard, line: Line, messages: int, seed: int, **how: float) -> Tally:
    """Send that many, each on a line of its own, and compare."""
    random = np.random.default_rng(seed)
    told = Tally()
    for _ in range(messages):
        message = any_message(random)
        pcm = line.passed(burst(encode(message, standard), standard, random, **how), random, standard)
        told.sent += 1
        for result in CallerIdReceiver(standard).process(pcm.tobytes()):
            if result.fault:
                told.faults[result.fault.name] += 1
            elif result.message == message:
                told.right += 1
            else:
                told.wrong += 1
                told.wrong_numbers += result.message.number != message.number
    return told


@pytest.mark.unit
@pytest.mark.parametrize(("name", "standard"), CASES)
def test_delivered_at_20_db(name: str, standard: Standard) -> None:
    line, how = LINES[name]
    told = tally(standard, line, 400 if name == "plain" else 50, 20, **how)
    assert told.wrong == 0
    assert told.share >= WANTED, told.faults


@pytest.mark.unit
@pytest.mark.parametrize("standard", Standard)
def test_nothing_wrong_at_6_db(standard: Standard) -> None:
    """Three quarters still arrive."""
    told = tally(standard, Line(6), 200, 6)
    assert told.wrong == 0
    assert told.share >= 0.6, told.faults


@pytest.mark.unit
@pytest.mark.parametrize("standard", Standard)
def test_speech_is_no_message(standard: Standard) -> None:
    sound = np.concatenate([speech(60.0, voice) for voice in ("caller", "agent")])
    assert CallerIdReceiver(standard).process(sound.tobytes()) == []


@pytest.mark.soak
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("standard", Standard)
def test_undetected_errors_of_32000_messages(standard: Standard) -> None:
    """From 0 to 10 dB SNR: none from 8 dB on, hardly one below."""
    totals = {}
    for snr_db in (0, 2, 4, 5, 6, 7, 8, 10):
        told = tally(standard, Line(snr_db), 4000, 1000 + snr_db)
        totals[snr_db] = told
        print(standard.name, snr_db, told)
    assert sum(told.wrong for snr_db, told in totals.items() if snr_db >= 8) == 0
    assert max(told.wrong for told in totals.values()) <= 0.001 * 4000
    assert totals[10].share >= WANTED


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize(("name", "standard"), CASES)
def test_delivered_at_20_db_of_1000_messages(name: str, standard: Standard) -> None:
    line, how = LINES[name]
    told = tally(standard, line, 1000, 21, **how)
    print(standard.name, name, told)
    assert told.wrong == 0
    assert told.share >= WANTED, told.faults


@pytest.mark.soak
@pytest.mark.parametrize("standard", Standard)
def test_an_hour_of_speech_is_no_message(standard: Standard) -> None:
    results = []
    for place in range(6):
        for voice in ("caller", "agent"):
            results += CallerIdReceiver(standard).process(speech(300.0, voice, place).tobytes())
    assert [result for result in results if result.fault is Fault.NONE] == []
    assert len(results) <= 12

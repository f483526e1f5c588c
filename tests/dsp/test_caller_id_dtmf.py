# SPDX-License-Identifier: GPL-2.0-only
"""Caller ID by DTMF: the national forms, digits that are no message, and the whole way over a line's sound."""

import numpy as np
import pytest

from dsp.caller_id import DtmfCallerIdReceiver, DtmfForm, Fault, Kind, Message, Result, dtmf_digits
from dsp.dtmf import DtmfReceiver, DtmfSender
from tests.sound.alaw import ideal_pass
from tests.sound.speech import speech

pytestmark = pytest.mark.unit

DIGIT_SAMPLES = 8 * 140  # 70 ms on, 70 ms off
NUMBER = "0891234567"


def read(digits: str, *, category: bool = False) -> list[Result]:
    receiver = DtmfCallerIdReceiver(category=category)
    results = [receiver.digit(digit, at * DIGIT_SAMPLES) for at, digit in enumerate(digits)]
    results.append(receiver.time(len(digits) * DIGIT_SAMPLES + 8000))
    return [result for result in results if result]


@pytest.mark.parametrize(
    ("digits", "message"),
    [
        (f"A{NUMBER}C", Message(number=NUMBER)),
        (f"A{NUMBER}D110C", Message(number=NUMBER, redirecting="110")),
        (f"A{NUMBER}D110D112C", Message(number=NUMBER, redirecting="112")),
        (f"A{NUMBER}B01C", Message(number=NUMBER)),
        ("B00C", Message(number_absent="O")),
        ("AB10C", Message(number_absent="P")),
        ("AC", Message(number_absent="O")),
        (f"D{NUMBER}C", Message(number=NUMBER)),
        (f"A{NUMBER}#", Message(number=NUMBER)),
        ("D1#", Message(number_absent="P")),
        ("D2#", Message(number_absent="O")),
        ("D3#", Message(number_absent="O")),
        (f"{NUMBER}#", Message(number=NUMBER)),
    ],
)
def test_en_300_659_1_annex_b_and_national_forms(digits: str, message: Message) -> None:
    (result,) = read(digits)
    assert (result.fault, result.message, result.raw) == (Fault.NONE, message, digits.encode())


def test_category_of_brazil() -> None:
    (result,) = read(f"A1{NUMBER}C", category=True)
    assert result.message == Message(number=NUMBER, category="1")
    assert dtmf_digits(result.message, DtmfForm.A_C) == f"A1{NUMBER}C"


@pytest.mark.parametrize(
    "digits",
    [
        f"{NUMBER}C", "A12A34C", "A12*4C", "B1C", "B123C", "D12D34C", "D4#", "D12#", "B10#", "A12B10#", "12A34#",
        "A#", "D#", "A" + "1" * 33 + "C", "A1D1D2D3C",
    ],
)  # fmt: skip
def test_codes_out_of_place_are_an_error(digits: str) -> None:
    assert Fault.FORMAT in {result.fault for result in read(digits)}
    assert [result for result in read(digits) if not result.fault] == []


@pytest.mark.parametrize("digits", ["#", "C", "*", "##C", "*C#"])
def test_end_codes_alone_are_nothing(digits: str) -> None:
    assert read(digits) == []


def test_digits_without_end_are_an_error_after_a_second() -> None:
    receiver = DtmfCallerIdReceiver()
    for at, digit in enumerate("A123"):
        assert receiver.digit(digit, at * DIGIT_SAMPLES) is None
    last = 3 * DIGIT_SAMPLES
    assert receiver.time(last + 8000) is None
    overdue = receiver.time(last + 8001)
    assert overdue is not None
    assert (overdue.fault, overdue.raw) == (Fault.TRUNCATED, b"A123")
    assert receiver.time(last + 80000) is None


def test_message_after_digits_left_over() -> None:
    receiver = DtmfCallerIdReceiver()
    receiver.digit("A", 0)
    told = receiver.digit("D", 20000)
    assert told is not None
    assert told.fault is Fault.TRUNCATED
    assert receiver.digit("5", 21000) is None
    result = receiver.digit("C", 22000)
    assert result is not None
    assert (result.message.number, result.at_sample) == ("5", 20000)


def test_too_many_digits_are_an_error() -> None:
    results = read("A" + "1" * 100)
    assert results[0].fault is Fault.FORMAT
    assert len(results[0].raw) == 72


def test_reset_forgets_and_other_characters_are_refused() -> None:
    receiver = DtmfCallerIdReceiver()
    receiver.digit("A", 0)
    receiver.reset()
    assert receiver.time(80000) is None
    with pytest.raises(ValueError, match="no digit"):
        receiver.digit("x", 0)


def delivered(form: DtmfForm, calls: int, seed: int) -> tuple[int, int]:
    """Calls over sound: how many arrive right, how many wrong. 70 ms on and off, -14 and -12 dBm0, SNR 20 dB, A-law."""
    random = np.random.default_rng(seed)
    right = wrong = 0
    for _ in range(calls):
        number = "".join(map(str, random.integers(0, 10, random.integers(3, 17))))
        sender = DtmfSender(low_level_dbm0=-14, high_level_dbm0=-12, on_ms=70, off_ms=70)
        sender.send(dtmf_digits(Message(number=number), form))
        clean = np.array(sender.process(8 * 140 * (len(number) + 3))[0], dtype=float)
        sound = np.round(np.roll(clean, random.integers(0, 400)) + random.normal(0, 520, len(clean)))
        receiver = DtmfCallerIdReceiver()
        for event in DtmfReceiver().process(ideal_pass(sound.astype(np.int16)).tobytes()):
            result = receiver.digit(event.digit, event.at_sample) if event.on else None
            right += result is not None and result.message == Message(number=number)
            wrong += result is not None and result.message != Message(number=number)
    return right, wrong


@pytest.mark.parametrize("form", DtmfForm)
def test_sound_of_calls_on_a_line(form: DtmfForm) -> None:
    assert delivered(form, 25, form) == (25, 0)


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("form", DtmfForm)
def test_sound_of_1000_calls_on_a_line(form: DtmfForm) -> None:
    right, wrong = delivered(form, 1000, 100 + form)
    assert wrong == 0
    assert right >= 995


def test_speech_is_no_call() -> None:
    receiver = DtmfCallerIdReceiver()
    sound = np.concatenate([speech(60.0, voice) for voice in ("caller", "agent")])
    results = [receiver.digit(event.digit, event.at_sample) for event in DtmfReceiver().process(sound.tobytes())]
    assert [result for result in results if result and not result.fault] == []


@pytest.mark.parametrize(
    ("message", "form"),
    [
        (Message(), DtmfForm.A_C),
        (Message(), DtmfForm.A_HASH),
        (Message(number="12#"), DtmfForm.A_C),
        (Message(number=NUMBER, redirecting="110"), DtmfForm.D_C),
        (Message(number=NUMBER, redirecting="110"), DtmfForm.HASH),
        (Message(number_absent="P"), DtmfForm.HASH),
        (Message(number_absent="C"), DtmfForm.A_C),
        (Message(number=NUMBER, category="x"), DtmfForm.A_C),
        (Message(kind=Kind.WAITING), DtmfForm.A_C),
    ],
)
def test_what_a_form_cannot_say_is_refused(message: Message, form: DtmfForm) -> None:
    with pytest.raises(ValueError, match="cannot say"):
        dtmf_digits(message, form)


@pytest.mark.parametrize(
    ("message", "form", "digits"),
    [
        (Message(number_absent="P"), DtmfForm.A_C, "B10C"),
        (Message(number_absent="O"), DtmfForm.D_C, "B00C"),
        (Message(number=NUMBER, redirecting="110"), DtmfForm.A_C, f"A{NUMBER}D110C"),
        (Message(number_absent="P"), DtmfForm.A_HASH, "D1#"),
        (Message(number_absent="O"), DtmfForm.A_HASH, "D2#"),
    ],
)
def test_forms_that_are_sent(message: Message, form: DtmfForm, digits: str) -> None:
    assert dtmf_digits(message, form) == digits
    (result,) = read(digits)
    assert result.message == message

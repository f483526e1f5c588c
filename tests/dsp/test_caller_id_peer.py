# SPDX-License-Identifier: GPL-2.0-only
"""Caller ID between us and spandsp: each hears what the other sends, octet by octet, in every standard."""

import numpy as np
import pytest

from dsp.caller_id import (
    CallerIdReceiver,
    CallerIdSender,
    DtmfCallerIdReceiver,
    DtmfForm,
    Message,
    Standard,
    dtmf_digits,
    encode,
)
from dsp.dtmf import DtmfReceiver, DtmfSender
from tests.dsp.caller_id_sound import Pcm, any_message, has_doubled_dle
from tests.dsp.spandsp_adsi import Adsi, heard, sent

pytestmark = pytest.mark.unit

STANDARDS = {
    Adsi.CLASS: Standard.BELL202,
    Adsi.CLIP: Standard.V23,
    Adsi.ACLIP: Standard.V23,
    Adsi.JCLIP: Standard.V23_JP,
}
DATE = b"03251437"
MESSAGES = [Message(number="0891234567", name="JOHN Q SMITH", month=3, day=25, hour=14, minute=37)]
MESSAGES += [any_message(np.random.default_rng(seed)) for seed in range(12)]
CASES = [
    (adsi, message)
    for adsi, standard in STANDARDS.items()
    for message in MESSAGES
    if adsi is not Adsi.JCLIP or not has_doubled_dle(encode(message, standard))  # which spandsp counts as two octets
]


def ours(message: Message, standard: Standard, *, single: bool = False) -> Pcm:
    sender = CallerIdSender(standard, single=single)
    sender.send(message)
    return np.array(sender.process(24000)[0], np.int16)


def as_spandsp_delivers(octets: bytes, adsi: Adsi) -> bytes:
    """Without checksum; of NTT's without CRC and parity."""
    return bytes(octet & 0x7F for octet in octets[:-2]) if adsi is Adsi.JCLIP else octets[:-1]


@pytest.mark.parametrize(("adsi", "message"), CASES)
def test_spandsp_hears_what_we_send(adsi: Adsi, message: Message) -> None:
    standard = STANDARDS[adsi]
    octets = encode(message, standard)
    assert heard(adsi, ours(message, standard)) == [as_spandsp_delivers(octets, adsi)]


def test_spandsp_hears_our_single_data_message() -> None:
    message = Message(number="8005551234", month=3, day=25, hour=14, minute=37)
    octets = encode(message, Standard.BELL202, single=True)
    assert heard(Adsi.CLASS, ours(message, Standard.BELL202, single=True)) == [octets[:-1]]


@pytest.mark.parametrize("adsi", [Adsi.CLASS, Adsi.CLIP, Adsi.ACLIP])
def test_we_hear_spandsps_several_parameters(adsi: Adsi) -> None:
    fields = [(1, DATE), (2, b"0891234567"), (7, b"JOHN Q SMITH")]
    octets, sound = sent(adsi, 0x80, fields)
    (result,) = CallerIdReceiver(STANDARDS[adsi]).process(sound.tobytes())
    assert result.raw[:1] + result.raw[2:-1] == octets[:1] + octets[2:]
    assert result.raw == encode(MESSAGES[0], STANDARDS[adsi])
    assert result.message == MESSAGES[0]


@pytest.mark.parametrize("adsi", [Adsi.CLASS, Adsi.ACLIP])
def test_we_hear_spandsps_single_data_message(adsi: Adsi) -> None:
    octets, sound = sent(adsi, 4, [(0, DATE + b"8005551234")])
    (result,) = CallerIdReceiver(STANDARDS[adsi]).process(sound.tobytes())
    assert result.raw[2:-1] == octets[2:]
    assert result.message == Message(number="8005551234", month=3, day=25, hour=14, minute=37)


@pytest.mark.parametrize("number", ["0312345678", "0312345678901234"])
def test_we_hear_spandsps_ntt_message(number: str) -> None:
    """The number of 16 has a doubled DLE for its length."""
    octets, sound = sent(Adsi.JCLIP, 0x40, [(2, number.encode()), (0x21, b"\x40\x40"), (9, b"0398765432")])
    (result,) = CallerIdReceiver(Standard.V23_JP).process(sound.tobytes())
    assert bytes(octet & 0x7F for octet in result.raw[7:-4]) == octets[2:]
    assert result.message == Message(number=number, called="0398765432")


@pytest.mark.parametrize("digits", ["A0891234567C", "A0891234567#", "D0891234567C", "A0891234567D110C", "D2#"])
def test_dtmf_both_ways(digits: str) -> None:
    fields = [(ord(part[0]), part[1:].encode()) for part in digits[:-1].replace("D", " D").split()]
    octets, sound = sent(Adsi.CLIP_DTMF, ord(digits[-1]), fields)
    assert octets.decode() == digits
    events = [event for event in DtmfReceiver().process(sound.tobytes()) if event.on]
    receiver = DtmfCallerIdReceiver()
    (result,) = filter(None, [receiver.digit(event.digit, event.at_sample) for event in events])
    assert result.raw == digits.encode()

    sender = DtmfSender(low_level_dbm0=-12, high_level_dbm0=-10, on_ms=70, off_ms=70)
    form = {"A": DtmfForm.A_C, "D": DtmfForm.D_C}[digits[0]] if digits[-1] == "C" else DtmfForm.A_HASH
    again = dtmf_digits(result.message, form)
    sender.send(again)
    line = np.array(sender.process(8 * 140 * (len(again) + 2))[0], np.int16)
    assert heard(Adsi.CLIP_DTMF, line) == [digits.encode()]

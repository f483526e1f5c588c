# SPDX-License-Identifier: GPL-2.0-only
"""Which kind of caller ID a line has, and where: all receivers listen while it is on-hook, and one brings a message.

Bell 202 and V.23 receivers read each other's messages, their tones being near; the pitch of the mark before the message
tells them apart. In Japan the line must be taken for the message; a reversal and rings of half a second tell it before.
"""

import itertools
import math
from array import array

from appliance.signalling.fxo.learning.evidence import Evidence
from appliance.signalling.fxo.settings import CallerId, Place
from dsp.caller_id import CallerIdReceiver, DtmfCallerIdReceiver, Fault, Kind, Result, Standard
from dsp.dtmf import DtmfReceiver
from dsp.state import Samples

RATE_HZ = 8000
KEPT = 5 * RATE_HZ  # samples
MARK_S = 0.08  # of the mark that is measured; it has 150 ms, and 100 before EN 300 659-2
PIECE = 160
MARKS_HZ = {CallerId.BELL202: 1200, CallerId.V23: 1300}
KINDS = {CallerId.BELL202: "Bell 202", CallerId.V23: "V.23", CallerId.V23_JP: "V.23 (NTT)", CallerId.DTMF: "DTMF"}
PLACES = {Place.BEFORE_RING: "振铃前", Place.POLARITY: "极性反转后、振铃前", Place.AFTER_RING: "第一次振铃后"}
DATA_RING_S = (0.3, 0.7)
DATA_RINGS = 3
REVERSAL_S = 3.0  # before what it announces


class CallerLearner:
    """Feed it an on-hook line's sound and rings."""

    def __init__(self) -> None:
        self.kind = CallerId.NONE
        self.place = Place.AFTER_RING
        self.evidence: list[Evidence] = []
        self._fsk = [CallerIdReceiver(standard) for standard in (Standard.BELL202, Standard.V23)]
        self._digits = DtmfReceiver()
        self._dtmf = DtmfCallerIdReceiver()
        self._kept = array("h")
        self._first = 0  # number of the first sample kept
        self._begun_s: float | None = None
        self._rings: list[tuple[float, float]] = []
        self._ringing_s: float | None = None
        self._reversed_s = -math.inf

    def see_reversal(self, at_s: float) -> None:
        """The pair has been reversed."""
        self._reversed_s = at_s

    def see_ring(self, at_s: float, *, on: bool) -> None:
        """It rings, or rings no more."""
        if on:
            self._ringing_s = at_s
        elif self._ringing_s is not None:
            self._rings.append((self._ringing_s, at_s))
            self._ringing_s = None

    def hear(self, at_s: float, heard: Samples) -> None:
        """Sound of the line while it is on-hook."""
        self._begun_s = (
            at_s - (self._first + len(self._kept)) / RATE_HZ
        )  # a line may wait for days, and lose some of it
        self._kept.frombytes(bytes(heard))
        for result in [result for receiver in self._fsk for result in receiver.process(heard)]:
            self._take(self._pitch(result.at_sample), result)
        for event in self._digits.process(heard):
            told = self._dtmf.digit(event.digit, event.at_sample) if event.on else None
            if told is not None:
                self._take(CallerId.DTMF, told)
        if len(self._kept) > 2 * KEPT:
            self._first += len(self._kept) - KEPT
            del self._kept[:-KEPT]

    def answer(self, at_s: float) -> None:
        """The line is taken, or rings no more: whatever tells the caller has been told. The next call is another."""
        if self.kind is CallerId.NONE:
            self._judge_rings(at_s)
        self._begun_s, self._rings, self._first = None, [], 0
        self._kept = array("h")
        for receiver in self._fsk:
            receiver.reset()
        self._digits.reset()
        self._dtmf.reset()

    def _take(self, kind: CallerId, result: Result) -> None:
        if result.fault is not Fault.NONE or result.message.kind is not Kind.CALL or self._begun_s is None:
            return
        at_s = self._begun_s + result.at_sample / RATE_HZ
        place = self._where(at_s)
        if (kind, place) != (self.kind, self.place):
            self.kind, self.place = kind, place
            self.evidence.append(
                Evidence(
                    at_s,
                    f"a whole message by {kind}, {place.replace('_', ' ')}",
                    f"{PLACES[place]}收到完整的{KINDS[kind]}来电显示",
                )
            )

    def _where(self, at_s: float) -> Place:
        if self._rings and self._rings[0][1] <= at_s:
            return Place.AFTER_RING
        return Place.POLARITY if at_s - self._reversed_s <= REVERSAL_S else Place.BEFORE_RING

    def _judge_rings(self, at_s: float) -> None:
        low, high = DATA_RING_S
        short = [begun for begun, ended in self._rings if low <= ended - begun <= high]
        gaps = [later[0] - ring[1] for ring, later in itertools.pairwise(self._rings)]
        if len(short) >= DATA_RINGS and 0 <= short[0] - self._reversed_s <= REVERSAL_S and low <= gaps[0] <= high:
            self.kind, self.place = CallerId.V23_JP, Place.POLARITY
            said = f"a reversal, then {len(short)} rings of half a second", f"极性反转后有{len(short)}次半秒振铃"
            self.evidence.append(Evidence(short[0], *said))
        elif (rings := len(self._rings) + (self._ringing_s is not None)) > 1:
            self.evidence.append(
                Evidence(at_s, f"no message by any kind, up to ring {rings}", f"到第{rings}次振铃没有来电显示")
            )

    def _pitch(self, at_sample: int) -> CallerId:
        """By the mark before a message's first character."""
        end = at_sample - self._first - PIECE // 2
        mark = self._kept[max(0, end - round(MARK_S * RATE_HZ)) : max(0, end)]
        powers = {kind: _power(mark, hz) for kind, hz in MARKS_HZ.items()}
        return max(powers, key=powers.__getitem__)


def _power(sound: "array[int]", hz: float) -> float:
    """Of a tone in pieces of 20 ms, so that it may be 2 % off."""
    total = 0.0
    for first in range(0, len(sound) - PIECE + 1, PIECE):
        re = im = 0.0
        for at in range(PIECE):
            turn = 2 * math.pi * hz * at / RATE_HZ
            re += sound[first + at] * math.cos(turn)
            im += sound[first + at] * math.sin(turn)
        total += re * re + im * im
    return total

# SPDX-License-Identifier: GPL-2.0-only
"""G.726 from clause 4.2 with annex A's uniform PCM, a sample at a time; and what FFmpeg and spandsp do otherwise.

Slow and plain; words wrap where the recommendation's do. A `Departure` takes the model away from the clauses the way
another program goes: that the model then agrees with that program bit by bit says what the difference is, and that
there is no other.
"""

import enum
from dataclasses import dataclass, field

from dsp.tools.g726_tables import DECISIONS, LEVELS, RATES, STEPS
from tests.sound.alaw import Linear


class Departure(enum.Flag):
    """Ways of leaving the clauses."""

    NONE = 0
    MIX = enum.auto()
    """Scale factor: floor((yl + (yu - (yl >> 6)) * al) / 64), not (yl >> 6) + the product cut off towards zero."""
    LEAK = enum.auto()
    """Zero coefficients leak by 2^-8 at 40 kbit/s too, where UPB has 2^-9."""
    INPUT = enum.auto()
    """The 16-bit sample is divided by 4 towards zero, not shifted."""
    WIDE = enum.auto()
    """SUBTA, FMULT, ACCUM and ADDC do not wrap at 15 and 16 bits; the output does, from 17 on limited."""
    DECISIONS = enum.auto()
    """The first two decision levels of 40 kbit/s are one higher."""
    DIFFERENCE_14 = enum.auto()
    """Below 40 kbit/s ADDB and ADDC take 14 of a negative difference's 15 bits."""
    OUTPUT = enum.auto()
    """No LIMO: four times the reconstructed signal, whose upper bits are lost."""


FFMPEG = Departure.MIX | Departure.LEAK | Departure.INPUT | Departure.WIDE | Departure.DECISIONS | Departure.OUTPUT
SPANDSP = Departure.DIFFERENCE_14 | Departure.OUTPUT


def word(value: int) -> int:
    return (value + 32768 & 65535) - 32768


def between(least: int, value: int, most: int) -> int:
    return max(least, min(value, most))


@dataclass
class Past:
    """A value in the floating point of FLOATA and FLOATB; the sign is the difference's own even for 0."""

    negative: bool = False
    exponent: int = 0
    mantissa: int = 32


def floated(magnitude: int, *, negative: bool) -> Past:
    exponent = magnitude.bit_length()
    return Past(negative, exponent, (magnitude << 6) >> exponent if magnitude else 32)


@dataclass
class Model:
    bits: int
    departs: Departure = Departure.NONE
    yu: int = 544
    yl: int = 34816
    dms: int = 0
    dml: int = 0
    ap: int = 0
    td: bool = False
    pk: list[bool] = field(default_factory=lambda: [False, False])
    a: list[int] = field(default_factory=lambda: [0, 0])
    b: list[int] = field(default_factory=lambda: [0] * 6)
    sr: list[Past] = field(default_factory=lambda: [Past(), Past()])
    dq: list[Past] = field(default_factory=lambda: [Past() for _ in range(6)])

    def encode(self, sound: Linear) -> list[int]:
        codes = []
        for sample in map(int, sound):
            se, sez, y = self._estimate()
            up = Departure.INPUT in self.departs and sample < 0
            d = (-(-sample >> 2) if up else sample >> 2) - se
            code = self._quantized(d if Departure.WIDE in self.departs else word(d), y)
            self._go_on(code, se, sez, y)
            codes.append(code)
        return codes

    def decode(self, codes: list[int]) -> list[int]:
        sound = []
        for code in codes:
            se, sez, y = self._estimate()
            sr = self._go_on(code, se, sez, y)
            if Departure.WIDE in self.departs:
                sound.append(word(between(-0xFFFF, 4 * sr, 0xFFFF)))
            else:
                sound.append(word(4 * sr) if Departure.OUTPUT in self.departs else 4 * between(-8192, sr, 8191))
        return sound

    def _estimate(self) -> tuple[int, int, int]:
        wide = Departure.WIDE in self.departs
        zeros = sum(self._product(b, past) for b, past in zip(self.b, self.dq, strict=True))
        all_of_it = zeros + sum(self._product(a, past) for a, past in zip(self.a, self.sr, strict=True))
        al = 64 if self.ap >= 256 else self.ap >> 2
        slow = self.yl >> 6
        product = (self.yu - slow) * al
        y = slow + (abs(product) >> 6) * (1 if product > 0 else -1)
        if Departure.MIX in self.departs:
            y = self.yl + product >> 6
        return (all_of_it if wide else word(all_of_it)) >> 1, (zeros if wide else word(zeros)) >> 1, y

    def _product(self, coefficient: int, past: Past) -> int:
        magnitude = abs(coefficient >> 2) & 8191
        other = floated(magnitude, negative=coefficient < 0)
        places = past.exponent + other.exponent - 19
        mantissa = past.mantissa * other.mantissa + 48 >> 4
        scaled = mantissa << places if places >= 0 else mantissa >> -places
        scaled = scaled if Departure.WIDE in self.departs else scaled & 32767
        signed = -scaled if past.negative != other.negative else scaled
        return word(signed)

    def _quantized(self, d: int, y: int) -> int:
        magnitude = abs(d) if Departure.WIDE in self.departs else abs(d) & 32767
        exponent = max(magnitude.bit_length() - 1, 0)
        log = (exponent << 7) + ((magnitude << 7 >> exponent) & 127) - (y >> 2)
        levels = list(DECISIONS[self.bits - 2])
        if Departure.DECISIONS in self.departs and self.bits == 5:
            levels[:2] = [-121, -15]
        interval = sum(log >= level for level in levels)
        turned = d < 0 or (interval == 0 and self.bits > 2)
        return interval ^ ((1 << self.bits) - 1) * turned

    def _go_on(self, code: int, se: int, sez: int, y: int) -> int:
        negative = bool(code >> self.bits - 1)
        index = (code ^ -negative) & (1 << self.bits - 1) - 1
        log = LEVELS[self.bits - 2][index] + (y >> 2)
        magnitude = 0 if log < 0 else ((log & 127) + 128 << 7) >> 14 - (log >> 7)
        dq = -magnitude if negative else magnitude
        transit = self.td and magnitude > self._threshold()
        self._scale(y, STEPS[self.bits - 2][index])
        if Departure.DIFFERENCE_14 in self.departs and negative and self.bits < 5:
            dq = -(magnitude & 0x3FFF)
        wide = Departure.WIDE in self.departs
        self._poles(sez + dq if wide else word(sez + dq))
        leak = 9 if self.bits == 5 and Departure.LEAK not in self.departs else 8
        step = 128 if magnitude else 0
        for i, past in enumerate(self.dq):
            self.b[i] = word(self.b[i] - (self.b[i] >> leak) + (-step if past.negative != negative else step))
        tone = self.a[1] < -11776
        self._speed(y, RATES[self.bits - 2][index], tone=tone, transit=transit)
        self.td = tone and not transit
        if transit:
            self.a, self.b = [0, 0], [0] * 6
        sr = word(se + dq)
        self.dq = [floated(magnitude, negative=negative), *self.dq[:5]]
        self.sr = [floated(abs(sr) & (0xFFFF if wide else 0x7FFF), negative=sr < 0), self.sr[0]]
        return sr

    def _threshold(self) -> int:
        exponent = self.yl >> 15
        least = 31 << 10 if exponent > 9 else (32 + (self.yl >> 10 & 31)) << exponent
        return least + (least >> 1) >> 1

    def _scale(self, y: int, step: int) -> None:
        self.yu = between(544, y + (32 * step - y >> 5), 5120)
        self.yl += self.yu + (-self.yl >> 6)

    def _poles(self, partial: int) -> None:
        negative = partial < 0
        a1, a2 = self.a[0] - (self.a[0] >> 8), self.a[1] - (self.a[1] >> 7)
        if partial:
            slope = 4 * between(-8191, self.a[0], 8191)
            a2 += (16384 if negative == self.pk[1] else -16384) + (slope if negative != self.pk[0] else -slope) >> 7
            a1 += 192 if negative == self.pk[0] else -192
        a2 = between(-12288, a2, 12288)
        self.a = [between(a2 - 15360, a1, 15360 - a2), a2]
        self.pk = [negative, self.pk[0]]

    def _speed(self, y: int, rate: int, *, tone: bool, transit: bool) -> None:
        self.dms += (rate << 9) - self.dms >> 5
        self.dml += (rate << 11) - self.dml >> 7
        steady = y >= 1536 and abs(4 * self.dms - self.dml) < self.dml >> 3 and not tone
        self.ap = 256 if transit else self.ap + ((0 if steady else 512) - self.ap >> 4)

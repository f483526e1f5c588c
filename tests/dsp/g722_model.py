# SPDX-License-Identifier: GPL-2.0-only
"""G.722 from its clauses, a word at a time: the judge at overload, where other programs leave the clauses out.

Slow and plain. Names are the recommendation's; every sum is ADD of clause 6 (it saturates), every product keeps the
upper 16 of 31 bits.
"""

from dataclasses import dataclass, field

from dsp.tools.g722_tables import DECISIONS_6, LEVELS_2, LEVELS_4, QMF, STEPS_HIGH, STEPS_LOW, low_64
from tests.sound.alaw import Linear

TAPS = [tap for pair in zip(QMF, reversed(QMF), strict=True) for tap in pair]
"""Table 11: 24 taps, symmetric."""
MIL_NEGATIVE = [63, 62, *range(31, 3, -1)]
MIL_POSITIVE = list(range(61, 31, -1))


def limit(value: int, bits: int = 16) -> int:
    return max(-(1 << bits - 1), min((1 << bits - 1) - 1, value))


def add(*values: int) -> int:
    total = 0
    for value in values:
        total = limit(total + value)
    return total


def mult(a: int, b: int) -> int:
    return a * b >> 15


@dataclass
class Band:
    """Blocks 2 to 4 of one band."""

    least: int
    most: int
    det: int
    nb: int = 0
    s: int = 0
    sz: int = 0
    a: list[int] = field(default_factory=lambda: [0, 0])
    b: list[int] = field(default_factory=lambda: [0] * 6)
    d: list[int] = field(default_factory=lambda: [0] * 7)
    p: list[int] = field(default_factory=lambda: [0, 0])
    r: list[int] = field(default_factory=lambda: [0, 0])

    def adapt(self, dq: int, step: int) -> None:
        self.nb = max(0, min(self.most, mult(self.nb, 32512) + step))
        power = round(2048 * 2 ** ((self.nb >> 6 & 31) / 32))
        places = self.least - (self.nb >> 11)
        self.det = (power >> places if places >= 0 else power << -places) << 2
        p, self.r = add(dq, self.sz), [add(self.s, dq), self.r[0]]
        self._poles(p)
        self._zeros(dq)
        self.sz = 0
        for b, d in zip(reversed(self.b), reversed(self.d[:6]), strict=True):
            self.sz = add(self.sz, mult(add(d, d), b))
        sp = add(*(mult(a, add(r, r)) for a, r in zip(self.a, self.r, strict=True)))
        self.s = add(sp, self.sz)

    def _poles(self, p: int) -> None:
        same = [(p < 0) == (old < 0) for old in self.p]
        wd = limit(self.a[0] << 2)
        wd = (limit(-wd) if same[0] else wd) >> 7
        a2 = max(-12288, min(12288, add(wd, 128 if same[1] else -128, mult(self.a[1], 32512))))
        a1 = add(192 if same[0] else -192, mult(self.a[0], 32640))
        self.a = [max(a2 - 15360, min(15360 - a2, a1)), a2]
        self.p = [p, self.p[0]]

    def _zeros(self, dq: int) -> None:
        for i in range(6):
            step = 0 if dq == 0 else 128 if (dq < 0) == (self.d[i] < 0) else -128
            self.b[i] = add(step, mult(self.b[i], 32640))
        self.d = [dq, *self.d[:6]]


@dataclass
class Coder:
    """Either side: the filter's past and both bands."""

    low: Band = field(default_factory=lambda: Band(8, 18432, 32))
    high: Band = field(default_factory=lambda: Band(10, 22528, 8))
    x: list[int] = field(default_factory=lambda: [0] * 24)

    def encode(self, sound: Linear) -> bytes:
        values = [int(value) for value in sound]
        return bytes(self._octet(*values[at : at + 2]) for at in range(0, len(values), 2))

    def decode(self, octets: bytes) -> list[int]:
        """Of 64 kbit/s codes that an encoder sends."""
        return [sample for octet in octets for sample in self._samples(octet)]

    def _halves(self, older: int, newer: int) -> tuple[int, int]:
        self.x = [newer, older, *self.x[:22]]
        products = [tap * x for tap, x in zip(TAPS, self.x, strict=True)]
        return sum(products[::2]), sum(products[1::2])

    def _octet(self, older: int, newer: int) -> int:
        a, b = self._halves(older, newer)
        el = add(limit(a + b >> 14, 15), -self.low.s)
        eh = add(limit(a - b >> 14, 15), -self.high.s)
        mil = sum((~el if el < 0 else el) >= level * self.low.det >> 12 for level in DECISIONS_6)
        great = (~eh if eh < 0 else eh) >= 564 * self.high.det >> 12
        il = (MIL_NEGATIVE if el < 0 else MIL_POSITIVE)[mil]
        ih = (1 if eh < 0 else 3) - great
        self._adapt(il >> 2, ih)
        return ih << 6 | il

    def _adapt(self, ril: int, ih: int) -> None:
        place = -ril % 8 if ril < 8 else 15 - ril
        sign = -1 if 0 < ril < 8 else 1
        self.low.adapt(mult(self.low.det, 8 * sign * LEVELS_4[place]), STEPS_LOW[place])
        level = (1 if ih > 1 else -1) * LEVELS_2[1 - ih % 2]
        self.high.adapt(mult(self.high.det, 8 * level), STEPS_HIGH[1 - ih % 2])

    def _samples(self, octet: int) -> tuple[int, int]:
        low = limit(add(self.low.s, mult(self.low.det, 8 * low_64()[octet & 63])), 15)
        self._adapt((octet & 63) >> 2, octet >> 6)
        high = limit(self.high.r[0], 15)
        a, b = self._halves(add(low, high), add(low, -high))
        return limit(a >> 11), limit(b >> 11)

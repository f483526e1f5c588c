# SPDX-License-Identifier: GPL-2.0-only
"""A-law by its definition (G.711 §3.1, table 1a), in numpy: the judge does not use the product's own tables.

Linear values are 16-bit, the 13-bit values of the table times 8.
"""

import numpy as np
import numpy.typing as npt

Linear = npt.NDArray[np.int16]

FULL_SCALE = 32256
"""The largest decoded value; a sine of this peak has 3.14 dBm0."""
FULL_SCALE_DBM0 = 3.14
IDLE = 0xD5


def _value(octet: int) -> int:
    bits = octet ^ 0x55  # even bits are inverted on the line
    segment, step = bits >> 4 & 7, bits & 15
    magnitude = 2 * step + 33 << segment - 1 if segment else 2 * step + 1
    return 8 * magnitude if bits & 0x80 else -8 * magnitude


_DECODED = np.array([_value(octet) for octet in range(256)], dtype=np.int16)
_RISING = np.argsort(_DECODED).astype(np.uint8)
_SORTED = _DECODED[_RISING].astype(np.int32)


def decode(octets: bytes) -> Linear:
    """Linear samples of A-law octets."""
    return _DECODED[np.frombuffer(octets, np.uint8)]


def encode(linear: Linear) -> bytes:
    """A-law octets of linear samples: the nearest value; half way between two, the larger magnitude."""
    wide = linear.astype(np.int32)
    magnitude = np.abs(wide) if linear.size else wide
    positive = _SORTED[128:]
    above = np.clip(np.searchsorted(positive, magnitude), 1, 127)
    nearer_below = magnitude - positive[above - 1] < positive[above] - magnitude
    index = np.where(nearer_below, above - 1, above)
    signed = np.where(wide >= 0, 128 + index, 127 - index)
    return _RISING[signed].tobytes()


def ideal_pass(linear: Linear) -> Linear:
    """What one perfect A-law line makes of linear sound."""
    return decode(encode(linear))


def level_dbm0(linear: npt.NDArray[np.int16] | npt.NDArray[np.float64]) -> float:
    """RMS level; −100 for silence."""
    power = float(np.mean(np.square(linear.astype(np.float64)))) if linear.size else 0.0
    reference = FULL_SCALE**2 / 2
    return max(-100.0, 10 * float(np.log10(max(power / reference, 1e-12))) + FULL_SCALE_DBM0)

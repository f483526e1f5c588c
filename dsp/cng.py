# SPDX-License-Identifier: GPL-2.0-only
"""Comfort noise and the silence descriptors it is made from, RFC 3389. See dsp/include/cng.h and sid.h."""

from array import array

from dsp._core import ffi, lib
from dsp.measure import TICK, measures
from dsp.state import Samples, check, new_state, samples

ORDER = int(lib.BL_SID_ORDER)


class ComfortNoise:
    """Descriptors in, noise out."""

    def __init__(self, seed: int = 1) -> None:
        self._memory, self._cng = new_state("cng")
        lib.bl_cng_init(self._cng, seed & 0xFFFFFFFF)

    def set(self, payload: bytes) -> None:
        """Noise as this descriptor has it. Raises: ValueError when it is empty; then the noise stays."""
        check(lib.bl_cng_set(self._cng, payload, len(payload)), "cng: a descriptor has one octet at least")

    def process(self, count: int) -> "array[int]":
        """So many samples. Raises: ValueError for a negative number."""
        if count < 0:
            raise ValueError(f"cng: {count} samples are wanted")
        out = array("h", bytes(2 * count))
        lib.bl_cng_process(self._cng, ffi.from_buffer("int16_t[]", out), count)
        return out


class NoiseListener:
    """Sound of pauses in, descriptors out."""

    def __init__(self) -> None:
        self._memory, self._sid = new_state("sid")
        lib.bl_sid_init(self._sid)

    def process(self, linear: Samples) -> None:
        """Whole ticks of a pause; a rest is not heard."""
        sound, seen = samples(linear), measures(linear)
        for tick in range(len(seen)):
            lib.bl_sid_process(self._sid, seen + tick, sound + TICK * tick)

    def descriptor(self, order: int = ORDER) -> bytes:
        """Level and this many coefficients. Raises: ValueError above ORDER, or when no pause was heard yet."""
        payload = bytearray(1 + max(order, 0))
        room = ffi.from_buffer("uint8_t[]", payload)
        count = lib.bl_sid_write(self._sid, order if order >= 0 else ORDER + 1, room, len(payload))
        check(count, f"cng: order {order} (0 to {ORDER}), or no pause was heard yet")
        return bytes(payload[:count])

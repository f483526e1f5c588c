# SPDX-License-Identifier: GPL-2.0-only
"""Which form of the blocks runs: portable, or vector (AVX2 or NEON). See dsp/include/isa.h."""

import contextlib
import enum
from collections.abc import Iterator

from dsp._core import lib


class Isa(enum.IntEnum):
    """The two forms of a block."""

    PORTABLE = 0
    VECTOR = 1


def isa() -> Isa:
    """What runs now."""
    return Isa(lib.bl_isa())


@contextlib.contextmanager
def at_most(most: Isa) -> Iterator[Isa]:
    """Allow no more than `most` inside the block, in the whole process; yields what runs then."""
    lib.bl_isa_limit(most)
    try:
        yield isa()
    finally:
        lib.bl_isa_limit(Isa.VECTOR)

# SPDX-License-Identifier: GPL-2.0-only
"""Memory of a block's state, for Python's side of the border.

Law: C says how large its state is, Python owns the memory and never looks inside by a layout of its own.
"""

from array import array
from typing import Any, TypeAlias

from dsp._core import ffi, lib

Samples: TypeAlias = "array[int] | memoryview | bytes | bytearray"
"""Linear sound at 8 kHz: 16-bit samples of the machine's order."""


def new_state(struct: str) -> tuple[Any, Any]:
    """Zeroed memory (its owner must be kept) and the pointer to `struct bl_<struct>` in it."""
    size = getattr(lib, f"bl_{struct}_size")()
    memory = ffi.new("uint64_t[]", (size + 7) // 8)
    return memory, ffi.cast(f"struct bl_{struct} *", memory)


def configure(struct: str, **values: float) -> Any:
    """A `struct bl_<struct>_cfg` with these fields.

    Raises: ValueError when a value does not fit its field.
    """
    try:
        return ffi.new(f"struct bl_{struct}_cfg *", values)
    except OverflowError as error:
        raise ValueError(f"{struct}: {error}") from error


def check(code: int, sentence: str) -> int:
    """The code itself if it is no error.

    Raises: ValueError with the sentence.
    """
    if code < 0:
        raise ValueError(sentence)
    return code


def samples(sound: Samples) -> Any:
    """Linear samples as `int16_t[]` without a copy.

    Raises: ValueError when the buffer is not of whole 16-bit samples.
    """
    view = memoryview(sound).cast("B")
    if len(view) % 2:
        raise ValueError(f"linear sound of {len(view)} octets: samples have two each")
    return ffi.from_buffer("int16_t[]", view)

# SPDX-License-Identifier: GPL-2.0-only
"""spandsp's DTMF receiver by ctypes, with its own defaults: the peer of the quality sheet."""

import ctypes

FRAME_OCTETS = 320
"""Of 20 ms, as a caller of the library has them."""
DIGITS = 128


def heard(linear: bytes) -> str:
    """The digits it finds in 16-bit samples at 8 kHz. Raises OSError when libspandsp.so.2 is not installed."""
    library = ctypes.CDLL("libspandsp.so.2")
    library.dtmf_rx_init.restype = ctypes.c_void_p
    receiver = ctypes.c_void_p(library.dtmf_rx_init(None, None, None))
    buffer = ctypes.create_string_buffer(DIGITS + 1)
    digits = []
    for at in range(0, len(linear), FRAME_OCTETS):
        frame = linear[at : at + FRAME_OCTETS]
        library.dtmf_rx(receiver, frame, len(frame) // 2)
        count = int(library.dtmf_rx_get(receiver, buffer, DIGITS))
        digits.append(buffer.raw[:count].decode("ascii"))
    library.dtmf_rx_free(receiver)
    return "".join(digits)

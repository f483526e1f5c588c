# SPDX-License-Identifier: GPL-2.0-only
"""spandsp's caller ID (adsi_tx, adsi_rx) of Debian's libspandsp2: the independent peer of ours. By cffi's ABI mode."""

from collections.abc import Sequence
from enum import IntEnum
from typing import Any

import numpy as np
from cffi import FFI

from tests.dsp.caller_id_sound import Pcm

FRAME = 160
CDEF = """
typedef void (*put_msg_func_t)(void *user_data, const uint8_t *msg, int len);
void *adsi_rx_init(void *s, int standard, put_msg_func_t put_msg, void *user_data);
int adsi_rx(void *s, const int16_t amp[], int len);
int adsi_rx_free(void *s);
void *adsi_tx_init(void *s, int standard);
void adsi_tx_set_preamble(void *s, int preamble_len, int preamble_ones_len, int postamble_ones_len, int stop_bits);
int adsi_tx(void *s, int16_t amp[], int max_len);
int adsi_tx_put_message(void *s, const uint8_t *msg, int len);
int adsi_add_field(void *s, uint8_t *msg, int len, uint8_t field_type, uint8_t const *field_body, int field_len);
int adsi_tx_free(void *s);
"""

_ffi: Any = FFI()
_ffi.cdef(CDEF)
_lib: Any = _ffi.dlopen("libspandsp.so.2")


class Adsi(IntEnum):
    """spandsp's names of the standards."""

    CLASS = 1
    CLIP = 2
    ACLIP = 3
    JCLIP = 4
    CLIP_DTMF = 5


def heard(standard: Adsi, sound: Pcm) -> list[bytes]:
    """Messages that spandsp makes of the sound, as its application gets them."""
    messages: list[bytes] = []

    @_ffi.callback("put_msg_func_t")  # type: ignore[untyped-decorator]  # cffi has no types for it
    def put(_user: Any, message: Any, length: int) -> None:
        messages.append(bytes(_ffi.buffer(message, length)))

    receiver = _lib.adsi_rx_init(_ffi.NULL, standard, put, _ffi.NULL)
    for at in range(0, len(sound), FRAME):
        frame = np.ascontiguousarray(sound[at : at + FRAME])
        _lib.adsi_rx(receiver, _ffi.from_buffer("int16_t[]", frame), len(frame))
    _lib.adsi_rx_free(receiver)
    return messages


def sent(standard: Adsi, kind: int, fields: Sequence[tuple[int, bytes]]) -> tuple[bytes, Pcm]:
    """A message of these fields: its octets as spandsp put them together, and its sound."""
    sender = _lib.adsi_tx_init(_ffi.NULL, standard)
    room = _ffi.new("uint8_t[]", 256)
    length = _lib.adsi_add_field(sender, room, -1, kind, _ffi.NULL, 0)
    for field, body in fields:
        length = _lib.adsi_add_field(sender, room, length, field, body, len(body))
    if _lib.adsi_tx_put_message(sender, room, length) != length and standard is not Adsi.CLIP_DTMF:
        raise ValueError(f"spandsp: refuses {length} octets")
    pieces = [np.zeros(400, np.int16)]
    made = FRAME
    while made == FRAME:
        frame = np.zeros(FRAME, np.int16)
        made = _lib.adsi_tx(sender, _ffi.from_buffer("int16_t[]", frame), FRAME)
        pieces.append(frame)
    _lib.adsi_tx_free(sender)
    return bytes(_ffi.buffer(room, length)), np.concatenate([*pieces, np.zeros(1600, np.int16)])

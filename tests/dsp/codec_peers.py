# SPDX-License-Identifier: GPL-2.0-only
"""G.722 and G.726 by others: spandsp (Debian's libspandsp2) in this process, FFmpeg as a program.

spandsp's states are not freed: a test makes a dozen.
"""

import ctypes
import subprocess
from functools import cache

import numpy as np
import numpy.typing as npt

from tests.sound.alaw import Linear

Octets = npt.NDArray[np.uint8]


@cache
def _spandsp() -> ctypes.CDLL:
    library = ctypes.CDLL("libspandsp.so.2")
    for name in ("g722_encode_init", "g722_decode_init", "g726_init"):
        getattr(library, name).restype = ctypes.c_void_p
    return library


def _run(codec: str, state: int, source: npt.NDArray[np.generic], room: npt.NDArray[np.generic]) -> int:
    function = getattr(_spandsp(), codec)
    pointers = [data.ctypes.data_as(ctypes.c_void_p) for data in (room, source)]
    return int(function(ctypes.c_void_p(state), *pointers, ctypes.c_int(len(source))))


def spandsp_g722_encode(sound: Linear) -> bytes:
    """64 kbit/s."""
    room = np.zeros(len(sound), np.uint8)
    made = _run("g722_encode", _spandsp().g722_encode_init(None, 64000, 0), np.ascontiguousarray(sound), room)
    return room[:made].tobytes()


def spandsp_g722_decode(octets: bytes, bit_rate: int = 64000) -> Linear:
    """Its octets of 56 and 48 kbit/s are right-justified, those of the recommendation are not."""
    codes = np.frombuffer(octets, np.uint8) >> ((64000 - bit_rate) // 8000)
    room = np.zeros(2 * len(codes) + 8, np.int16)
    return room[: _run("g722_decode", _spandsp().g722_decode_init(None, bit_rate, 0), codes, room)]


def spandsp_g726_encode(sound: Linear, bits: int, *, aal2: bool) -> bytes:
    """Linear sound; packing "right" is RFC 3551's, "left" is I.366.2's."""
    room = np.zeros(len(sound) + 8, np.uint8)
    state = _spandsp().g726_init(None, 8000 * bits, 0, 1 if aal2 else 2)
    return room[: _run("g726_encode", state, np.ascontiguousarray(sound), room)].tobytes()


def spandsp_g726_decode(octets: bytes, bits: int, *, aal2: bool) -> Linear:
    """Linear sound."""
    codes = np.frombuffer(octets, np.uint8)
    room = np.zeros(8 * len(codes) // bits + 8, np.int16)
    return room[: _run("g726_decode", _spandsp().g726_init(None, 8000 * bits, 0, 1 if aal2 else 2), codes, room)]


def _ffmpeg(arguments: list[str], fed: bytes) -> bytes:
    command = ["ffmpeg", "-v", "error", "-nostdin", *arguments]
    return subprocess.run(command, input=fed, capture_output=True, check=True, timeout=100).stdout


def ffmpeg_g722_encode(sound: Linear) -> bytes:
    """64 kbit/s."""
    source = ["-f", "s16le", "-ar", "16000", "-ac", "1", "-i", "-"]
    return _ffmpeg([*source, "-c:a", "g722", "-f", "g722", "-"], sound.tobytes())


def ffmpeg_g722_decode(octets: bytes, bit_rate: int = 64000) -> Linear:
    """Left-justified codes, as the recommendation has them."""
    options = ["-bits_per_codeword", str(bit_rate // 8000)]
    return np.frombuffer(_ffmpeg([*options, "-f", "g722", "-i", "-", "-f", "s16le", "-"], octets), np.int16)


def ffmpeg_g726_encode(sound: Linear, bits: int, *, aal2: bool) -> bytes:
    """Its g726 is I.366.2's packing, g726le RFC 3551's."""
    form = "g726" if aal2 else "g726le"
    source = ["-f", "s16le", "-ar", "8000", "-ac", "1", "-i", "-"]
    return _ffmpeg([*source, "-c:a", form, "-b:a", str(8000 * bits), "-f", form, "-"], sound.tobytes())


def ffmpeg_g726_decode(octets: bytes, bits: int, *, aal2: bool) -> Linear:
    """Linear sound."""
    form = "g726" if aal2 else "g726le"
    source = ["-f", form, "-code_size", str(bits), "-sample_rate", "8000", "-i", "-"]
    return np.frombuffer(_ffmpeg([*source, "-f", "s16le", "-"], octets), np.int16)

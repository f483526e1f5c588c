# SPDX-License-Identifier: GPL-2.0-only
"""Opus by libopus. What it does, and what of it outlives a process, is told in dsp/include/opus_codec.h."""

from array import array
from collections.abc import Callable
from dataclasses import asdict, dataclass

from dsp._core import ffi, lib
from dsp.state import Samples, check, configure, new_state, samples

RATES_HZ = (8000, 16000, 48000)
PACKET_MAX = int(lib.BL_OPUS_PACKET_MAX)
SAMPLES_MAX = int(lib.BL_OPUS_SAMPLES_MAX)


@dataclass(frozen=True, slots=True)
class Settings:
    """Of an encoder."""

    rate_hz: int = 16000
    bit_rate: int = 24000
    complexity: int = 5
    loss_percent: int = 0
    fec: bool = False
    dtx: bool = False


class _State:
    """Memory of a state, which may be taken elsewhere."""

    def __init__(self, struct: str) -> None:
        self._struct = struct
        self._memory, self._state = new_state(struct)

    @property
    def memory(self) -> bytes:
        """A copy of the whole state."""
        return bytes(ffi.buffer(self._memory))

    def replace(self, memory: bytes) -> None:
        """Put a copy back, of this process or another. Raises: ValueError for another size."""
        room = ffi.buffer(self._memory)
        if len(room) != len(memory):
            raise ValueError(f"{self._struct}: a state of {len(memory)} octets; it has {len(room)}")
        room[:] = memory

    def resume(self) -> bool:
        """Make a state of another process good; True when it had to be made anew.

        Raises: ValueError when it never was a state.
        """
        return bool(check(getattr(lib, f"bl_{self._struct}_resume")(self._state), f"{self._struct}: not a state"))


class Encoder(_State):
    """Spec: RFC 6716."""

    def __init__(self, settings: Settings) -> None:
        """Raises: ValueError for a setting out of range."""
        super().__init__("opus_enc")
        code = lib.bl_opus_enc_init(self._state, configure("opus_enc", **asdict(settings)))
        check(code, f"opus: {settings} out of range")

    def set(self, settings: Settings) -> None:
        """Other settings from the next frame on. Raises: ValueError for one out of range or another rate."""
        code = lib.bl_opus_enc_set(self._state, configure("opus_enc", **asdict(settings)))
        check(code, f"opus: {settings} out of range, or another rate")

    def process(self, sound: Samples, room: int = PACKET_MAX) -> bytes:
        """The packet of a frame of 10 or 20 ms; empty: nothing is to be sent.

        Raises: ValueError for another length, no room, or a state that wants `resume`.
        """
        source = samples(sound)
        octets = bytearray(room)
        code = lib.bl_opus_enc_process(self._state, source, len(source), ffi.from_buffer("uint8_t[]", octets), room)
        return bytes(octets[: check(code, f"opus: {len(source)} samples, room of {room}: error {-code}")])

    @property
    def delay(self) -> int:
        """Samples by which what is decoded lags behind, the frame not counted."""
        return int(lib.bl_opus_enc_delay(self._state))


class Decoder(_State):
    """Spec: RFC 6716."""

    def __init__(self, rate_hz: int = 16000) -> None:
        """Raises: ValueError for another rate."""
        super().__init__("opus_dec")
        code = lib.bl_opus_dec_init(self._state, configure("opus_dec", rate_hz=rate_hz))
        check(code, f"opus: {rate_hz} Hz; {RATES_HZ} are possible")

    def process(self, packet: bytes) -> "array[int]":
        """Sound of a packet. Raises: ValueError for one that is none."""
        return self._made(packet, SAMPLES_MAX, lib.bl_opus_dec_process)

    def lost(self, n: int) -> "array[int]":
        """So many samples in place of a lost packet. Raises: ValueError for no multiple of 2.5 ms up to 120 ms."""
        return self._made(None, n, lib.bl_opus_dec_process)

    def restored(self, packet: bytes, n: int) -> "array[int]":
        """So many samples, 10 or 20 ms, of the packet before this one, which was lost. Raises: ValueError."""
        return self._made(packet, n, lib.bl_opus_dec_fec)

    def _made(self, packet: bytes | None, n: int, decode: Callable[..., int]) -> "array[int]":
        sound = array("h", bytes(2 * n))
        source = ffi.NULL if packet is None else ffi.from_buffer("uint8_t[]", packet)
        octets = 0 if packet is None else len(packet)
        code = decode(self._state, source, octets, ffi.from_buffer("int16_t[]", sound), n)
        return sound[: check(code, f"opus: packet of {octets} octets for {n} samples: error {-code}")]


def packet_samples(packet: bytes, rate_hz: int) -> int:
    """Samples of a packet at a rate. Raises: ValueError for one that is none."""
    code = lib.bl_opus_samples(ffi.from_buffer("uint8_t[]", packet), len(packet), rate_hz)
    return check(code, f"opus: no packet of {len(packet)} octets at {rate_hz} Hz")

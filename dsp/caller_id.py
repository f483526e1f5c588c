# SPDX-License-Identifier: GPL-2.0-only
"""Caller ID by FSK and DTMF, both ways. Spec: GR-30, EN 300 659-1 and -3, NTT; see dsp/include/caller_id*.h.

Law: a message is delivered whole and sure, or an error in its place.
"""

import errno
from array import array
from enum import IntEnum
from typing import Any

import msgspec

from dsp._core import ffi, lib
from dsp.fsk import HOP, FskBusyError
from dsp.state import Samples, check, configure, new_state, samples

NUMBER_MAX: int = lib.BL_CALLER_ID_NUMBER
NAME_MAX: int = lib.BL_CALLER_ID_NAME


class Standard(IntEnum):
    """Modem and framing of a line's caller ID by FSK."""

    BELL202 = 0
    V23 = 1
    V23_JP = 2


class DtmfForm(IntEnum):
    """How digits are put, caller_id_dtmf.h."""

    A_C = 0
    D_C = 1
    A_HASH = 2
    HASH = 3


class Kind(IntEnum):
    """What a message is about."""

    CALL = 0
    WAITING = 1
    OTHER = 2


class Fault(IntEnum):
    """Why a message was refused."""

    NONE = 0
    CHECKSUM = 1
    FRAMING = 2
    TRUNCATED = 3
    FORMAT = 4
    UNSURE = 5
    PARITY = 6


class NttEvent(IntEnum):
    """What NTT's answer sequence goes by, caller_id_ntt.h."""

    POLARITY_REVERSED = 0
    POLARITY_RESTORED = 1
    RING_ON = 2
    RING_OFF = 3
    MESSAGE = 4
    TIME = 5
    CLEARED = 6


class NttAction(IntEnum):
    """What the line is to do."""

    NOTHING = 0
    TAKE_LINE = 1
    GIVE_BACK = 2
    RING = 3


class Message(msgspec.Struct, frozen=True):
    """What a caller ID says; fields as in caller_id_message.h, month 0 and empty texts: not told."""

    number: str = ""
    name: str = ""
    number_absent: str = ""
    name_absent: str = ""
    redirecting: str = ""
    called: str = ""
    month: int = 0
    day: int = 0
    hour: int = 0
    minute: int = 0
    call_type: int = 0
    category: str = ""
    waiting: bool = False
    kind: Kind = Kind.CALL


class Result(msgspec.Struct, frozen=True):
    """One message, or why there is none; `raw` as heard, checksum included."""

    fault: Fault
    message: Message
    raw: bytes
    at_sample: int
    weak_bits: int
    level_dbm0: float


_TEXTS = {"number": NUMBER_MAX, "redirecting": NUMBER_MAX, "called": NUMBER_MAX, "name": NAME_MAX}
_LETTERS = ("number_absent", "name_absent", "category")
_NUMBERS = ("kind", "month", "day", "hour", "minute", "call_type", "waiting")


def _to_c(message: Message) -> Any:
    values: dict[str, Any] = {name: int(getattr(message, name)) for name in _NUMBERS}
    for name, most in _TEXTS.items():
        values[name] = getattr(message, name).encode("latin-1", "replace")
        if len(values[name]) > most:
            raise ValueError(f"caller ID: {name} of {len(values[name])} characters, {most} are possible")
    values |= {name: (getattr(message, name) or "\0").encode("latin-1", "replace") for name in _LETTERS}
    try:
        return ffi.new("struct bl_caller_id_message *", values)
    except (OverflowError, TypeError) as error:
        raise ValueError(f"caller ID: {error}") from error


def _from_c(message: Any) -> Message:
    texts = {name: ffi.string(getattr(message, name)).decode("latin-1") for name in _TEXTS}
    letters = {name: getattr(message, name).rstrip(b"\0").decode("latin-1") for name in _LETTERS}
    numbers: dict[str, Any] = {name: int(getattr(message, name)) for name in _NUMBERS[1:-1]}
    return Message(**texts, **letters, **numbers, kind=Kind(message.kind), waiting=bool(message.waiting))


def _result(result: Any) -> Result:
    raw = bytes(ffi.buffer(result.raw, result.raw_length))
    message = _from_c(result.message)
    return Result(Fault(result.error), message, raw, result.at_sample, result.weak_bits, result.level_dbm0)


def encode(message: Message, standard: Standard, *, single: bool = False) -> bytes:
    """A message's octets, type to checksum (NTT: first DLE to CRC). Raises: ValueError when it cannot be."""
    room = ffi.new("uint8_t[]", int(lib.BL_CALLER_ID_RAW))
    code = lib.bl_caller_id_encode(_to_c(message), standard, single, room, len(room))
    return bytes(ffi.buffer(room, check(code, f"caller ID: {standard.name} cannot say {message}")))


def decode(octets: bytes, standard: Standard) -> Message:
    """What such octets say; their checksum is not looked at. Raises: ValueError when they cannot be."""
    message = ffi.new("struct bl_caller_id_message *")
    code = lib.bl_caller_id_decode(octets, len(octets), standard, message)
    check(code, f"caller ID: {len(octets)} octets that are no message of {standard.name}")
    return _from_c(message)


class CallerIdReceiver:
    """Linear sound in, messages out."""

    def __init__(self, standard: Standard, *, min_level_dbm0: float = -40.0) -> None:
        """Raises: ValueError on a level below -48 or above 0 dBm0."""
        self._memory, self._receiver = new_state("caller_id")
        cfg = configure("caller_id", standard=standard, min_level_dbm0=min_level_dbm0)
        check(lib.bl_caller_id_init(self._receiver, cfg), f"caller ID: least level {min_level_dbm0} dBm0, -48 to 0")

    def process(self, sound: Samples) -> list[Result]:
        """Take any number of samples, tick by tick."""
        taken = samples(sound)
        result = ffi.new("struct bl_caller_id_result *")
        results = []
        for at in range(0, len(taken), HOP):
            n = min(HOP, len(taken) - at)
            if lib.bl_caller_id_process(self._receiver, taken + at, n, result):
                results.append(_result(result))
        return results

    def reset(self) -> None:
        """Hear from the beginning."""
        lib.bl_caller_id_reset(self._receiver)


class CallerIdSender:
    """Messages in, linear sound out."""

    def __init__(
        self, standard: Standard, *, single: bool = False, off_hook: bool = False, level_dbm0: float = -13.5
    ) -> None:
        """Raises: ValueError for a setting that caller_id.h does not allow."""
        self._memory, self._sender = new_state("caller_id_tx")
        cfg = configure("caller_id_tx", standard=standard, single=single, off_hook=off_hook, level_dbm0=level_dbm0)
        check(lib.bl_caller_id_tx_init(self._sender, cfg), f"caller ID: {standard.name} at {level_dbm0} dBm0")

    def send(self, message: Message) -> None:
        """Begin a message. Raises: ValueError when it cannot be said; FskBusyError."""
        code = lib.bl_caller_id_tx_send(self._sender, _to_c(message))
        if code == -errno.EBUSY:
            raise FskBusyError("caller ID: a message is being sent")
        check(code, f"caller ID: cannot say {message}")

    def process(self, n: int) -> "tuple[array[int], int]":
        """The next n samples, and how many of them belong to a message."""
        sound = array("h", bytes(2 * n))
        busy = lib.bl_caller_id_tx_process(self._sender, ffi.from_buffer("int16_t[]", sound), n)
        return sound, int(busy)

    def reset(self) -> None:
        """Stop at once."""
        lib.bl_caller_id_tx_reset(self._sender)


class DtmfCallerIdReceiver:
    """Digits in, messages out."""

    def __init__(self, *, category: bool = False) -> None:
        self._memory, self._receiver = new_state("caller_id_dtmf")
        check(lib.bl_caller_id_dtmf_init(self._receiver, configure("caller_id_dtmf", category=category)), "caller ID")
        self._room = ffi.new("struct bl_caller_id_result *")

    def digit(self, digit: str, at_sample: int) -> Result | None:
        """A digit has begun. Raises: ValueError when it is none."""
        code = lib.bl_caller_id_dtmf_digit(self._receiver, digit.encode(), at_sample, self._room)
        return _result(self._room) if check(code, f"caller ID: {digit!r} is no digit") else None

    def time(self, now: int) -> Result | None:
        """The time, in samples; an error when the digits' end is overdue."""
        return _result(self._room) if lib.bl_caller_id_dtmf_time(self._receiver, now, self._room) else None

    def reset(self) -> None:
        """Hear from the beginning."""
        lib.bl_caller_id_dtmf_reset(self._receiver)


class NttAnswer:
    """NTT's answer sequence."""

    def __init__(self) -> None:
        self._memory, self._answer = new_state("caller_id_ntt")
        lib.bl_caller_id_ntt_init(self._answer)

    def step(self, event: NttEvent, at_sample: int) -> NttAction:
        """What to do upon an event; a time event comes once a tick."""
        return NttAction(lib.bl_caller_id_ntt_step(self._answer, event, at_sample))


def dtmf_digits(message: Message, form: DtmfForm) -> str:
    """A call's digits, for a DTMF sender. Raises: ValueError when this form cannot say it."""
    room = ffi.new("char[]", int(lib.BL_CALLER_ID_DTMF_MOST) + 1)
    code = lib.bl_caller_id_dtmf_encode(_to_c(message), form, room, len(room))
    check(code, f"caller ID: {form.name} cannot say {message}")
    return bytes(ffi.string(room)).decode()

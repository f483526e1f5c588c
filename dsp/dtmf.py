# SPDX-License-Identifier: GPL-2.0-only
"""DTMF receiver and sender. Spec: Q.23, Q.24; see dsp/include/dtmf.h for limits and delays."""

from array import array
from collections.abc import Sequence
from typing import Any, Self

import msgspec

from dsp._core import ffi, lib
from dsp.state import Samples, check, configure, new_state, samples

HOP: int = lib.BL_DTMF_HOP
"""Samples between two decisions."""
TX_QUEUE: int = lib.BL_DTMF_TX_QUEUE
"""Digits that may wait to be sent."""


class DtmfQueueFullError(Exception):
    """The sender has no room for these digits yet."""


class DtmfEvent(msgspec.Struct, frozen=True):
    """A digit has begun (on) or ended; at_sample and duration_samples at 8 kHz."""

    digit: str
    on: bool
    at_sample: int
    duration_samples: int
    level_dbm0: float


SETTINGS = ("min_level_dbm0", "max_high_twist_db", "max_low_twist_db", "min_on_ms", "min_pause_ms", "max_off_percent")
STANDARD = "AT&T"
"""The administration whose limits a receiver has by itself."""
NON_OPERATE = -45.0, -29.0
"""Levels that may be set: the receiver's weakest, and NTT's; Australia wants tones heard that are 2 dB louder."""
_EDGE_DB = 0.5  # from a level that is never heard to the setting; as far above it each is


def limits(administration: str, non_operate_dbm0: float | None = None) -> dict[str, float]:
    """Settings that a column of Q.24 asks for: AT&T, NTT, Denmark, Australia, Brazil.

    `non_operate_dbm0`: tones of this level, each, are not heard, those 1 dB louder are; None: as the column has it.

    Raises: ValueError on another name or a level out of range.
    """
    column = lib.bl_dtmf_column(administration.encode())
    if column == ffi.NULL:
        raise ValueError(f"dtmf: Q.24 has no column {administration}")
    settings = {setting: getattr(column, setting) for setting in SETTINGS}
    if non_operate_dbm0 is not None:
        if not NON_OPERATE[0] <= non_operate_dbm0 <= NON_OPERATE[1]:
            raise ValueError(f"dtmf: non_operate_dbm0={non_operate_dbm0}: {NON_OPERATE[0]:g} to {NON_OPERATE[1]:g}")
        settings["min_level_dbm0"] = non_operate_dbm0 + _EDGE_DB
    return settings


def _event(event: Any) -> DtmfEvent:
    return DtmfEvent(event.digit.decode(), bool(event.on), event.at_sample, event.duration_samples, event.level_dbm0)


class DtmfReceiver:
    """Linear sound in, digits out."""

    def __init__(
        self,
        *,
        min_level_dbm0: float = -42.0,
        max_high_twist_db: float = 4.0,
        max_low_twist_db: float = 8.0,
        min_on_ms: int = 40,
        min_pause_ms: int = 30,
        max_off_percent: float = 2.5,
    ) -> None:
        """Raises: ValueError on a setting out of its range (dtmf.h)."""
        self._memory, self._dtmf = new_state("dtmf")
        cfg = configure(
            "dtmf",
            min_level_dbm0=min_level_dbm0,
            max_high_twist_db=max_high_twist_db,
            max_low_twist_db=max_low_twist_db,
            min_on_ms=min_on_ms,
            min_pause_ms=min_pause_ms,
            max_off_percent=max_off_percent,
        )
        check(lib.bl_dtmf_init(self._dtmf, cfg), "dtmf: a setting is out of its range, see dsp/include/dtmf.h")

    @classmethod
    def of(cls, administration: str, non_operate_dbm0: float | None = None) -> Self:
        """Set as `limits` has it. Raises: ValueError as it does."""
        return cls(**limits(administration, non_operate_dbm0))  # type: ignore[arg-type]  # milliseconds are whole

    def process(self, linear: Samples) -> list[DtmfEvent]:
        """Events of these samples, oldest first; any number of samples."""
        sound = samples(linear)
        events = ffi.new("struct bl_dtmf_event[]", 2 * (len(sound) // HOP + 1))
        count = lib.bl_dtmf_process(self._dtmf, sound, len(sound), events, len(events))
        return [_event(event) for event in events[0:count]]

    @property
    def early(self) -> str | None:
        """The digit that is likely beginning, not yet told and not yet refuted."""
        digit = lib.bl_dtmf_early(self._dtmf)
        return None if digit == b"\0" else digit.decode()

    def reset(self) -> None:
        """Start again at sample 0 with silence behind it."""
        lib.bl_dtmf_reset(self._dtmf)

    @staticmethod
    def process_many(receivers: "Sequence[DtmfReceiver]", linear: Sequence[Samples]) -> list[list[DtmfEvent]]:
        """One hop of sound for each receiver; the events of each. Raises: ValueError when a piece is no hop."""
        sounds = [samples(piece) for piece in linear]
        if len(sounds) != len(receivers) or any(len(sound) != HOP for sound in sounds):
            raise ValueError(f"dtmf: {HOP} samples for each of {len(receivers)} receivers")
        states = ffi.new("struct bl_dtmf *[]", [receiver._dtmf for receiver in receivers])  # noqa: SLF001  # ours
        events = ffi.new("struct bl_dtmf_event[]", 4 * len(receivers))
        inputs = ffi.new("const int16_t *[]", sounds)
        count = lib.bl_dtmf_process_many(states, inputs, len(receivers), events, len(events))
        heard: list[list[DtmfEvent]] = [[] for _ in receivers]
        for event in events[0:count]:
            heard[event.channel].append(_event(event))
        return heard


class DtmfSender:
    """Digits in, linear sound out."""

    def __init__(
        self, *, low_level_dbm0: float = -9.0, high_level_dbm0: float = -7.0, on_ms: int = 80, off_ms: int = 80
    ) -> None:
        """Raises: ValueError on a setting out of its range (dtmf.h)."""
        self._memory, self._tx = new_state("dtmf_tx")
        cfg = configure(
            "dtmf_tx", low_level_dbm0=low_level_dbm0, high_level_dbm0=high_level_dbm0, on_ms=on_ms, off_ms=off_ms
        )
        check(lib.bl_dtmf_tx_init(self._tx, cfg), "dtmf: a setting is out of its range, see dsp/include/dtmf.h")

    def send(self, digits: str) -> None:
        """Queue digits 0-9 A-D * #, all or none.

        Raises: ValueError on another character; DtmfQueueFullError.
        """
        if not set(digits) <= set("0123456789ABCDabcd*#"):
            raise ValueError("dtmf: a digit is one of 0-9 A-D * #")
        octets = digits.encode("ascii")
        if lib.bl_dtmf_tx_send(self._tx, octets, len(octets)) < 0:
            raise DtmfQueueFullError(f"dtmf: no room for {len(digits)} digits")

    def process(self, n: int) -> tuple["array[int]", int]:
        """The next n samples (silence where nothing is sent), and how many of them belong to digits and pauses."""
        sound = array("h", bytes(2 * n))
        busy = lib.bl_dtmf_tx_process(self._tx, ffi.from_buffer("int16_t[]", sound), n)
        return sound, int(busy)

    def reset(self) -> None:
        """Forget all digits at once."""
        lib.bl_dtmf_tx_reset(self._tx)

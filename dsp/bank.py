# SPDX-License-Identifier: GPL-2.0-only
"""The tone receivers beside DTMF. What they do is told in dsp/include/bank.h and the headers it names."""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any

import msgspec

from dsp._core import ffi, lib
from dsp.state import Samples, check, configure, new_state, samples

TICK: int = lib.BL_BANK_TICK
EVENTS: int = lib.BL_BANK_EVENTS


class Kind(IntEnum):
    """What a receiver listens for."""

    MF = 0
    R2_FORWARD = 1
    R2_BACKWARD = 2
    PROGRESS = 3
    ANSWER = 4
    PREAMBLE = 5


class AnswerTone(IntEnum):
    """Codes of Kind.ANSWER; PR: with phase reversals, AM: amplitude-modulated."""

    CNG = 1
    ANS = 2
    ANS_PR = 3
    ANSAM = 4
    ANSAM_PR = 5


class Heard(msgspec.Struct, frozen=True):
    """Something has begun (on) or ended; at_sample and duration_samples at 8 kHz.

    `code` by its kind: the character of an MF signal, the number of an R2 signal, dsp.tone.Kind of a call progress
    tone, AnswerTone, 1 for the preamble.
    """

    kind: Kind
    code: int
    on: bool
    at_sample: int
    duration_samples: int
    level_dbm0: float
    channel: int = 0


def _heard(event: Any) -> Heard:
    return Heard(
        Kind(event.kind),
        event.code,
        bool(event.on),
        event.at_sample,
        event.duration_samples,
        event.level_dbm0,
        event.channel,
    )


class Bank:
    """The receivers of one channel: linear sound in, events out."""

    def __init__(
        self,
        wants: Iterable[Kind],
        *,
        zone: str | None = None,
        mf_min_dbm0: float = -30.0,
        r2_min_dbm0: float = -38.0,
        progress_min_dbm0: float = -40.0,
        answer_min_dbm0: float = -38.0,
    ) -> None:
        """Call progress needs a zone. Raises: ValueError on a setting out of its range (bank.h)."""
        self._memory, self._bank = new_state("bank")
        cfg = configure(
            "bank",
            wants=sum(1 << kind for kind in set(wants)),
            zone=-1 if zone is None else check(lib.bl_tone_zone(zone.encode()), f"bank: no zone {zone!r}"),
            mf_min_dbm0=mf_min_dbm0,
            r2_min_dbm0=r2_min_dbm0,
            progress_min_dbm0=progress_min_dbm0,
            answer_min_dbm0=answer_min_dbm0,
        )
        check(lib.bl_bank_init(self._bank, cfg), "bank: a setting is out of its range, see dsp/include/bank.h")

    def process(self, linear: Samples) -> list[Heard]:
        """Events of these samples, oldest first; any number of samples."""
        sound = samples(linear)
        events = ffi.new("struct bl_heard[]", EVENTS * (len(sound) // TICK + 1))
        count = lib.bl_bank_process(self._bank, sound, len(sound), events, len(events))
        return [_heard(event) for event in events[0:count]]

    def reset(self) -> None:
        """Start again at sample 0 with silence behind it."""
        lib.bl_bank_reset(self._bank)


def process_many(banks: Sequence[Bank], tick: "Sequence[Samples | None]") -> list[Heard]:
    """One tick of every channel; None is silence. Raises: ValueError unless a tick of 40 samples comes for each."""
    sounds = [ffi.NULL if sound is None else samples(sound) for sound in tick]
    if len(banks) != len(tick) or any(sound and len(sound) != TICK for sound in sounds):
        raise ValueError(f"bank: a tick of {TICK} samples for each of {len(banks)} channels")
    events = ffi.new("struct bl_heard[]", EVENTS * len(banks) + 1)
    states = ffi.new("struct bl_bank *[]", [bank._bank for bank in banks])  # noqa: SLF001 - the class of this file
    count = lib.bl_bank_process_many(states, ffi.new("const int16_t *[]", sounds), len(banks), events, len(events))
    return [_heard(event) for event in events[0:count]]

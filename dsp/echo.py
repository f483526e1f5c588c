# SPDX-License-Identifier: GPL-2.0-only
"""Line echo canceller. Spec: G.168; see dsp/include/echo.h for what it does and its limits."""

import enum
from array import array
from collections.abc import Sequence

import msgspec

from dsp._core import ffi, lib
from dsp.state import Samples, check, configure, new_state, samples

BLOCK = int(lib.BL_ECHO_BLOCK)
"""Samples of a tick; sound comes in whole ticks."""


class EchoMode(enum.IntEnum):
    """What a canceller does."""

    OFF = 0
    NLP_OFF = 1
    ON = 2


class EchoReport(msgspec.Struct, frozen=True):
    """For the report of a leg; see struct bl_echo_report."""

    erl_db: float
    erle_db: float
    noise_dbm0: float
    adapted: bool
    double_talk: bool
    nlp_active: bool
    disabled: bool


class EchoCanceller:
    """One channel: the far end's sound as sent to the line, the near sound as it came back, the near sound cleaned."""

    def __init__(
        self,
        tail_ms: int = 64,
        *,
        mode: EchoMode = EchoMode.ON,
        comfort_noise: bool = True,
        disabler: bool = True,
    ) -> None:
        """Raises: ValueError on a tail out of its range (echo.h)."""
        self._memory, self.state = new_state("echo")
        cfg = configure("echo", tail_ms=tail_ms, mode=mode, comfort_noise=comfort_noise, disabler=disabler)
        low, high = lib.BL_ECHO_TAIL_MS_MIN, lib.BL_ECHO_TAIL_MS_MAX
        check(lib.bl_echo_init(self.state, cfg), f"echo: a tail of {tail_ms} ms, {low} to {high} are possible")

    def process(self, far: Samples, near: Samples) -> "array[int]":
        """Near without the echo of far. Raises: ValueError when they are not of one length, or not of whole ticks."""
        (out,) = process_many([self], [far], [near])
        return out

    def set_mode(self, mode: EchoMode) -> None:
        """From the next tick on; what was learned is kept."""
        lib.bl_echo_set_mode(self.state, mode)

    def reset(self) -> None:
        """Forget the path: for the next call."""
        lib.bl_echo_reset(self.state)

    def read(self) -> EchoReport:
        """What it knows of the line now."""
        report = ffi.new("struct bl_echo_report *")
        lib.bl_echo_read(self.state, report)
        return EchoReport(
            erl_db=report.erl_db,
            erle_db=report.erle_db,
            noise_dbm0=report.noise_dbm0,
            adapted=bool(report.adapted),
            double_talk=bool(report.double_talk),
            nlp_active=bool(report.nlp_active),
            disabled=bool(report.disabled),
        )


def process_many(
    cancellers: Sequence[EchoCanceller], far: Sequence[Samples], near: Sequence[Samples]
) -> list["array[int]"]:
    """One piece of many channels at once, as the engine does. Raises: ValueError as `process`."""
    fars, nears = [samples(piece) for piece in far], [samples(piece) for piece in near]
    lengths = {len(piece) for piece in (*fars, *nears)}
    if len(lengths) != 1 or not len(cancellers) == len(fars) == len(nears):
        raise ValueError(f"echo: {len(cancellers)} channels with pieces of {sorted(lengths)} samples")
    (n,) = lengths
    outs = [array("h", bytes(2 * n)) for _ in cancellers]
    check(
        lib.bl_echo_process_many(
            [canceller.state for canceller in cancellers],
            fars,
            nears,
            [ffi.from_buffer("int16_t[]", out) for out in outs],
            len(outs),
            n,
        ),
        f"echo: {n} samples: whole ticks of {BLOCK}",
    )
    return outs

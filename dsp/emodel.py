# SPDX-License-Identifier: GPL-2.0-only
"""The E-model, and a leg's quality from what its packets did. Law and figures: dsp/include/emodel.h."""

import msgspec

from dsp._core import ffi, lib
from dsp.state import check

CODECS = ("G.711", "G.711 PLC", "G.722", "G.726-32", "G.729A", "G.726-16", "G.726-24", "G.726-40", "Opus")


class Rating(msgspec.Struct, frozen=True):
    """R and what it is made of."""

    ro: float
    simultaneous: float
    delay: float
    ie_eff: float
    r: float


class LegQuality(msgspec.Struct, frozen=True):
    """Conversational and listening quality of a leg."""

    r: float
    r_lq: float
    mos_cq: float
    mos_lq: float
    ie_eff: float


class LossFigures(msgspec.Struct, frozen=True):
    """Percent and packets, RFC 3611 §4.7.2; the burst ratio of G.107."""

    loss_percent: float
    discard_percent: float
    burst_percent: float
    gap_percent: float
    burst_packets: float
    gap_packets: float
    burst_r: float


def rate(**changes: float) -> Rating:
    """R of G.107 with these values instead of the defaults, by the names of its table 2 in small letters.

    Raises: AttributeError for a name that is none.
    """
    model, parts = ffi.new("struct bl_emodel *"), ffi.new("struct bl_emodel_parts *")
    lib.bl_emodel_init(model)
    for name, value in changes.items():
        setattr(model, name, value)
    lib.bl_emodel_r(model, parts)
    return Rating(parts.ro, getattr(parts, "is"), parts.id, parts.ie_eff, parts.r)


def mos(r: float) -> float:
    """MOS of an R, G.107 annex B."""
    return float(lib.bl_emodel_mos(r))


def leg_quality(
    codec: str,
    *,
    wideband: bool = False,
    loss_percent: float = 0.0,
    burst_r: float = 1.0,
    delay_ms: float = 0.0,
    echo_loss_db: float = 65.0,
) -> LegQuality:
    """Quality of a leg. Raises: ValueError on a codec that is unknown or a figure that is none."""
    values = (CODECS.index(codec), wideband, loss_percent, burst_r, delay_ms, echo_loss_db)
    quality = ffi.new("struct bl_leg_quality *")
    check(lib.bl_leg_quality(ffi.new("struct bl_leg *", values), quality), f"emodel: {codec} with {values[1:]}")
    return LegQuality(quality.r, quality.r_lq, quality.mos_cq, quality.mos_lq, quality.ie_eff)


class Losses:
    """Counts what is missing, packet by packet; they may come in another order than they were sent."""

    def __init__(self) -> None:
        self._state = ffi.new("struct bl_loss *")
        lib.bl_loss_init(self._state)

    def take(self, sequence: int, *, discarded: bool = False) -> None:
        """A packet that came, perhaps too late."""
        lib.bl_loss_take(self._state, sequence & 0xFFFF, discarded)

    @property
    def figures(self) -> LossFigures:
        """Of all packets so far."""
        f = ffi.new("struct bl_loss_figures *")
        lib.bl_loss_read(self._state, f)
        return LossFigures(
            f.loss_percent, f.discard_percent, f.burst_percent, f.gap_percent, f.burst_packets, f.gap_packets, f.burst_r
        )

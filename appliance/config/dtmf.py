# SPDX-License-Identifier: GPL-2.0-only
"""How a trunk's DTMF is heard: by what its administration asks of a receiver (Q.24 annex A)."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Administration = Literal["AT&T", "NTT", "Denmark", "Australia", "Brazil"]
"""Columns of Q.24 table A-1, as dsp/tables/dtmf_columns.toml names them."""


class Dtmf(msgspec.Struct, frozen=True):
    """Limits of the receiver: levels, twist, lengths and frequencies are the administration's."""

    administration: Administration = "AT&T"
    """The default hears the weakest tones of all, so a number from far away comes whole."""
    non_operate_dbm0: Annotated[float, Meta(ge=-45, le=-29)] | None = None
    """Tones of this level, each, and softer ones are not heard; those 1 dB louder are. None: as the administration has
    it. The range ends at NTT's own, 2 dB below what Australia wants heard."""

# SPDX-License-Identifier: GPL-2.0-only
"""What timeslots show of which the line worker is dead; the supervisor asks too, and need know no circuit for that."""

from appliance.config.branch import Span
from appliance.signalling.cas.variant import Start, load
from appliance.signalling.r2.variant import load as r2_load
from drivers.model import Cas

# R2 blocked, a trunk or a station on-hook, a station's exchange no battery.
RESTING = {Start.WINK: "idle", Start.IMMEDIATE: "idle", Start.RING: "clear", Start.STATION: "on_hook"}


def bits(span: Span) -> Cas | None:
    """Bits of a configured span, such that nobody is called through a dead line worker; None: ISDN has none."""
    if span.variant is None:
        return None
    if span.signalling == "r2":
        rests = r2_load(span.variant.upper()).bits
        return Cas(int(rests.blocked + rests.cd, 2))
    spoken = load(span.variant)
    return Cas(int(spoken.bits[RESTING[spoken.start]], 2))

# SPDX-License-Identifier: GPL-2.0-only
"""A second of a span in the terms of G.826: blocks, errored blocks, defects.

A block is a packet of a span over UDP, and what a CRC covers of a framer's: an E1's CRC-4 submultiframe, an ESF T1's
multiframe (G.704: 1 ms, 3 ms). Defects are LOS, LFA and AIS; over UDP a loss of synchronisation within the second
besides (RFC 5086's LOPS). A controlled slip makes a second errored, as RFC 4805 has it. The far end is heard by RAI
and, of a framer, by the E bits; while we have a defect ourselves nothing is known of it.
"""

import msgspec

from appliance.line.performance.look import Look
from drivers.model import Alarm

SEVERE_PERCENT = 30
DEFECTS = Alarm.LOS | Alarm.LFA | Alarm.AIS
FROM_THE_WIRE = ("received", "lost", "malformed", "stray")


class Second(msgspec.Struct, frozen=True):
    """One direction's."""

    blocks: int = 0
    errored_blocks: int = 0
    defect: bool = False
    slips: int = 0

    @property
    def errored(self) -> bool:
        """An ES."""
        return self.defect or self.errored_blocks > 0 or self.slips > 0

    @property
    def severe(self) -> bool:
        """An SES: 30 % of the blocks, or a defect."""
        return self.defect or (self.blocks > 0 and 100 * self.errored_blocks >= SEVERE_PERCENT * self.blocks)


def grown(before: msgspec.Struct, now: msgspec.Struct) -> dict[str, int]:
    """How far counters have come. Where one is less than it was, all have begun anew."""
    old, new = msgspec.structs.asdict(before), msgspec.structs.asdict(now)
    if any(new[name] < old[name] for name in new):
        return new
    return {name: new[name] - old[name] for name in new}


def near(before: Look, now: Look) -> Second | None:
    """What we received between two looks, a second apart; None if nobody took it from the wire."""
    defect = bool(now.span.alarms & DEFECTS)
    if before.errors is not None and now.errors is not None:
        came = grown(before.errors, now.errors)
        errored = min(max(came["crc_errors"], came["framing_errors"]), now.blocks)
        slips = came["slips"] + grown(before.span.counters, now.span.counters)["slips"]
        return Second(now.blocks, errored, defect, slips)
    came = grown(before.span.counters, now.span.counters)
    if not defect and not any(came[name] for name in FROM_THE_WIRE):
        return None
    blocks = came["received"] + came["lost"]
    return Second(blocks, came["lost"], defect or came["resyncs"] > 0, came["slips"])


def far(before: Look, now: Look) -> Second | None:
    """What the far end says of us; None while it cannot be heard."""
    if now.span.alarms & DEFECTS or near(before, now) is None:
        return None
    defect = Alarm.RAI in now.span.alarms
    if before.errors is not None and now.errors is not None:
        came = grown(before.errors, now.errors)
        return Second(now.blocks, min(came["far_end_block_errors"], now.blocks), defect)
    return Second(defect=defect)

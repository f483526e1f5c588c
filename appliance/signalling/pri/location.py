# SPDX-License-Identifier: GPL-2.0-only
"""The location of a cause (Q.850 §2.2.3), in octet 3 of the element; libpri neither tells it nor lets it be said."""

from collections.abc import Mapping

from appliance.signalling.pri import guard
from appliance.wire.legs import Location

LOCATIONS = {
    0: Location.USER,
    1: Location.LOCAL_PRIVATE,
    2: Location.LOCAL_PUBLIC,
    3: Location.TRANSIT,
    4: Location.REMOTE_PUBLIC,
    5: Location.REMOTE_PRIVATE,
    7: Location.INTERNATIONAL,
    10: Location.BEYOND,
}
CODES = {location: code for code, location in LOCATIONS.items()}
CallReference = tuple[int, bool]
"""Without its flag, and whether we began the call."""


def heard(frame: bytes) -> Location | None:
    """Of the cause in an admitted frame that clears; None where there is none, or a reserved one."""
    at = guard.cause_at(frame)
    return None if at is None else LOCATIONS.get(frame[at] & 0x0F)


def said(frame: bytes, known: Mapping[CallReference, Location]) -> bytes:
    """A frame of ours, with the location of its call's end where one is known."""
    at = guard.cause_at(frame)
    if at is None:
        return frame
    clearing = guard.clearing(frame)
    # The flag tells whose the call is to the one who hears it.
    location = clearing and known.get((clearing.reference, not clearing.ours))
    if not location:
        return frame
    return frame[:at] + bytes([frame[at] & 0xF0 | CODES[location]]) + frame[at + 1 :]

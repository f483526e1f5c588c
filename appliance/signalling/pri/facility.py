# SPDX-License-Identifier: GPL-2.0-only
"""Facility elements (Q.932 §8.2.3): whether their ASN.1 is whole, down to the last value, before libpri decodes it."""

PROFILES = {0x11, 0x1F}  # ROSE; networking extensions
SERVICE_INDICATOR = 0x80  # not set: DMS-100 has an octet more
CONSTRUCTED, LONG_TAG = 0x20, 0x1F
DEPTH_MOST = 16


def is_sound(contents: bytes) -> bool:
    """A protocol profile, then values whose lengths add up."""
    if len(contents) < 3 or contents[0] & 0x1F not in PROFILES:
        return False
    return _values(contents[1 if contents[0] & SERVICE_INDICATOR else 2 :], DEPTH_MOST)


def _values(octets: bytes, depth: int) -> bool:
    """Basic encoding with definite lengths (X.690 §8.1.3) fills the octets."""
    while octets:
        head = _head(octets)
        if head is None:
            return False
        begin, end = head
        if octets[0] & CONSTRUCTED and not (depth and _values(octets[begin:end], depth - 1)):
            return False
        octets = octets[end:]
    return True


def _head(octets: bytes) -> tuple[int, int] | None:
    """Where the first value's contents begin and end."""
    if len(octets) < 2 or octets[0] & LONG_TAG == LONG_TAG:
        return None
    begin, length = 2, octets[1]
    if length == 0x81 and len(octets) > 2:  # one octet of length follows; an element has no room for two
        begin, length = 3, octets[2]
    elif length & 0x80:
        return None
    return (begin, begin + length) if begin + length <= len(octets) else None

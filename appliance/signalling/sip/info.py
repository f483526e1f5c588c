# SPDX-License-Identifier: GPL-2.0-only
"""Digits in SIP INFO: application/dtmf-relay (`Signal=5`, `Duration=160`) and application/dtmf (`5`).

No RFC defines either body; RFC 6086 §1 names them as legacy use. Both kinds are read alike, for some phones write the
one's body under the other's name. A signal may be the number of an event of RFC 4733 too: 10 is *, 11 is #.
"""

import re

_KIND = re.compile(r"^(?:content-type|c)\s*:\s*application/dtmf(?:-relay)?\s*(?:;|$)", re.IGNORECASE | re.MULTILINE)
_SIGNAL = re.compile(r"^\s*signal\s*=\s*(\S*)\s*$", re.IGNORECASE | re.MULTILINE)
_DURATION = re.compile(r"^\s*duration\s*=\s*(\d{1,5})\s*$", re.IGNORECASE | re.MULTILINE)
_DIGITS = "0123456789*#ABCD"
_LONGEST_MS = 65535


def digit_of(message: str) -> tuple[str, int] | None:
    """The digit that an INFO tells and its length in ms, 0 where it tells none; None: it tells no digit."""
    head, _, body = message.replace("\r\n", "\n").partition("\n\n")
    if not _KIND.search(head):
        return None
    signal = _SIGNAL.search(body)
    digit = _digit(signal[1] if signal else body.strip())
    duration = _DURATION.search(body)
    return (digit, min(int(duration[1]), _LONGEST_MS) if duration else 0) if digit else None


def _digit(text: str) -> str | None:
    if len(text) == 1 and text.upper() in _DIGITS:
        return text.upper()
    return _DIGITS[int(text)] if text in {"10", "11", "12", "13", "14", "15"} else None

# SPDX-License-Identifier: GPL-2.0-only
"""Q.850 causes and SIP statuses, both ways, and the Reason header that carries a cause through SIP.

Spec: RFC 3398 §7.2.4.1 (cause → status), §8.2.6.1 (status → cause), RFC 3326 (Reason). A Q.850 Reason, where a peer
gives one, is the truth; the tables are for those that give none.
"""

import re

NORMAL_CLEARING = 16
OUT_OF_ORDER = 27  # the user's equipment is off line
NORMAL_UNSPECIFIED = 31
NO_CHANNEL = 34
TEMPORARY_FAILURE = 41
CONGESTION = 42
INCOMPATIBLE = 88
RECOVERY_ON_TIMER = 102

_STATUS_OF = {
    1: 404, 2: 404, 3: 404, 16: 480, 17: 486, 18: 408, 19: 480, 20: 480, 21: 403, 22: 410, 23: 410, 26: 404, 27: 502,
    28: 484, 29: 501, 31: 480, 34: 503, 38: 503, 41: 503, 42: 503, 47: 503, 55: 403, 57: 403, 58: 503, 65: 488, 70: 488,
    79: 501, 87: 403, 88: 503, 102: 504, 111: 500, 127: 500,
}  # fmt: skip

_CAUSE_OF = {
    400: 41, 401: 21, 402: 21, 403: 21, 404: 1, 405: 63, 406: 79, 407: 21, 408: 102, 410: 22, 413: 127, 414: 127,
    415: 79, 416: 127, 420: 127, 421: 127, 423: 127, 480: 18, 481: 41, 482: 25, 483: 25, 484: 28, 485: 1, 486: 17,
    500: 41, 501: 79, 502: 38, 503: 41, 504: 102, 505: 127, 513: 127, 600: 17, 603: 21, 604: 1,
}  # fmt: skip

# The RFC leaves 487 open (it follows our own CANCEL) and lets 488 and 606 depend on a Warning header.
_CAUSE_OF |= {487: NORMAL_UNSPECIFIED, 488: 88, 606: 88}

_REASON = re.compile(rb"^Reason[ \t]*:(.*)$", re.IGNORECASE | re.MULTILINE)
_Q850 = re.compile(rb"\bQ\.850[ \t]*;[^,]*?\bcause[ \t]*=[ \t]*([0-9]{1,3})\b", re.IGNORECASE)


def status_of(cause: int) -> int:
    """Final status that refuses a call with this cause; 500 where the RFC names none."""
    return _STATUS_OF.get(cause, 500)


def cause_of(status: int) -> int:
    """Cause of a final status; an unknown one counts as its class's x00 (RFC 3261 §8.1.3.2), a redirection as 23."""
    if 300 <= status < 400:
        return 23
    known = _CAUSE_OF.get(status) or _CAUSE_OF.get(status // 100 * 100)
    return known if known is not None else NORMAL_UNSPECIFIED


def reason(cause: int) -> str:
    """Value of a Reason header."""
    return f"Q.850;cause={cause}"


def reason_cause(message: bytes) -> int | None:
    """Cause in a message's Reason header, None where there is none that Q.850 knows (1 to 127)."""
    head = message.partition(b"\r\n\r\n")[0].replace(b"\r", b"")
    for value in _REASON.findall(head):
        found = _Q850.search(value)
        if found and 1 <= int(found[1]) <= 127:
            return int(found[1])
    return None

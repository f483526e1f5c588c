# SPDX-License-Identifier: GPL-2.0-only
"""A line of a log as a syslog message (RFC 5424) in its frame on a stream (RFC 5425 §4.3): its length, then itself."""

import re
from datetime import UTC, datetime
from typing import Any

import msgspec

LOCAL0 = 16
SEVERITIES = {"critical": 2, "error": 3, "warning": 4, "info": 6, "debug": 7}
INFO = SEVERITIES["info"]
MESSAGE_OCTETS = 8_192
"""What any collector should take (RFC 5425 §4.3.1); of a longer line the end is cut off."""
NIL = "-"
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)")
_NOT_PRINTED = re.compile(r"[^!-~]")


def frame(box: str, process: str, line: bytes) -> bytes:
    """Of one of our lines, or of a stranger's. MSGID is what has happened (`pri.call.released`)."""
    event = _event(line)
    severity = SEVERITIES.get(str(event.get("level", "")), INFO)
    said = str(event.get("timestamp", ""))
    at = said if _STAMP.fullmatch(said) else datetime.now(UTC).isoformat(timespec="milliseconds")
    what = _NOT_PRINTED.sub("", str(event.get("event", "")))[:32] or NIL
    head = f"<{8 * LOCAL0 + severity}>1 {at} {box} {process} {NIL} {what} {NIL} ".encode()
    message = (head + line)[:MESSAGE_OCTETS]
    return b"%d %b" % (len(message), message)


def _event(line: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}

# SPDX-License-Identifier: GPL-2.0-only
"""Refer-To (RFC 3515), with the Replaces of an attended transfer in it (RFC 3891)."""

import re
from urllib.parse import unquote

TAKEN = 499
"""What pjsua answers to a REFER that call control has; Kamailio tells the phone 202."""

_ADDRESS = re.compile(r"sips?:(?P<user>[0-9A-Za-z*#+._-]{1,32})@[^?>]*(\?(?P<headers>[^>]*))?")


def refer_of(refer_to: str) -> tuple[str, str | None] | None:
    """The number, and the Call-ID of the call that is to be replaced; None: there is no number."""
    found = _ADDRESS.search(refer_to)
    if found is None:
        return None
    headers = (part.partition("=") for part in (found["headers"] or "").split("&"))
    replaces = next((unquote(value) for name, _, value in headers if name.lower() == "replaces"), None)
    return found["user"], replaces.partition(";")[0] if replaces is not None else None

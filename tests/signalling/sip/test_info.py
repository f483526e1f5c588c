# SPDX-License-Identifier: GPL-2.0-only
"""Digits in the bodies of SIP INFO."""

import pytest

from appliance.signalling.sip.info import digit_of

pytestmark = pytest.mark.unit

RELAY, PLAIN = "Content-Type: application/dtmf-relay", "Content-Type: application/dtmf"


@pytest.mark.parametrize(
    ("header", "body", "told"),
    [
        (RELAY, "Signal=5\r\nDuration=160\r\n", ("5", 160)),
        (RELAY, "Signal= *\r\nDuration= 250\r\n", ("*", 250)),
        (RELAY, "signal=d\n", ("D", 0)),
        (RELAY, "Signal=11\r\n", ("#", 0)),
        (RELAY, "Signal=5\r\nDuration=99999", ("5", 65535)),
        (RELAY, "Signal=5\r\nDuration=-1", ("5", 0)),
        ("c:application/DTMF-Relay;charset=utf-8", "Signal=0", ("0", 0)),
        (PLAIN, "7", ("7", 0)),
        (PLAIN, " #\r\n", ("#", 0)),
        (PLAIN, "10", ("*", 0)),
        (PLAIN, "Signal=3\r\nDuration=80", ("3", 80)),
        (RELAY, "Signal=flash\r\n", None),
        (RELAY, "Signal=55\r\n", None),
        (RELAY, "Signal=²\r\n", None),
        (RELAY, "Signal=\r\nDuration=160\r\n", None),
        (RELAY, "", None),
        (PLAIN, "E", None),
        ("Content-Type: application/dtmfx", "5", None),
        ("Content-Type: application/media_control+xml", "5", None),
        ("Subject: Content-Type: application/dtmf", "5", None),
    ],
)
def test_what_an_info_tells(header: str, body: str, told: tuple[str, int] | None) -> None:
    assert digit_of(f"INFO sip:x SIP/2.0\r\n{header}\r\nContent-Length: 1\r\n\r\n{body}") == told

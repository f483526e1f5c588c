# SPDX-License-Identifier: GPL-2.0-only
"""Causes both ways, against the tables of RFC 3398."""

import pytest

from appliance.signalling.sip import causes

pytestmark = pytest.mark.unit

# Every row of the two tables. 16 has no status there (a call that was up is ended by BYE): 480 where one is needed.
TO_SIP = {1: 404, 2: 404, 3: 404, 17: 486, 18: 408, 19: 480, 20: 480, 21: 403, 22: 410, 23: 410, 26: 404, 27: 502}
TO_SIP |= {28: 484, 29: 501, 31: 480, 34: 503, 38: 503, 41: 503, 42: 503, 47: 503, 55: 403, 57: 403, 58: 503, 65: 488}
TO_SIP |= {70: 488, 79: 501, 87: 403, 88: 503, 102: 504, 111: 500, 127: 500, 16: 480}
FROM_SIP = {400: 41, 401: 21, 402: 21, 403: 21, 404: 1, 405: 63, 406: 79, 407: 21, 408: 102, 410: 22, 413: 127}
FROM_SIP |= {414: 127, 415: 79, 416: 127, 420: 127, 421: 127, 423: 127, 480: 18, 481: 41, 482: 25, 483: 25, 484: 28}
FROM_SIP |= {485: 1, 486: 17, 500: 41, 501: 79, 502: 38, 503: 41, 504: 102, 505: 127, 513: 127, 600: 17, 603: 21}
FROM_SIP |= {604: 1}


@pytest.mark.parametrize(("cause", "status"), TO_SIP.items())
def test_rfc3398_7_2_4_1_cause_to_status(cause: int, status: int) -> None:
    assert causes.status_of(cause) == status


@pytest.mark.parametrize(("status", "cause"), FROM_SIP.items())
def test_rfc3398_8_2_6_1_status_to_cause(status: int, cause: int) -> None:
    assert causes.cause_of(status) == cause


def test_every_cause_has_a_final_status_and_every_status_a_cause() -> None:
    assert all(400 <= causes.status_of(cause) < 700 for cause in range(1, 128))
    assert all(1 <= causes.cause_of(status) <= 127 for status in range(300, 700))


def test_rfc3261_8_1_3_2_an_unknown_status_counts_as_its_class() -> None:
    assert causes.cause_of(499) == causes.cause_of(400)
    assert causes.cause_of(599) == causes.cause_of(500)
    assert causes.cause_of(699) == causes.cause_of(600)


@pytest.mark.parametrize(
    ("header", "cause"),
    [
        ("Reason: Q.850;cause=17", 17),
        ('reason : SIP;cause=200;text="x", q.850 ; cause = 21 ;text="y"', 21),
        ('Reason: SIP ;cause=580 ;text="Precondition Failure"', None),
        ("Reason: Q.850;cause=0", None),
        ("Reason: Q.850;cause=128", None),
        ("X-Reason: Q.850;cause=17", None),
    ],
)
def test_rfc3326_reason(header: str, cause: int | None) -> None:
    message = f"BYE sip:a@b SIP/2.0\r\nVia: x\r\n{header}\r\nContent-Length: 0\r\n\r\nReason: Q.850;cause=99\r\n"
    assert causes.reason_cause(message.encode()) == cause


def test_what_we_send_is_what_we_understand() -> None:
    assert causes.reason_cause(f"a\r\nReason: {causes.reason(44)}\r\n\r\n".encode()) == 44

# SPDX-License-Identifier: GPL-2.0-only
"""What the line process makes of a configured span."""

import msgspec
import pytest

from appliance.config.branch import Span
from appliance.processes.line import settings

pytestmark = pytest.mark.unit


def test_every_key_that_a_span_s_driver_knows_reaches_it() -> None:
    told = {
        "local": ("127.0.0.1", 9101),
        "remote": ("127.0.0.1", 9001),
        "frames_per_packet": 16,
        "rtp_header": True,
        "jitter_ms": 12,
        "clock": "recovered",
        "clock_domain": 2,
        "clock_priority": 3,
    }
    span = Span(name="pbx", driver="cesopsn", **told)  # type: ignore[arg-type]
    reached = msgspec.structs.asdict(settings(span))
    assert {name: reached[name] for name in told} == told

# SPDX-License-Identifier: GPL-2.0-only
"""What the line process makes of a configured span."""

import msgspec
import pytest

from appliance.config.branch import CesopsnSpan
from appliance.config.nfas import Nfas
from appliance.line.span import PriLine
from appliance.processes.line import d_channel, groups, line, settings
from appliance.signalling.pri.link import Setup

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
    span = CesopsnSpan(name="pbx", **told)  # type: ignore[arg-type]
    reached = msgspec.structs.asdict(settings(span))
    assert {name: reached[name] for name in told} == told


@pytest.mark.parametrize(("profile", "sending_complete"), [("euroisdn", True), ("national", False)])
def test_the_profile_and_the_side_of_a_span_reach_its_link(profile: str, sending_complete: bool) -> None:  # noqa: FBT001 - a parameter of the test
    ours = {"name": "pbx", "local": ("127.0.0.1", 9101), "remote": ("127.0.0.1", 9001)}
    served = line(0, CesopsnSpan(**ours, profile=profile, side="network"), {})  # type: ignore[arg-type]
    assert isinstance(served, PriLine)
    link = served.link
    link.receive(bytes([0x02, 0x01, 0x73]))  # UA of a user side
    assert link.established
    link.take_frames()
    link.setup(Setup(1, "95588"))
    (setup,) = link.take_frames()
    assert (b"\xa1" in setup[9:]) is sending_complete


def test_spans_of_a_group_share_one_link_and_only_two_have_a_d_channel() -> None:
    ours = {"local": ("127.0.0.1", 9101), "remote": ("127.0.0.1", 9001), "profile": "national"}
    spans = [
        CesopsnSpan(name=kind, nfas=Nfas(group="telco", interface=n, d_channel=kind), **ours)  # type: ignore[arg-type]
        for n, kind in enumerate(("primary", "none", "backup"))
    ]
    shared = groups(spans)
    served = [line(n, span, shared) for n, span in enumerate(spans)]
    assert [d_channel(span) for span in spans] == [16, None, 16]
    assert [one.d_channel for one in served if isinstance(one, PriLine)] == [16, 0, 16]
    sabme = [bool(one.link.take_frames()) for one in served if isinstance(one, PriLine)]
    assert sabme == [True, False, True]
    for one in served:
        assert isinstance(one, PriLine)
        one.link.receive(bytes([0x00, 0x01, 0x73]))  # UA of the network, on the primary
        assert one.link.established
        break
    assert all(one.link.established for one in served if isinstance(one, PriLine))

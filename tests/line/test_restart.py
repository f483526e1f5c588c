# SPDX-License-Identifier: GPL-2.0-only
"""RESTART of both sides at once (Q.931 §5.5): a channel that the peer has restarted is not restarted again."""

import pytest

from appliance.line.channels import Order
from appliance.signalling.pri.link import Link, Side
from tests.line.span_pair import TIMERS, Board, End, by_hand

pytestmark = pytest.mark.unit

RESTART = "08 02 00 00 46"
FIRST, SECOND = "18 03 a9 83 81", "18 03 a9 83 82"
ONE, ALL = "79 01 80", "79 01 87"


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize(("restarted", "next_one"), [(f"{SECOND} {ONE}", "18 03 a9 83 83"), (ALL, None)])
def test_q931_5_5_2_what_the_peer_restarts_waits_for_no_restart_of_ours(
    side: Side, restarted: str, next_one: str | None
) -> None:
    end = End(Link(side, TIMERS), Board(lambda: 0.0), Order.DESCENDING)  # every channel is in doubt
    peer = by_hand(end)
    assert peer.heard() == [f"{RESTART} {FIRST} {ONE}"]
    peer.says(f"{RESTART} {restarted}")
    assert peer.heard() == [f"08 02 80 00 4e {restarted}"]
    assert end.idle() == (1 if next_one else 29)  # all but the one that our RESTART is out for
    assert end.place("leg")
    peer.hear()
    peer.heard()  # SETUP
    peer.says(f"08 02 80 00 4e {FIRST} {ONE}")
    assert peer.heard() == ([f"{RESTART} {next_one} {ONE}"] if next_one else [])
    assert list(end.span.legs) == ["leg"]

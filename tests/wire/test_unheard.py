# SPDX-License-Identifier: GPL-2.0-only
"""Who hung up is known although call control died in that instant."""

import pytest

from appliance.wire.legs import Direction, Leg, LegState
from appliance.wire.unheard import HEARD_S, Unheard

pytestmark = pytest.mark.unit


def leg(name: str) -> Leg:
    return Leg(leg=name, direction=Direction.INCOMING, state=LegState.RELEASED, channel="span 1 timeslot 5", port=5)


def names(unheard: Unheard) -> list[str]:
    return [one.leg for one in unheard.legs]


def test_what_was_said_to_a_controller_that_died_shortly_after_is_told_its_successor_once() -> None:
    now = [0.0]
    unheard = Unheard(lambda: now[0])
    unheard.ended(leg("long ago"), controlled=True)
    now[0] = HEARD_S + 1
    unheard.ended(leg("just now"), controlled=True)
    assert names(unheard) == []
    unheard.controller(attached=False)
    unheard.ended(leg("afterwards"), controlled=False)
    assert names(unheard) == ["just now", "afterwards"]
    unheard.controller(attached=True)
    assert names(unheard) == []
    unheard.controller(attached=False)
    assert names(unheard) == []

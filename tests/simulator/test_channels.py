# SPDX-License-Identifier: GPL-2.0-only
"""The 30 B-channels of an E1."""

import pytest

from appliance.simulator.channels import BEARERS, Channels, NoChannelError, bearers
from appliance.wire.spans import ChannelState

pytestmark = pytest.mark.unit


def test_an_e1_has_30_bearers_beside_framing_and_d_channel() -> None:
    assert len(BEARERS) == 30
    assert not {0, 16} & set(BEARERS)


def test_a_t1_has_23_bearers_beside_its_d_channel() -> None:
    channels = Channels(bearers("t1"))
    assert [channels.seize() for _ in range(23)] == list(range(1, 24))
    with pytest.raises(NoChannelError):
        channels.seize()


def test_every_timeslot_is_used_before_one_is_used_again() -> None:
    channels = Channels()
    used = []
    for _ in range(31):
        timeslot = channels.seize()
        used.append(timeslot)
        channels.free(timeslot)
    assert used == [*BEARERS, 1]


def test_the_thirty_first_call_finds_no_channel() -> None:
    channels = Channels()
    assert sorted(channels.seize() for _ in BEARERS) == list(BEARERS)
    with pytest.raises(NoChannelError):
        channels.seize()
    channels.free(17)
    assert channels.seize() == 17


def test_the_far_end_may_choose_an_idle_timeslot_only() -> None:
    channels = Channels()
    channels.take(5)
    assert channels[5] is ChannelState.BUSY
    assert channels.busy() == (5,)
    for misuse, timeslot in ((channels.take, 5), (channels.take, 16), (channels.free, 6)):
        with pytest.raises(ValueError, match=f"timeslot {timeslot}"):
            misuse(timeslot)

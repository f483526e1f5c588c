# SPDX-License-Identifier: GPL-2.0-only
"""Where a cause was made goes through a link both ways (Q.850 §2.2.3)."""

import pytest

from appliance.signalling.pri import events
from appliance.signalling.pri.link import Setup, Side
from appliance.wire.legs import Bearer, Location
from tests.signalling.pri.back_to_back import BackToBack

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("location", Location)
def test_q850_2_2_3_the_location_of_a_disconnect(location: Location) -> None:
    pri = BackToBack()
    net, user = pri.talk()
    pri.do(lambda: pri.net.release(net, 27, location))
    told = pri.last(Side.USER, events.DisconnectReceived)
    assert (told.cause, told.location) == (27, location)
    pri.do(lambda: pri.user.release(user, told.cause))
    assert pri.last(Side.NETWORK, events.CallCleared).location is Location.LOCAL_PRIVATE, "a box says of itself"


def test_q931_5_2_5_1_the_location_of_a_refused_setup() -> None:
    pri = BackToBack()
    _, user = pri.ring()
    pri.do(lambda: pri.user.release(user, 34, Location.REMOTE_PUBLIC))
    told = pri.last(Side.NETWORK, events.CallCleared)
    assert (told.cause, told.location) == (34, Location.REMOTE_PUBLIC)


def test_a_location_is_its_call_s_and_no_later_one_s() -> None:
    pri = BackToBack()
    for _ in range(300):  # libpri begins its references again
        _, user = pri.ring()
        pri.do(lambda user=user: pri.user.release(user, 34, Location.INTERNATIONAL))  # type: ignore[misc]
        _, user = pri.ring()
        pri.do(lambda user=user: pri.user.release(user, 34))  # type: ignore[misc]
        assert pri.last(Side.NETWORK, events.CallCleared).location is Location.LOCAL_PRIVATE


@pytest.mark.parametrize("bearer", Bearer)
def test_q931_4_5_5_the_bearer_goes_as_it_is(bearer: Bearer) -> None:
    pri = BackToBack()
    pri.ring(Setup(5, "95588", bearer=bearer))
    assert pri.last(Side.USER, events.SetupReceived).bearer is bearer


def test_q951_4_a_caller_who_does_not_want_to_be_shown_is_known_to_the_network() -> None:
    pri = BackToBack()
    pri.ring(Setup(5, "95588", "02512345678", presented=False))
    told = pri.last(Side.USER, events.SetupReceived)
    assert (told.clid, told.presented, told.restricted) == ("02512345678", False, True)
    pri.ring(Setup(6, "95588", "", presented=False))
    told = pri.last(Side.USER, events.SetupReceived)
    assert (told.clid, told.presented, told.restricted) == (None, False, True)
    pri.ring(Setup(7, "95588"))
    assert not pri.last(Side.USER, events.SetupReceived).restricted

# SPDX-License-Identifier: GPL-2.0-only
"""No frame unsettles a link: damaged ones are counted and dropped, wild ones answered as Q.931 says."""

from random import Random

import pytest

from appliance.signalling.pri import events, guard
from appliance.signalling.pri.link import CallGoneError, Link, Setup, Side, Timers
from tests.signalling.pri.back_to_back import BackToBack
from tests.signalling.pri.by_hand import ByHand
from tests.signalling.pri.stranger import Stranger

pytestmark = pytest.mark.unit

I_FRAME = bytes([0x02, 0x01, 0x00, 0x00])
SETUP = bytes([0x08, 0x02, 0x00, 0x01, 0x05])
BEARER = bytes([0x04, 0x03, 0x80, 0x90, 0xA3])


@pytest.mark.parametrize(
    ("frame", "trouble"),
    [
        (b"", "length"),
        (b"\x02\x01", "length"),
        (b"\x03\x01\x7f", "address"),
        (b"\x02\x03\x7f", "address"),
        (b"\xfe\xff\x03\x0f\x00\x00\x04\xff", "address"),
        (b"\x02\x01\x03", "control"),
        (b"\x02\x01\x7f\x00", "length"),
        (b"\x02\x01\x0d\x00", "control"),
        (b"\x02\x01\x01", "length"),
        (I_FRAME, "length"),
        (I_FRAME + bytes(300), "length"),
    ],
)
def test_q921_5_8_5_an_invalid_frame_is_dropped(frame: bytes, trouble: str) -> None:
    assert guard.admit(frame) == (None, trouble)


@pytest.mark.parametrize(
    ("message", "trouble"),
    [
        (b"\x08\x02\x00\x01", "message length"),
        (b"\x04" + SETUP[1:], "protocol discriminator"),
        (b"\x03" + SETUP[1:], "message type"),
        (bytes.fromhex("03020000010f0101c2"), "message type"),
        (bytes.fromhex("030200000f 0101c2 1801a1"), "message type"),
        (bytes.fromhex("030200010f 0101c2 1803a98381"), "message type"),
        (bytes.fromhex("030200000f 0101c2 1803a98380"), "message type"),
        (b"\x08\x01\x01\x05\x04\x03", "call reference length"),
        (b"\x08\x0f\x00\x01\x05" + bytes(20), "call reference length"),
        (b"\x08\x02\x00\x00\x05" + BEARER, "message type"),
        (b"\x08\x02\x00\x07\x46\x79\x01\x80", "message type"),
        (SETUP + b"\x04\x09\x80\x90\xa3", "element length"),
        (SETUP + b"\x04", "element length"),
    ],
)
def test_q931_5_8_a_damaged_message_keeps_its_place_in_the_sequence(message: bytes, trouble: str) -> None:
    assert guard.admit(I_FRAME + message) == (I_FRAME, trouble)


def test_q931_5_8_7_2_an_empty_element_counts_as_absent() -> None:
    assert guard.admit(I_FRAME + SETUP + BEARER + b"\x28\x00\xa1") == (I_FRAME + SETUP + BEARER + b"\xa1", None)


@pytest.mark.parametrize(
    ("contents", "sound"),
    [
        ("91 a1 06 02 01 01 02 01 24", True),
        ("9f aa 06 80 01 00 82 01 00 8b 01 00 a1 06 02 01 01 02 01 00", True),
        ("11 be a1 06 02 01 01 02 01 01", True),  # DMS-100
        ("91 a1 81 06 02 01 01 02 01 24", True),
        ("91 a1 06 02 01 01 02 02 24", False),  # a value longer than what holds it
        ("91 a1 05 02 01 01 02 01 24", False),
        ("91 a1 80 02 01 01 00 00", False),  # indefinite length
        ("91 bf 01 00", False),  # a tag of two octets
        ("91 a1 82 00 06 02 01 01 02 01 24", False),
        ("91" + " a1 02" * 20 + " 02 00", False),
        ("92 a1 06 02 01 01 02 01 24", False),  # CMIP
        ("91", False),
    ],
)
def test_q932_8_2_3_a_facility_goes_on_where_its_asn1_is_whole(contents: str, sound: bool) -> None:  # noqa: FBT001
    octets = bytes.fromhex(contents)
    element = bytes([0x1C, len(octets)]) + octets
    kept = I_FRAME + SETUP + (element if sound else b"") + BEARER
    assert guard.admit(I_FRAME + SETUP + element + BEARER) == (kept, None)


@pytest.mark.parametrize("element", [0x0C, 0x4C, 0x6C, 0x74, 0x76])
def test_q931_4_5_1_a_number_whose_octet_3_never_ends_counts_as_absent(element: int) -> None:
    """The library reads on behind the element until an octet has bit 8, wherever that is."""
    assert guard.admit(I_FRAME + SETUP + BEARER + bytes([element, 2, 0x21, 0x31])) == (I_FRAME + SETUP + BEARER, None)
    whole = bytes([element, 3, 0x21, 0x80, 0x31])
    assert guard.admit(I_FRAME + SETUP + BEARER + whole) == (I_FRAME + SETUP + BEARER + whole, None)


@pytest.mark.parametrize(
    "message", ["08 02 80 00 4e 18 01 ac 79 01 80", "08 02 80 00 7d 18 01 ac 08 02 80 e1 14 01 3d"]
)
def test_q931_5_5_a_restart_of_ours_names_its_channel_whatever_the_peer_has_said_of_the_d_channel(message: str) -> None:
    """The library would say the D-channel itself from then on, and no channel would ever come back into service."""
    now = [1000.0]
    link = Link(Side.USER, clock=lambda: now[0])
    peer = ByHand(link)
    now[0] += 1.0
    link.run()
    peer.hear()
    peer.says(message)
    peer.heard()
    link.restart([5])
    peer.hear()
    assert peer.heard() == ["08 02 00 00 46 18 03 a9 83 85 79 01 80"]


def test_a_damaged_frame_between_good_ones_costs_nothing() -> None:
    pri = BackToBack()
    net, user = pri.talk()
    for frame in (b"", b"\x00" * 50, b"\xff" * 300, b"\x02\x01\x7f\x7f\x7f"):
        pri.user.receive(frame)
        pri.net.receive(frame)
    pri.settle()
    assert pri.user.damaged == pri.net.damaged == 4
    pri.do(lambda: pri.user.release(user, 16))
    assert pri.last(Side.NETWORK, events.DisconnectReceived).call == net


@pytest.mark.parametrize("seed", range(4))
def test_random_octets_and_flipped_bits(seed: int) -> None:
    random = Random(seed)  # noqa: S311
    pri = BackToBack()
    pri.talk()
    sent = [frame for side, frame in pri.frames if side is Side.NETWORK]
    for _ in range(2000):
        frame = bytearray(random.choice((random.choice(sent), random.randbytes(random.randrange(280)))))
        for _ in range(random.randrange(4)):
            if frame:
                frame[random.randrange(len(frame))] ^= 1 << random.randrange(8)
        pri.user.receive(bytes(frame))
        pri.settle()
    pri.pass_s(30.0)
    pri.heard[Side.NETWORK].clear()
    pri.talk(channel=9)
    assert pri.last(Side.NETWORK, events.ConnectReceived).channel == 9


class Subscriber:
    """A user side that treats every call somehow."""

    def __init__(self, link: Link, random: Random) -> None:
        self.link = link
        self.random = random
        self.living: set[events.CallNumber] = set()
        self.offered = 0

    def live(self) -> None:
        for event in self.link.take_events():
            match event:
                case events.SetupReceived(call=call):
                    self.offered += 1
                    self.living.add(call)
                case events.CallCleared(call=call):
                    self.living.remove(call)  # KeyError: cleared twice
                case events.DisconnectReceived(call=call, cause=cause) if call in self.living:
                    self.link.release(call, cause)
        for call in self.random.sample(sorted(self.living), min(2, len(self.living))):
            step = self.random.choice((self.link.proceeding, self.link.alerting, self.link.answer, self.link.release))
            try:
                step(call)
            except CallGoneError:
                continue  # not in its state, or cleared a moment ago


@pytest.mark.parametrize("seed", range(4))
def test_a_stranger_that_says_anything(seed: int) -> None:
    """Every call that was offered is cleared, once; then the line works for a sane peer."""
    random = Random(seed)  # noqa: S311
    now = [1000.0]
    pairs: list[BackToBack] = []
    link = Link(Side.USER, Timers(t309_s=6.0), clock=lambda: pairs[0].now if pairs else now[0])
    stranger, subscriber = Stranger(link, random), Subscriber(link, random)
    for n in range(3000):
        stranger.message(stranger.wild())
        subscriber.live()
        stranger.hear()
        now[0] += (n % 50 == 0) * random.choice((0.1, 1.0))
        link.run()
    assert subscriber.offered > 100
    for _ in range(100):  # silence: Q.921 gives up, T309 runs out
        now[0] += 1.0
        link.run()
        link.take_frames()
        subscriber.live()
    assert not subscriber.living

    pri = BackToBack()
    pri.user, pri.now = link, now[0]
    pairs.append(pri)
    pri.pass_s(5.0)
    pri.heard[Side.USER].clear()
    pri.ring(Setup(3, "95588"))
    assert pri.last(Side.USER, events.SetupReceived).channel == 3

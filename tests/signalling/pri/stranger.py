# SPDX-License-Identifier: GPL-2.0-only
"""A network side that keeps Q.921 and says anything at all in Q.931: sound sequence numbers, wild messages."""

from random import Random

from appliance.signalling.pri.link import Link
from tests.signalling.pri.by_hand import ByHand

ELEMENTS = bytes.fromhex("0408 1014 181c 1e20 2728 292c 3440 4c6c 6d70 7174 7579 7b7c 7d7e 969d 95a1 b1")
MESSAGES = bytes.fromhex("01 02 03 05 07 0d 0f 45 46 4d 4e 5a 62 6e 75 7b 7d")
BEARER, CHANNEL = bytes([0x04, 3, 0x80, 0x90, 0xA3]), 0x18


class Stranger(ByHand):
    """Its messages are anything."""

    def __init__(self, link: Link, random: Random) -> None:
        super().__init__(link)
        self.random = random

    def wild(self) -> bytes:
        """A message of its own."""
        return wild(self.random)


def wild(random: Random) -> bytes:
    """A message whose framing is right and whose contents are anything."""
    kind = random.choice((0x05, 0x05, *MESSAGES, random.randrange(0x80)))
    reference = random.choice((0, 1, 1, 2, 3, 0x8001, 0x8002, random.randrange(0x10000)))
    elements = b"".join(element(random) for _ in range(random.randrange(7)))
    if kind == 0x05 and random.random() < 0.8:
        channel = bytes([CHANNEL, 3, 0xA9, 0x83, 0x80 | random.randrange(32)])
        elements = BEARER + channel + elements
    return bytes([0x08, 2, reference >> 8, reference & 0xFF, kind]) + elements[:250]


def element(random: Random) -> bytes:
    """An information element of any kind and contents."""
    kind = random.choice((*ELEMENTS, random.randrange(256)))
    if kind & 0x80:
        return bytes([kind])
    octets = random.randbytes(random.choice((0, 1, 1, 2, 3, 4, 8, 20, random.randrange(200))))
    return bytes([kind, len(octets)]) + octets

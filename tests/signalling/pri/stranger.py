# SPDX-License-Identifier: GPL-2.0-only
"""A network side that keeps Q.921 and says anything at all in Q.931: sound sequence numbers, wild messages."""

from random import Random

from appliance.signalling.pri.guard import MESSAGES
from appliance.signalling.pri.link import Link

SABME = bytes([0x02, 0x01, 0x7F])
USER_SABME, USER_DISC, UA = 0x7F, 0x53, bytes([0x00, 0x01, 0x73])
ELEMENTS = bytes.fromhex("0408 1014 181c 1e20 2728 292c 3440 4c6c 6d70 7174 7579 7b7c 7d7e 969d 95a1 b1")
BEARER, CHANNEL = bytes([0x04, 3, 0x80, 0x90, 0xA3]), 0x18


class Stranger:
    """Speaks to one link, in sequence; starts again when the link does."""

    def __init__(self, link: Link, random: Random) -> None:
        self.link = link
        self.random = random
        self.sent = self.received = 0
        self._say(SABME)

    def message(self, message: bytes) -> None:
        """One I frame with this message."""
        frame = bytes([0x02, 0x01, self.sent << 1, self.received << 1]) + message
        self.sent = (self.sent + 1) % 128
        self._say(frame)

    def wild(self) -> bytes:
        """A message whose framing is right and whose contents are anything."""
        random = self.random
        kind = random.choice((0x05, 0x05, *sorted(MESSAGES)))
        reference = random.choice((0, 1, 1, 2, 3, 0x8001, 0x8002, random.randrange(0x10000)))
        elements = b"".join(self._element() for _ in range(random.randrange(7)))
        if kind == 0x05 and random.random() < 0.8:
            channel = bytes([CHANNEL, 3, 0xA9, 0x83, 0x80 | random.randrange(32)])
            elements = BEARER + channel + elements
        return bytes([0x08, 2, reference >> 8, reference & 0xFF, kind]) + elements[:250]

    def _element(self) -> bytes:
        random = self.random
        kind = random.choice((*ELEMENTS, random.randrange(256)))
        if kind & 0x80:
            return bytes([kind])
        octets = random.randbytes(random.choice((0, 1, 1, 2, 3, 4, 8, 20, random.randrange(200))))
        return bytes([kind, len(octets)]) + octets

    def _say(self, frame: bytes) -> None:
        self.link.receive(frame)
        self.hear()

    def hear(self) -> None:
        """What the link sends: count its I frames, answer its SABME."""
        for frame in self.link.take_frames():
            if not frame[2] & 1:
                self.received = ((frame[2] >> 1) + 1) % 128
            elif frame[2] in (USER_SABME, USER_DISC):
                self.sent = self.received = 0
                self._say(UA)

# SPDX-License-Identifier: GPL-2.0-only
"""A peer that keeps Q.921's numbers and says in Q.931 what it is told to, octet by octet: frames from the standard.

peer = ByHand(link)
peer.says("08 02 00 01 05 04 03 80 90 a3 18 03 a9 83 81")    # SETUP as Table 3-15 has it
assert peer.heard() == ["08 02 80 01 02 18 03 a9 83 81"]     # CALL PROCEEDING
"""

from appliance.signalling.pri.link import Link, Side

SABME, UA, DISC = 0x7F, 0x73, 0x53


class ByHand:
    """Speaks to one link, in sequence; starts again when the link does. `frames` is all that the link sent."""

    def __init__(self, link: Link) -> None:
        self.link = link
        self.command = 0x02 if link.side is Side.USER else 0x00  # C/R (Q.921 Table 1)
        self.sent = self.received = 0
        self.frames: list[bytes] = []
        self._messages: list[bytes] = []
        self.sends(bytes([self.command, 0x01, SABME]))

    def says(self, octets: str) -> None:
        """One I frame with this message, in hexadecimal."""
        self.message(bytes.fromhex(octets))

    def message(self, message: bytes) -> None:
        """One I frame with this message."""
        frame = bytes([self.command, 0x01, self.sent << 1, self.received << 1]) + message
        self.sent = (self.sent + 1) % 128
        self.sends(frame)

    def supervises(self, kind: int, n_r: int | None = None, *, poll: bool = False) -> None:
        """RR, RNR or REJ, as a command where it polls."""
        address = self.command if poll else self.command ^ 0x02
        self.sends(bytes([address, 0x01, kind, (self.received if n_r is None else n_r) << 1 | poll]))

    def sends(self, frame: bytes) -> None:
        """Any frame."""
        self.link.receive(frame)
        self.hear()

    def hear(self) -> None:
        """What the link sends: count its I frames, answer its SABME."""
        for frame in self.link.take_frames():
            self.frames.append(frame)
            if not frame[2] & 1:
                self.received = ((frame[2] >> 1) + 1) % 128
                self._messages.append(frame[4:])
            elif frame[2] in (SABME, DISC):
                self.sent = self.received = 0
                self.sends(bytes([self.command ^ 0x02, 0x01, UA]))

    def heard(self) -> list[str]:
        """The messages that the link said since it was asked last."""
        messages, self._messages = self._messages, []
        return [message.hex(" ") for message in messages]

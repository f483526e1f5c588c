# SPDX-License-Identifier: GPL-2.0-only
"""A data link without a wire: the other end of a link's Q.921, which gives it messages and takes those it says."""

from appliance.signalling.pri.guard import ADDRESS
from appliance.signalling.pri.library import COMMAND
from appliance.signalling.pri.link import Link
from appliance.signalling.pri.settings import Side

SABME, UA, RR = 0x7F, 0x73, 0x01
POLL = 0x01
MODULUS = 128


class Loop:
    """Nothing is ever lost here. `open`: the link's data link stands."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._command = COMMAND if link.side is Side.USER else 0
        self._sent = self._received = 0
        self.open = False
        self._said: list[bytes] = []

    def establish(self) -> None:
        """The link's data link comes up, whether it was asked for or not."""
        self.open = True
        self._sent = self._received = 0
        self._link.activate()
        self._send(self._command, SABME)
        self._send(self._command ^ COMMAND, UA)

    def release(self) -> None:
        """It goes, as with layer 1."""
        self.open = False
        self._link.deactivate()

    def tell(self, message: bytes) -> None:
        """The link hears a message."""
        if self.open:
            number, self._sent = self._sent, (self._sent + 1) % MODULUS
            self._send(self._command, number << 1, self._received << 1, message)

    def take_messages(self) -> list[bytes]:
        """What the link said; it is acknowledged."""
        self._hear()
        said, self._said = self._said, []
        return said

    def _hear(self) -> None:
        while frames := self._link.take_frames():
            for frame in frames:
                if self.open:
                    self._take(frame)

    def _take(self, frame: bytes) -> None:
        answer = self._command ^ COMMAND
        if not frame[2] & 1:
            self._received = ((frame[2] >> 1) + 1) % MODULUS
            self._said.append(frame[4:])
            self._send(answer, RR, self._received << 1)
        elif frame[2] == SABME:
            self._sent = self._received = 0
            self._send(answer, UA)
        elif len(frame) == 4 and frame[3] & POLL and frame[0] & COMMAND == answer:
            self._send(answer, RR, self._received << 1 | POLL)

    def _send(self, address: int, control: int, second: int | None = None, message: bytes = b"") -> None:
        octets = [address, ADDRESS[0], control] if second is None else [address, ADDRESS[0], control, second]
        self._link.receive(bytes(octets) + message)

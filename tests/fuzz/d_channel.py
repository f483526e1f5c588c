# SPDX-License-Identifier: GPL-2.0-only
"""Two spans of line workers call each other, and what goes over their D-channel is changed on the way.

Some frames are damaged anywhere, some carry another message or a damaged one under their own numbers, some are made up.
Afterwards the wire is sound again: both sides let go of all legs, every channel is idle, and a call passes.
"""

from collections.abc import Callable, Iterator
from random import Random

from appliance.signalling.pri.link import Profile, Side
from tests.fuzz.user import User, one_call
from tests.line.span_pair import SpanPair
from tests.signalling.pri.stranger import element, wild
from tests.signalling.pri.wire import TROUBLES, Wire

STEPS = 150
CHANGED = 0.15
SETTLING_S = 60.0
PATIENCE = 20
ROUNDS = 20


class BadWire(Wire):
    """Tells `note` what it carries in the place of a frame, before it is heard."""

    def __init__(self, random: Random, note: Callable[[str], None]) -> None:
        super().__init__(TROUBLES["clean"], "")
        self.bad = True
        self._chance = random
        self._note = note

    def carry(self, now: float, side: Side, frame: bytes) -> None:
        """What arrives may be something else, or something more."""
        self.sent.clear()
        if not self.bad or self._chance.random() >= CHANGED:
            super().carry(now, side, frame)
            return
        for other in self._instead(frame):
            self._note(f"{now:.6f} from {side.name.lower()}: {other.hex(' ')}")
            super().carry(now, side, other)

    def _instead(self, frame: bytes) -> list[bytes]:
        chance = self._chance
        head, message = frame[:4], frame[4:]
        with_message = not frame[2] & 1 and len(message) > 5
        match chance.randrange(6):
            case 0 if with_message:
                return [head + wild(chance)]
            case 1 if with_message:
                return [head + flipped(chance, message)]
            case 2 if with_message:
                return [head + self._grown(message)]
            case 3:
                return [flipped(chance, frame)]
            case 4:
                return [frame, frame]
            case _:
                return [chance.randbytes(3 + chance.randrange(40)), frame]

    def _grown(self, message: bytes) -> bytes:
        """An element more, somewhere; or less of the end."""
        if self._chance.random() < 0.3:
            return message[: 5 + self._chance.randrange(len(message) - 4)]
        at = self._chance.randrange(5, len(message) + 1)
        return message[:at] + element(self._chance)[:200] + message[at:]


def flipped(chance: Random, octets: bytes) -> bytes:
    """One to eight of its bits are others."""
    changed = bytearray(octets)
    for _ in range(chance.randint(1, 8)):
        changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


class Interface:
    """Both users and the wire between them."""

    def __init__(self, random: Random, note: Callable[[str], None]) -> None:
        self._chance = random
        self._pair = SpanPair(random.choice(tuple(Profile)))
        self._wire = self._pair.wire = BadWire(random, note)
        self._users = (User(self._pair.net, random), User(self._pair.user, random))
        self._pass_s(1.0)

    def round(self) -> None:
        """Trouble, then peace."""
        self._wire.bad = True
        for _ in range(STEPS):
            self._chance.choice(self._users).act()
            self._pass_s(self._chance.choice((0.0, 0.0, 0.01, 0.1, 1.0, 5.0)))
        self._wire.bad = False
        for _ in range(PATIENCE):
            for user in self._users:
                user.let_all_go()
            self._pass_s(SETTLING_S)
            if self._over():
                break
        assert self._over(), " · ".join(map(str, self._users))
        one_call(*self._users, self._pass_s, 1.0)
        assert self._over(), " · ".join(map(str, self._users))

    def _pass_s(self, seconds: float) -> None:
        self._pair.pass_s(seconds)
        for side, user in zip(Side, self._users, strict=True):
            user.hear(self._pair.heard[side])
            self._pair.heard[side].clear()

    def _over(self) -> bool:
        """A channel may be out of service where the far end seemed to say so."""
        ends = zip((self._pair.net, self._pair.user), self._users, strict=True)
        return all(user.over(len(end.span.channels.out_of_service)) for end, user in ends)


def rounds(random: Random, note: Callable[[str], None]) -> Iterator[None]:
    """For ever; libpri cannot free a link, so one pair serves many rounds."""
    while True:
        interface = Interface(random, note)
        for _ in range(ROUNDS):
            interface.round()
            yield

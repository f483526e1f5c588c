# SPDX-License-Identifier: GPL-2.0-only
"""Two spans of line workers call each other, and what goes over their D-channel is changed on the way.

Some frames are damaged anywhere, some carry another message or a damaged one under their own numbers, some are made up.
Afterwards the wire is sound again: both sides let go of all legs, every channel is idle, and a call passes.
"""

import contextlib
from collections.abc import Callable, Iterator
from random import Random

from appliance.line.states import Event
from appliance.signalling.pri.link import CallGoneError, Profile, Side
from appliance.wire import legs
from appliance.wire.legs import ReleasedBy
from tests.line.span_pair import End, SpanPair
from tests.signalling.pri.stranger import element, wild
from tests.signalling.pri.wire import TROUBLES, Wire

STEPS = 150
CALLS_MOST = 12
CHANGED = 0.15
SETTLING_S = 60.0
PATIENCE = 20
COMMANDS = (Event.PROCEED, Event.ALERT, Event.ALERT_INBAND, Event.ANSWER)


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


class User:
    """A controller that does anything with its legs; each is told to be over once."""

    def __init__(self, end: End, random: Random) -> None:
        self.end, self._chance = end, random
        self.legs: set[str] = set()
        self._placed = 0

    def hear(self, told: list[object]) -> None:
        """Keep the books."""
        for event in told:
            match event:
                case legs.LegOffered(leg=leg) | legs.LegPlaced(leg=leg):
                    assert leg.leg not in self.legs, f"{leg.leg} is told twice"
                    self.legs.add(leg.leg)
                case legs.LegReleased(leg=name):
                    self.legs.remove(name)  # KeyError: it was over before

    def act(self) -> None:
        """One thing, whatever it is."""
        with contextlib.suppress(CallGoneError, KeyError):  # the leg cannot take it as it stands
            if not self.legs or (len(self.legs) < CALLS_MOST and self._chance.random() < 0.4):
                self.place()
            elif self._chance.random() < 0.3:
                self.let_go(self._chance.choice(sorted(self.legs)))
            else:
                leg = self.end.span.legs[self._chance.choice(sorted(self.legs))]
                self.end.span.command(leg, self._chance.choice(COMMANDS))

    def place(self) -> str:
        """A call out."""
        self._placed += 1
        name = f"{self.end.span.name}-out-{self._placed}"
        self.end.place(name)
        return name

    def let_go(self, name: str) -> None:
        """Of a leg."""
        self.end.span.release(self.end.span.legs[name], self._chance.randint(1, 127), ReleasedBy.US)


class Interface:
    """Both users and the wire between them."""

    def __init__(self, random: Random, note: Callable[[str], None]) -> None:
        self._chance = random
        self._pair = SpanPair(random.choice(tuple(Profile)))
        self._wire = self._pair.wire = BadWire(random, note)
        self._users = {Side.NETWORK: User(self._pair.net, random), Side.USER: User(self._pair.user, random)}
        self._pair.pass_s(1.0)
        self._hear()

    def round(self) -> None:
        """Trouble, then peace."""
        self._wire.bad = True
        for _ in range(STEPS):
            self._chance.choice(tuple(self._users.values())).act()
            self._pass_s(self._chance.choice((0.0, 0.0, 0.01, 0.1, 1.0, 5.0)))
        self._wire.bad = False
        for _ in range(PATIENCE):
            for user in self._users.values():
                for name in sorted(user.legs):
                    user.let_go(name)
            self._pass_s(SETTLING_S)
            if self._idle():
                break
        assert self._idle(), self._stand()
        self._a_call_passes()

    def _a_call_passes(self) -> None:
        net, user = self._users[Side.NETWORK], self._users[Side.USER]
        name = net.place()
        self._pass_s(1.0)
        (offered,) = user.legs
        user.end.span.command(user.end.span.legs[offered], Event.ANSWER)
        self._pass_s(1.0)
        assert net.end.span.legs[name].told.state is legs.LegState.ANSWERED
        net.let_go(name)
        self._pass_s(1.0)
        assert self._idle(), self._stand()

    def _pass_s(self, seconds: float) -> None:
        self._pair.pass_s(seconds)
        self._hear()

    def _hear(self) -> None:
        for side, user in self._users.items():
            user.hear(self._pair.heard[side])
            self._pair.heard[side].clear()

    def _idle(self) -> bool:
        """No leg on either side; a channel may be out of service where the far end seemed to say so."""
        ends = [user.end for user in self._users.values()]
        return not any(user.legs or user.end.span.legs or user.end.board.open for user in self._users.values()) and all(
            end.idle() + len(end.span.channels.out_of_service) == 30 for end in ends
        )

    def _stand(self) -> str:
        return " · ".join(
            f"{side.name}: legs {sorted(user.legs)} {sorted(user.end.span.legs)}, ports {sorted(user.end.board.open)}, "
            f"idle {user.end.idle()}, up {user.end.span.up}"
            for side, user in self._users.items()
        )


def rounds(random: Random, note: Callable[[str], None]) -> Iterator[None]:
    """For ever; libpri cannot free a link, so one pair serves many rounds."""
    while True:
        interface = Interface(random, note)
        for _ in range(20):
            interface.round()
            yield

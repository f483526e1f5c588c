# SPDX-License-Identifier: GPL-2.0-only
"""Two links back to back in virtual time: network and user side of one interface, a wire that can be cut."""

from collections.abc import Callable
from typing import TypeVar

from appliance.signalling.pri import events
from appliance.signalling.pri.link import Link, Profile, Setup, Side, Timers
from tests.signalling.pri.wire import TROUBLES, Trouble, Wire

E = TypeVar("E", bound=events.Event)
T = TypeVar("T")
STEP_S = 1e-6


class BackToBack:
    """`net` and `user`, their events in `heard`, every frame that was sent in `frames`."""

    def __init__(
        self,
        timers: Timers | None = None,
        profile: Profile = Profile.EUROISDN,
        trouble: Trouble = TROUBLES["clean"],
        seed: str = "",
    ) -> None:
        self.now = 1000.0
        self.wire = Wire(trouble, seed)
        self.heard: dict[Side, list[events.Event]] = {Side.NETWORK: [], Side.USER: []}
        timers = timers or Timers(t309_s=6.0, t316_s=5.0)
        self.net = Link(Side.NETWORK, timers, profile, clock=lambda: self.now)
        self.user = Link(Side.USER, timers, profile, clock=lambda: self.now)
        self.pass_s(0.1)
        self.pass_s(3.0 if trouble != Trouble() else 0.0)
        assert self.net.established
        assert self.user.established

    @property
    def cut(self) -> bool:
        """Whether the cable is out."""
        return self.wire.cut

    @cut.setter
    def cut(self, cut: bool) -> None:
        self.wire.cut = cut

    @property
    def frames(self) -> list[tuple[Side, bytes]]:
        """Every frame that was sent."""
        return [(side, frame) for _, side, frame in self.wire.sent]

    def link(self, side: Side) -> Link:
        """The link of a side."""
        return self.net if side is Side.NETWORK else self.user

    def settle(self) -> None:
        """Carry what arrives now until all is quiet."""
        while True:
            for side in Side:
                self.heard[side] += self.link(side).take_events()
                for frame in self.link(side).take_frames():
                    self.wire.carry(self.now, side, frame)
            arrived = self.wire.arrived(self.now)
            if not arrived:
                return
            for side, frame in arrived:
                (self.user if side is Side.NETWORK else self.net).receive(frame)

    def pass_s(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        end = self.now + seconds
        self.settle()
        while self._step(end):
            pass

    def until(self, side: Side, kind: type[E], nth: int = 1, patience_s: float = 300.0) -> E:
        """Let time pass until a side has told so many events of a kind; the last of them."""
        end = self.now + patience_s
        self.settle()
        while self.count(side, kind) < nth and self._step(end):
            pass
        return self.last(side, kind)

    def _step(self, end: float) -> bool:
        """To the next timer or frame; False at the end."""
        due = min(at for at in (self.net.due(), self.user.due(), self.wire.due(), end) if at is not None)
        self.now = end if due >= end else max(self.now, due) + STEP_S
        self.net.run()
        self.user.run()
        self.settle()
        return self.now < end

    def do(self, command: Callable[[], T]) -> T:
        """A command of either side, and what follows at once."""
        done = command()
        self.settle()
        return done

    def last(self, side: Side, kind: type[E]) -> E:
        """The last event of a kind that a side told."""
        found = [event for event in self.heard[side] if isinstance(event, kind)]
        assert found, f"{side} told no {kind.__name__}: {self.heard[side]}"
        return found[-1]

    def count(self, side: Side, kind: type[E]) -> int:
        """How many of a kind."""
        return sum(isinstance(event, kind) for event in self.heard[side])

    def ring(self, setup: Setup | None = None) -> tuple[events.CallNumber, events.CallNumber]:
        """The network calls: (its number of the call, the user's)."""
        call = self.do(lambda: self.net.setup(setup or Setup(5, "95588", "02512345678")))
        return call, self.last(Side.USER, events.SetupReceived).call

    def talk(self, channel: int = 5) -> tuple[events.CallNumber, events.CallNumber]:
        """A call from the network in state active on both sides."""
        call, ours = self.ring(Setup(channel, "95588", "02512345678"))
        self.do(lambda: self.user.proceeding(ours))
        self.do(lambda: self.user.answer(ours))
        return call, ours

    def lose_layer_1(self, seconds: float) -> None:
        """Cut for so long; both sides see RED after 500 ms and its end 500 ms after the mend."""
        self.cut = True
        self.pass_s(0.5)
        self.net.deactivate()
        self.user.deactivate()
        self.pass_s(seconds - 0.5)
        self.cut = False
        self.pass_s(0.5)
        self.net.activate()
        self.user.activate()
        self.pass_s(2.0)

    def messages(self, side: Side) -> list[int]:
        """Q.931 message types that a side sent, in order."""
        return [frame[8] for sender, frame in self.frames if sender is side and not frame[2] & 1 and len(frame) > 8]

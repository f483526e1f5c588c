# SPDX-License-Identifier: GPL-2.0-only
"""Two links back to back in virtual time: network and user side of one interface, a wire that can be cut."""

from collections.abc import Callable
from typing import TypeVar

from appliance.signalling.pri import events
from appliance.signalling.pri.link import Link, Setup, Side, Timers

E = TypeVar("E", bound=events.Event)
T = TypeVar("T")
STEP_S = 1e-6


class BackToBack:
    """`net` and `user`, their events in `heard`, every frame that passed in `frames`."""

    def __init__(self, timers: Timers | None = None) -> None:
        self.now = 1000.0
        self.cut = False
        self.frames: list[tuple[Side, bytes]] = []
        self.heard: dict[Side, list[events.Event]] = {Side.NETWORK: [], Side.USER: []}
        timers = timers or Timers(t309_s=6.0, t316_s=5.0)
        self.net = Link(Side.NETWORK, timers, clock=lambda: self.now)
        self.user = Link(Side.USER, timers, clock=lambda: self.now)
        self.pass_s(0.1)
        assert self.net.established
        assert self.user.established

    def settle(self) -> None:
        """Carry frames until both are quiet."""
        while True:
            self.heard[Side.NETWORK] += self.net.take_events()
            self.heard[Side.USER] += self.user.take_events()
            carried = [(Side.NETWORK, frame) for frame in self.net.take_frames()]
            carried += [(Side.USER, frame) for frame in self.user.take_frames()]
            if not carried:
                return
            self.frames += carried
            for side, frame in [] if self.cut else carried:
                (self.user if side is Side.NETWORK else self.net).receive(frame)

    def pass_s(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        end = self.now + seconds
        self.settle()
        while (due := min(at for at in (self.net.due(), self.user.due(), end) if at is not None)) < end:
            self.now = max(self.now, due) + STEP_S
            self.net.run()
            self.user.run()
            self.settle()
        self.now = end
        self.settle()

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

# SPDX-License-Identifier: GPL-2.0-only
"""Two links back to back in virtual time: network and user side of one interface."""

from appliance.signalling.pri import events
from appliance.signalling.pri.link import Link, Profile, Setup, Side, Timers
from tests.signalling.pri.pair import Pair
from tests.signalling.pri.wire import TROUBLES, Trouble


class BackToBack(Pair[Link]):
    """`net` and `user` are links; the data link stands."""

    def __init__(
        self,
        timers: Timers | None = None,
        profile: Profile = Profile.EUROISDN,
        trouble: Trouble = TROUBLES["clean"],
        seed: str = "",
    ) -> None:
        super().__init__(trouble, seed)
        timers = timers or Timers(t309_s=6.0, t316_s=5.0)
        self.net = Link(Side.NETWORK, timers, profile, clock=lambda: self.now)
        self.user = Link(Side.USER, timers, profile, clock=lambda: self.now)
        self.start()

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

    def messages(self, side: Side) -> list[int]:
        """Q.931 message types that a side sent, in order."""
        return [frame[8] for sender, frame in self.frames if sender is side and not frame[2] & 1 and len(frame) > 8]

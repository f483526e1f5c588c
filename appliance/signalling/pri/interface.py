# SPDX-License-Identifier: GPL-2.0-only
"""One span's share of a group (NFAS), used as a Link is: its channels are its own timeslots.

interface = Interface(group, 1)       # frames of its D-channel, where it has one, go in and out here
"""

import dataclasses
from collections.abc import Callable, Iterable
from contextlib import suppress

from appliance.signalling.pri import events
from appliance.signalling.pri.calls import CallGoneError
from appliance.signalling.pri.events import CallNumber, Event
from appliance.signalling.pri.nfas import INTERFACE_SHIFT, Group
from appliance.signalling.pri.settings import Setup
from appliance.wire.legs import Location

OUT_OF_ORDER = 27
AGAIN_S = 1.0
TIMESLOT = 0xFF
ELSEWHERE = 0  # no timeslot of this span


class Interface:
    """`d_channel_up`: this span's own D-channel stands, or where it has none, the group's.

    An interface that is RED for as long as T309 loses its calls, though the D-channel stands elsewhere.
    """

    def __init__(self, group: Group, number: int) -> None:
        self.number = number
        self.side = group.link.side
        self.room: Callable[[], bool] = lambda: True
        self._group = group
        self._link = group.link
        self._data_link = group.data_links.get(number)
        self._events: list[Event] = []
        self._lost_at: float | None = None
        group.join(self)

    # Frames and time.

    @property
    def established(self) -> bool:
        """The group's calls can be signalled."""
        return self._link.established

    @property
    def has_d_channel(self) -> bool:
        """It is not of bearers only."""
        return self._data_link is not None

    @property
    def d_channel_up(self) -> bool:
        """Now."""
        return self.established if self._data_link is None else self._data_link.established

    @property
    def damaged(self) -> int:
        """Frames that could not be read."""
        return 0 if self._data_link is None else self._data_link.damaged

    def receive(self, frame: bytes) -> None:
        """A frame came on this span's D-channel."""
        if self._data_link is not None:
            self._data_link.receive(frame)
            self._group.settle()

    def run(self) -> None:
        """Timers may be due."""
        if self._lost_at is not None and self._group.clock() >= self._lost_at:
            self._lose()
        self._group.run()

    def _lose(self) -> None:
        """T309, while the D-channel stands; while it does not, the link's own clears all calls."""
        if not self.established:
            self._lost_at = self._group.clock() + AGAIN_S
            return
        self._lost_at = None
        for call in self._group.calls(self):
            self._group.forget(call)
            with suppress(CallGoneError):  # its end is told already
                self._link.release(call, OUT_OF_ORDER)
            self._events.append(events.CallCleared(call, OUT_OF_ORDER))

    def due(self) -> float | None:
        """When they are."""
        return min((at for at in (self._group.due(), self._lost_at) if at is not None), default=None)

    def take_frames(self) -> list[bytes]:
        """To be sent on this span's D-channel."""
        self._group.settle()
        return [] if self._data_link is None else self._data_link.take_frames()

    def take_events(self) -> list[Event]:
        """What happened here."""
        self._group.settle()
        happened, self._events = self._events, []
        return happened

    def deactivate(self) -> None:
        """Layer 1 is down, or is still: T309 is not begun anew."""
        if self._lost_at is None:
            self._lost_at = self._group.clock() + self._group.timers.t309_s
        if self._data_link is not None:
            self._data_link.deactivate()
        self._group.settle()

    def activate(self) -> None:
        """It is back."""
        self._lost_at = None
        if self._data_link is not None:
            self._data_link.activate()

    def take(self, event: Event) -> None:
        """The group has something for this interface."""
        channel = getattr(event, "channel", None)
        if channel is not None:
            here = channel >> INTERFACE_SHIFT == self.number
            timeslot = (channel & TIMESLOT or None) if here else ELSEWHERE
            event = dataclasses.replace(event, channel=timeslot)  # type: ignore[arg-type]  # it has one
        self._events.append(event)

    # Commands: see Link.

    def setup(self, setup: Setup) -> CallNumber:
        """SETUP."""
        call = self._link.setup(dataclasses.replace(setup, channel=self._named(setup.channel)))
        self._group.note(call, self)
        return call

    def setup_acknowledge(self, call: CallNumber, channel: int | None = None) -> None:
        """SETUP ACKNOWLEDGE."""
        self._link.setup_acknowledge(call, channel and self._named(channel))

    def dial(self, call: CallNumber, digits: str, *, whole: bool = False) -> None:
        """INFORMATION."""
        self._link.dial(call, digits, whole=whole)

    def proceeding(self, call: CallNumber, channel: int | None = None) -> None:
        """CALL PROCEEDING."""
        self._link.proceeding(call, channel and self._named(channel))

    def progress(self, call: CallNumber) -> None:
        """PROGRESS."""
        self._link.progress(call)

    def alerting(self, call: CallNumber, *, inband: bool = False) -> None:
        """ALERTING."""
        self._link.alerting(call, inband=inband)

    def answer(self, call: CallNumber) -> None:
        """CONNECT."""
        self._link.answer(call)

    def release(
        self, call: CallNumber, cause: int = 16, made_at: Location | None = None, *, inband: bool = False
    ) -> None:
        """Clear."""
        self._link.release(call, cause, made_at, inband=inband)

    def hold(self, call: CallNumber) -> None:
        """HOLD ACKNOWLEDGE."""
        self._link.hold(call)

    def refuse_hold(self, call: CallNumber, cause: int) -> None:
        """HOLD REJECT."""
        self._link.refuse_hold(call, cause)

    def retrieve(self, call: CallNumber) -> None:
        """RETRIEVE ACKNOWLEDGE."""
        self._link.retrieve(call)

    def refuse_retrieve(self, call: CallNumber, cause: int) -> None:
        """RETRIEVE REJECT."""
        self._link.refuse_retrieve(call, cause)

    def transfer(self, call: CallNumber, other: CallNumber) -> None:
        """Ask for a transfer."""
        self._link.transfer(call, other)

    def restart(self, channels: Iterable[int]) -> None:
        """RESTART each."""
        self._link.restart([self._named(channel) for channel in channels])

    def withdraw_restart(self, channel: int) -> bool:
        """No RESTART of this one."""
        return self._link.withdraw_restart(self._named(channel))

    def _named(self, timeslot: int) -> int:
        return self.number << INTERFACE_SHIFT | timeslot

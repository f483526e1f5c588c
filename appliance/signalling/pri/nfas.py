# SPDX-License-Identifier: GPL-2.0-only
"""Several interfaces with one D-channel and one to back it up (NFAS): one Q.931 over the data link that is in use.

    group = Group(Side.USER, timers, Profile.NATIONAL, primary=0, backup=1)
    interfaces = [Interface(group, number) for number in (0, 1, 2)]   # see interface.py

Both data links stand; one is in use, the primary first. When it fails, the other is, and no call notices. Who takes a
message on the other follows it, as the far end has moved; where the profile has SERVICE, the move is said besides.
While neither stands it is as with any link: T309 (Q.931 §5.8.9).
"""

import time
from collections.abc import Callable
from typing import Protocol

import structlog

from appliance.signalling.pri import events, guard
from appliance.signalling.pri.data_link import DataLink, Message
from appliance.signalling.pri.events import CallNumber, Event
from appliance.signalling.pri.link import Link
from appliance.signalling.pri.loop import Loop
from appliance.signalling.pri.settings import Profile, Side, Timers

log = structlog.get_logger()

DISCRIMINATORS = {Profile.NATIONAL: 0x43, Profile.FOUR_ESS: 0x03, Profile.FIVE_ESS: 0x03}  # of profiles with SERVICE
CHANGE_STATUS = bytes([guard.CHANGE_STATUS, 1, 0xC0])  # in service
D_CHANNEL_OF = 0xEC  # Channel identification, octet 3: that of the interface named next
NO_SUCH_CHANNEL = 82
INTERFACE_SHIFT = 8  # in Link's channels


class Member(Protocol):
    """An interface of the group. `room`: whether it could take a call."""

    number: int
    room: Callable[[], bool]

    def take(self, event: Event) -> None:
        """Something has happened there."""


class Group:
    """`primary`, `backup`: numbers of the interfaces that have the D-channels."""

    def __init__(
        self,
        side: Side,
        timers: Timers | None = None,
        profile: Profile = Profile.NATIONAL,
        *,
        primary: int = 0,
        backup: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        debug: bool = False,
    ) -> None:
        if profile is Profile.QSIG:
            raise ValueError("qsig has no word for the interface of a channel: one D-channel a span")
        self.timers = timers or Timers()
        self.clock = clock
        self.link = Link(side, self.timers, profile, interface=primary, clock=clock, debug=debug)
        numbers = (primary,) if backup is None else (primary, backup)
        self.data_links = {number: DataLink(side, profile, self.timers, clock) for number in numbers}
        self.in_use = primary
        self._discriminator = DISCRIMINATORS.get(profile)
        self._loop = Loop(self.link)
        self._interfaces: dict[int, Member] = {}
        self._of: dict[CallNumber, Member] = {}

    def join(self, interface: Member) -> None:
        """One more interface."""
        self._interfaces[interface.number] = interface

    def note(self, call: CallNumber, interface: Member) -> None:
        """A call of an interface's."""
        self._of[call] = interface

    def forget(self, call: CallNumber) -> None:
        """Nobody wants to hear of it any more."""
        del self._of[call]

    def calls(self, interface: Member) -> list[CallNumber]:
        """Those of an interface."""
        return [call for call, whose in self._of.items() if whose is interface]

    def run(self) -> None:
        """Timers may be due."""
        for data_link in self.data_links.values():
            data_link.run()
        self.link.run()
        self.settle()

    def due(self) -> float | None:
        """When they are."""
        times = (self.link.due(), *(data_link.due() for data_link in self.data_links.values()))
        return min((at for at in times if at is not None), default=None)

    def settle(self) -> None:
        """Carry messages between the link and the data links until all is quiet, and events to the interfaces."""
        while self._moved():
            pass

    def _moved(self) -> bool:
        heard = [(number, message) for number, link in self.data_links.items() for message in link.take_messages()]
        self._choose()
        for number, message in heard:
            self._hear(number, message)
        said = self._loop.take_messages()
        for octets in said:
            self.data_links[self.in_use].say(octets)
        happened = self.link.take_events()
        for event in happened:
            for interface in self._concerned(event):
                interface.take(event)
        return bool(heard or said or happened)

    def _choose(self) -> None:
        standing = [number for number, data_link in self.data_links.items() if data_link.established]
        lost = [message for data_link in self.data_links.values() for message in data_link.take_lost()]
        if standing and not self.data_links[self.in_use].established:
            self._use(standing[0])
        if standing and lost:
            self._say_again(lost)
        if bool(standing) != self._loop.open:
            if standing:
                self._loop.establish()
            else:
                self._loop.release()

    def _use(self, number: int) -> None:
        log.info("pri.d-channel.changed", before=self.in_use, now=number)
        self.in_use = number
        if self._discriminator is not None:
            channel = bytes([guard.CHANNEL_IDENTIFICATION, 2, D_CHANNEL_OF, 0x80 | number])
            head = bytes([self._discriminator, 2, 0, 0, guard.MAINTENANCE[self._discriminator]])
            self.data_links[number].say(head + CHANGE_STATUS + channel)

    def _say_again(self, lost: list[bytes]) -> None:
        """What the other D-channel took with it. Digits may have arrived: those calls are cleared (Q.931 §5.8.8 a)."""
        self.link.clear_dialling()
        for message in lost:
            if message[0] == guard.Q931 and message[4] != guard.INFORMATION:
                self.data_links[self.in_use].say(message)

    def _hear(self, number: int, message: Message) -> None:
        octets, service = message
        if service is None:
            self._loop.tell(octets)
        elif not service.acknowledges:
            head = bytes([octets[0], 2, octets[2] ^ 0x80, octets[3], octets[4] ^ guard.ACKNOWLEDGE])
            self.data_links[number].say(head + octets[5:])
        if service is None or (service.into and not service.acknowledges):
            self.in_use = number

    def _with_room(self) -> int:
        """For a call that leaves the channel to us."""
        return next((number for number, interface in self._interfaces.items() if interface.room()), self.in_use)

    def _concerned(self, event: Event) -> list[Member]:
        """Whose event it is: its call's, its channel's, or everybody's."""
        call, channel = getattr(event, "call", None), getattr(event, "channel", None)
        if isinstance(event, events.SetupReceived):
            number = self._with_room() if channel is None else channel >> INTERFACE_SHIFT
            if number not in self._interfaces:
                self.link.release(event.call, NO_SUCH_CHANNEL)
                return []
            self._of[event.call] = self._interfaces[number]
        if call is not None:
            whose = self._of.pop(call, None) if isinstance(event, events.CallCleared) else self._of.get(call)
            return [] if whose is None else [whose]
        if channel is not None:
            return [interface for number, interface in self._interfaces.items() if number == channel >> INTERFACE_SHIFT]
        return list(self._interfaces.values())

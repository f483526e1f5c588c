# SPDX-License-Identifier: GPL-2.0-only
"""Overlap receiving (Q.931 §5.2.4): calls whose number is still being dialled. Their channels are taken, but no leg is.

A number is complete when it has as many digits as the span's numbers have, when the caller's exchange says so, or when
T302 has run out.
"""

from dataclasses import replace

from appliance.line.channels import Channels
from appliance.signalling.pri.events import CallNumber, DigitsReceived, SetupReceived


class Overlap:
    """`digits` of a complete number; 0: every SETUP is complete as it is."""

    def __init__(self, digits: int, channels: Channels) -> None:
        self._digits = digits
        self._channels = channels
        self._dialling: dict[CallNumber, tuple[SetupReceived, int]] = {}

    def awaits(self, setup: SetupReceived) -> bool:
        """Whether digits are missing."""
        return not setup.complete and len(setup.dnis) < self._digits

    def begin(self, setup: SetupReceived, timeslot: int) -> None:
        """SETUP ACKNOWLEDGE goes out."""
        self._dialling[setup.call] = setup, timeslot
        self._channels.reserve(timeslot)

    def dialled(self, event: DigitsReceived) -> tuple[SetupReceived, int] | None:
        """The call with its number and its timeslot, once it is complete."""
        if event.call not in self._dialling:
            return None
        setup, timeslot = self._dialling[event.call]
        setup = replace(setup, dnis=setup.dnis + event.digits, complete=event.complete)
        self._dialling[event.call] = setup, timeslot
        return None if self.awaits(setup) else self.end(event.call)

    def end(self, call: CallNumber) -> tuple[SetupReceived, int] | None:
        """No more digits: the number is complete, or the call is cleared."""
        ended = self._dialling.pop(call, None)
        if ended is not None:
            self._channels.unreserve(ended[1])
        return ended

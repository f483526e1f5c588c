# SPDX-License-Identifier: GPL-2.0-only
"""A link's calls: our number for each, libpri's pointer, its channel. A pointer may come again; a number never does."""

from dataclasses import dataclass

from appliance.signalling.pri._pri import ffi
from appliance.signalling.pri.events import CallNumber
from appliance.signalling.pri.location import CallReference


class CallGoneError(Exception):
    """A command for a call that is cleared, or that cannot take it in its state."""


@dataclass(slots=True)
class Growing:
    """A number of ours that more digits follow (Q.931 §5.1.3): those that SETUP ACKNOWLEDGE is still awaited for.

    `whole`: the last digit is among them, or went out.
    """

    acknowledged: bool = False
    unsent: str = ""
    whole: bool = False


@dataclass(slots=True)
class Call:
    """`channel` 0: none agreed yet. `responded`: a first response to its SETUP went out, or the SETUP was `ours`."""

    number: CallNumber
    pointer: "ffi.CData"
    channel: int
    responded: bool
    ours: bool = False
    reference: int = 0  # without the flag
    interface: int = 0  # that the SETUP names (§4.5.13, octet 3.1), as libpri has it: above the channel's octet
    implied: int | None = None  # see CallTable
    active_from: float | None = None  # since when the peer must have it in state 10
    dialling_until: float | None = None  # T302 of a peer's call, T304 of ours
    growing: Growing | None = None
    clearing: bool = False  # we have said DISCONNECT or RELEASE
    cause: int | None = None  # of the first DISCONNECT that we said, or that came with sound
    disconnected_until: float | None = None  # T305, T306
    progress_until: float | None = None  # T310, T301, T313

    @property
    def bearer(self) -> int:
        """Channel and interface for libpri; 0: none agreed yet."""
        return self.channel and self.channel | self.interface


class CallTable:
    """Both ways to find a call. `implied`: the interface of a channel that names none, where there are several."""

    def __init__(self, implied: int | None = None) -> None:
        self._implied = implied
        self._by_number: dict[CallNumber, Call] = {}
        self._by_pointer: dict[int, Call] = {}
        self._last = 0

    def add(self, pointer: "ffi.CData", channel: int | None, *, ours: bool) -> Call:
        """A new call."""
        self._last += 1
        call = Call(CallNumber(self._last), pointer, channel or 0, responded=ours, ours=ours, implied=self._implied)
        self._by_number[call.number] = call
        self._by_pointer[_address(pointer)] = call
        return call

    def remove(self, call: Call) -> None:
        """Forget a call."""
        del self._by_number[call.number]
        if self._by_pointer.get(_address(call.pointer)) is call:
            del self._by_pointer[_address(call.pointer)]

    def find(self, number: CallNumber) -> Call:
        """Raises CallGoneError."""
        try:
            return self._by_number[number]
        except KeyError:
            raise CallGoneError(f"call {number} is cleared") from None

    def at(self, pointer: "ffi.CData") -> Call | None:
        """The call that libpri means."""
        return self._by_pointer.get(_address(pointer))

    def running(self, timer: str) -> dict[CallNumber, float]:
        """When a timer runs out, by its name in Call, of each call that has it."""
        ends = {number: getattr(call, timer) for number, call in self._by_number.items()}
        return {number: at for number, at in ends.items() if at is not None}

    def on(self, channel: int | None) -> list[Call]:
        """Calls on a channel, or on an interface whose number stands above a timeslot 0; all calls for None."""
        return [
            call
            for call in self._by_number.values()
            if channel is None or call.channel == channel or (call.channel and call.channel & ~0xFF == channel)
        ]

    def referred(self, reference: CallReference | None) -> list[Call]:
        """Those of a call reference: one, but for a moment in which it is used again."""
        return [call for call in self._by_number.values() if (call.reference, call.ours) == reference]


def _address(pointer: "ffi.CData") -> int:
    return int(ffi.cast("uintptr_t", pointer))

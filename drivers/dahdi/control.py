# SPDX-License-Identifier: GPL-2.0-only
"""Spans as the card's driver has them: found, configured, looped, counted. Nothing here touches sound."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from drivers.dahdi import abi
from drivers.dahdi.abi import LineAlarm, Maintenance, Use
from drivers.dahdi.kernel import DahdiError, Kernel, Linux, refusals
from drivers.dahdi.line import E1Line, T1Line
from drivers.model import CAS_TIMESLOT, TIMESLOTS, DigitalLine


class CardSpan(msgspec.Struct, frozen=True):
    """A span of a card, numbered from 1 as DAHDI does, and what it has counted since it was last told to begin anew."""

    number: int
    name: str
    description: str
    alarms: LineAlarm
    timed_by: int
    """Span that gives the card its clock; 0: the card itself."""
    timeslots: int
    bipolar_violations: int
    crc4_errors: int
    e_bits: int
    """Blocks that the far end told it had received with errors."""
    framing_errors: int
    errored_seconds: int


class Control:
    """DAHDI's control device. Close it when done.

    Raises: DahdiError where the driver is not loaded, and from every verb that is refused.
    """

    def __init__(self, kernel: Kernel | None = None) -> None:
        self.kernel = kernel or Linux()
        with refusals(abi.CONTROL):
            self._fd = self.kernel.open(abi.CONTROL)

    def close(self) -> None:
        """Spans stay as they are."""
        self.kernel.close(self._fd)

    def spans(self) -> tuple[int, ...]:
        """Numbers of the spans that exist."""
        return tuple(number for number in range(1, abi.SPANS + 1) if self._exists(number))

    def span(self, number: int) -> CardSpan:
        """Alarms and counters of a span."""
        self._check(number)
        asked = abi.INT.pack(number).ljust(abi.SPAN_INFORMATION.size, b"\0")
        told = abi.SPAN_INFORMATION.unpack(self._ask(f"span {number}", abi.SPANSTAT, asked))
        return CardSpan(
            number=told[0],
            name=_text(told[1]),
            description=_text(told[2]),
            alarms=LineAlarm(told[3]),
            bipolar_violations=told[6],
            crc4_errors=told[7],
            e_bits=told[8],
            framing_errors=told[9],
            errored_seconds=told[14],
            timed_by=told[16],
            timeslots=told[18],
        )

    def channels(self, span: int, *, in_use: bool = False) -> dict[int, int]:
        """DAHDI's channel numbers of a span by timeslot; `in_use`: only those that were given a use."""
        self._check(span)
        found: dict[int, int] = {}
        for channel in range(1, abi.CHANNELS):
            asked = abi.INT.pack(channel).ljust(abi.CHANNEL_PARAMETERS.size, b"\0")
            try:
                told = self.kernel.ioctl(self._fd, abi.GET_PARAMS, asked)
            except OSError:
                continue  # no such channel
            _, of_span, timeslot, use, *_ = abi.CHANNEL_PARAMETERS.unpack(told)
            if of_span == span and (use or not in_use):
                found[timeslot] = channel
        return found

    def configure(self, span: int, line: E1Line | T1Line, use: Use = Use.CLEAR, idle_bits: int = 0b1101) -> None:
        """Set a span's line and what its timeslots are for, and start it. `idle_bits`: abcd of CAS at rest.

        With CAS, timeslot 16 of an E1 is the card's.
        """
        self._check(span)
        where = f"span {span}"
        channels = self.channels(span)
        kind: DigitalLine = "e1" if isinstance(line, E1Line) else "t1"
        if len(channels) != len(TIMESLOTS[kind]):
            an_e1 = {"e1": "an E1", "t1": "a T1"}[kind]
            has = f"it has {len(channels)} timeslots, {an_e1} {len(TIMESLOTS[kind])}"
            raise DahdiError(f"{where}: {has}; line, and the card's jumper or module option, must be what it is")
        self._ask(where, abi.SPANCONFIG, abi.LINE.pack(span, b"", line.build_out, line.bits, line.timing))
        law = abi.A_LAW if kind == "e1" else abi.MU_LAW
        for timeslot, channel in channels.items():
            framing = use is Use.CAS and kind == "e1" and timeslot == CAS_TIMESLOT
            own = Use.NONE if framing else use
            chosen = abi.CHANNEL_USE.pack(channel, b"", own, law, 0, idle_bits if own is Use.CAS else 0, b"")
            self._ask(f"{where} timeslot {timeslot}", abi.CHANCONFIG, chosen)
        self._ask(where, abi.STARTUP, abi.INT.pack(span))

    def configure_lines(self, span: int, timeslots: Collection[int]) -> None:
        """Make these timeslots lines of an exchange (FXO), A-law."""
        there = self.channels(span)
        for timeslot in timeslots:
            where = f"span {span} timeslot {timeslot}"
            if timeslot not in there:
                raise DahdiError(f"{where}: no such timeslot; there are: {', '.join(map(str, sorted(there)))}")
            chosen = abi.CHANNEL_USE.pack(there[timeslot], b"", Use.LINE, abi.A_LAW, 0, 0, b"")
            self._ask(where, abi.CHANCONFIG, chosen)

    def maintain(self, span: int, what: Maintenance) -> None:
        """Begin or end (NONE) a loopback or a test."""
        self._check(span)
        self._ask(f"span {span} {what.name}", abi.MAINT, abi.TWO_INTS.pack(span, what))

    def create_dynamic(self, driver: str, address: str, timeslots: int = 31, timing: int = 0) -> int:
        """Make a span without a card, such as one end ("1:0") of a cable in memory ("loc"). Returns its number."""
        wanted = abi.DYNAMIC_SPAN.pack(driver.encode(), address.encode(), timeslots, timing, 0)
        told = self._ask(f"dynamic span {driver} {address}", abi.DYNAMIC_CREATE, wanted)
        return int(abi.DYNAMIC_SPAN.unpack(told)[4])

    def destroy_dynamic(self, driver: str, address: str) -> None:
        """Unmake it."""
        gone = abi.DYNAMIC_SPAN.pack(driver.encode(), address.encode(), 0, 0, 0)
        self._ask(f"dynamic span {driver} {address}", abi.DYNAMIC_DESTROY, gone)

    def _ask(self, where: str, request: int, argument: bytes) -> bytes:
        with refusals(where):
            return self.kernel.ioctl(self._fd, request, argument)

    def _exists(self, number: int) -> bool:
        try:
            asked = abi.INT.pack(number).ljust(abi.SPAN_INFORMATION.size, b"\0")
            self.kernel.ioctl(self._fd, abi.SPANSTAT, asked)
        except OSError:
            return False
        return True

    def _check(self, span: int) -> None:
        if not 1 <= span <= abi.SPANS or not self._exists(span):
            there = ", ".join(map(str, self.spans())) or "none"
            raise DahdiError(f"span {span}: no such span; there are: {there}")


def _text(octets: bytes) -> str:
    return octets.split(b"\0")[0].decode("ascii", "replace")

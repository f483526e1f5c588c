# SPDX-License-Identifier: GPL-2.0-only
"""The open channels of a span. Closing one hangs it up, so whoever holds these outlives the engine and the workers.

The engine and the line worker inherit the descriptors, under the same numbers.
"""

from __future__ import annotations

from collections.abc import Collection

from drivers.dahdi import abi
from drivers.dahdi.control import Control
from drivers.dahdi.kernel import DahdiError, Kernel, refusals

BLOCK = 40
"""Octets the kernel hands over at once: a tick's."""
REFERENCE_BLOCK = 24
"""Of the reference timeslot: 3 ms against ticks of 5 show the card's pace to 1 ms, the kernel's own step."""


class SpanChannels:
    """Every timeslot of a span that has a use, or these lines, open; none is touched by an echo canceller of the card.

    Raises: DahdiError for a channel that cannot be had; none is left open then.
    """

    def __init__(self, control: Control, span: int, timeslots: Collection[int] = ()) -> None:
        self._kernel = control.kernel
        self._descriptors: dict[int, int] = {}
        self._lines = bool(timeslots)  # any of which may come to show the clock
        channels = control.channels(span, in_use=True)
        channels = {timeslot: channels[timeslot] for timeslot in timeslots or channels}
        if not channels:
            raise DahdiError(f"span {span}: none of its timeslots was given a use; configure it first")
        self.reference = min(channels)
        try:
            for timeslot, channel in sorted(channels.items()):
                self._open(f"span {span} timeslot {timeslot} (channel {channel})", timeslot, channel)
        except DahdiError:
            self.close()
            raise

    @property
    def descriptors(self) -> dict[int, int]:
        """By timeslot."""
        return dict(self._descriptors)

    def close(self) -> None:
        """Hang all up."""
        while self._descriptors:
            self._kernel.close(self._descriptors.popitem()[1])

    def _open(self, where: str, timeslot: int, channel: int) -> None:
        with refusals(where):
            fd = self._descriptors[timeslot] = self._kernel.open(abi.CHANNEL)
            block = REFERENCE_BLOCK if self._lines or timeslot == self.reference else BLOCK
            buffers = abi.BUFFERS.pack(abi.POLICY_AT_ONCE, abi.POLICY_AT_ONCE, abi.BUFFERS_MOST, block, 0, 0)
            for request, argument in (
                (abi.SPECIFY, abi.INT.pack(channel)),
                (abi.SET_BUFINFO, buffers),
                (abi.BUFFER_EVENTS, abi.INT.pack(1)),
            ):
                self._kernel.ioctl(fd, request, argument)


def answers(kernel: Kernel, fd: int) -> bool:
    """Whether an open channel still has its span: that of a card that was taken out never has it again."""
    try:
        kernel.ioctl(fd, abi.SPANSTAT, bytes(abi.SPAN_INFORMATION.size))
    except OSError:
        return False
    return True

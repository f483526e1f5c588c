# SPDX-License-Identifier: GPL-2.0-only
"""Analogue lines of DAHDI's cards: the LineDriver. A line is its channel's descriptor; the engine has its sound.

Law: what the pair shows is asked of the kernel at every poll, as levels; its events are the engine's, which fetches
them because they stop the sound. Voltage and polarity are told by drivers of Si3050 ports only (WCTDM_GET_STATS).
"""

from __future__ import annotations

import msgspec

from drivers.dahdi import abi
from drivers.dahdi.abi import Hook, Seen
from drivers.dahdi.kernel import Kernel, Linux, meaning
from drivers.model import LineAlarm, LineEvent, LineStatus

LOOK_S = 0.1
"""Between looks at the voltage."""
RETRY_S = 1.0
BATTERY_V = 3
BATTERY_S = 0.5
"""A battery that is missing for so long is an alarm."""


class DahdiLineSettings(msgspec.Struct, frozen=True):
    """One line. `descriptor`: its open channel; None: the card could not be had."""

    descriptor: int | None = None


class DahdiLineDriver:
    """Lines whose channels are open, by descriptors that outlive this process: a line stays as it is when it dies."""

    def __init__(self, kernel: Kernel | None = None) -> None:
        self._kernel = kernel or Linux()
        self._lines: dict[int, _Line] = {}

    @property
    def lines(self) -> tuple[int, ...]:
        """Lines that are configured, by number."""
        return tuple(sorted(self._lines))

    def configure(self, line: int, settings: DahdiLineSettings) -> None:
        """Put a line into service; the first `poll` puts it on hook."""
        self._lines[line] = _Line(self._kernel, settings.descriptor)

    def set_mode(self, line: int, mode: str, acim: int) -> bool:
        """A card's line mode is a word of its module's (opermode), which cannot be changed here."""
        del line, mode, acim
        return False

    def close(self, line: int) -> None:
        """Put the line on hook and take it out of service."""
        self._line(line).move(Hook.ON)
        del self._lines[line]

    def poll(self, now_s: float) -> list[tuple[int, LineEvent]]:
        """Look at the lines, every 10 ms."""
        return [(line, event) for line in self.lines for event in self._lines[line].serve(now_s)]

    def status(self, line: int) -> LineStatus:
        """The line as `poll` last found it."""
        return self._line(line).status

    def fault(self, line: int) -> str:
        """Why its card is out of service, or nothing."""
        return self._line(line).fault

    def off_hook(self, line: int) -> bool:
        """Seize or answer, or close the loop again after a break."""
        return self._line(line).move(Hook.OFF)

    def on_hook(self, line: int) -> bool:
        """Clear."""
        return self._line(line).move(Hook.ON)

    def break_loop(self, line: int) -> bool:
        """Interrupt the loop of a line that is off hook."""
        return self._line(line).break_loop()

    def _line(self, line: int) -> _Line:
        if line not in self._lines:
            raise ValueError(f"line={line}: not configured; there are {', '.join(map(str, self.lines)) or 'none'}")
        return self._lines[line]


class _Line:
    """A channel and what is known of its pair."""

    def __init__(self, kernel: Kernel, descriptor: int | None) -> None:
        self.fault = "" if descriptor is not None else "its card could not be had when the box started"
        self.status = LineStatus(alarms=LineAlarm.FAULT if self.fault else LineAlarm.NONE)
        self._kernel = kernel
        self._fd = descriptor
        self._broken = False
        self._tells_voltage = True
        self._first_positive: bool | None = None
        self._fed_s = 0.0
        self._now_s = self._look_s = self._due_s = 0.0

    def serve(self, now_s: float) -> list[LineEvent]:
        """Look at the line, and tell what happened."""
        self._now_s = now_s
        if self._fd is None or now_s < self._due_s:
            return []
        before = self.status
        try:
            if not before.ready:
                self._hook(Hook.ON)
                self._fed_s = now_s
            self.status = self._look(now_s)
            self.fault = ""
        except OSError as error:
            self._die(error)
        return _between(before, self.status)

    def move(self, hook: Hook) -> bool:
        """Off hook or on."""
        if not self.status.ready:
            return False
        try:
            self._hook(hook)
        except OSError as error:
            self._die(error)
            return False
        self._broken = False
        self.status = msgspec.structs.replace(self.status, off_hook=hook is Hook.OFF)
        return True

    def break_loop(self) -> bool:
        """The loop open while the line stays off hook."""
        if not self.status.off_hook or not self.move(Hook.ON):
            return False
        self._broken = True
        self.status = msgspec.structs.replace(self.status, off_hook=True)
        return True

    def _hook(self, hook: Hook) -> None:
        if self._fd is not None:
            self._kernel.ioctl(self._fd, abi.HOOK, abi.INT.pack(hook))

    def _die(self, error: OSError) -> None:
        self.fault = meaning(error)
        self.status = LineStatus(alarms=LineAlarm.FAULT)
        self._due_s = self._now_s + RETRY_S

    def _look(self, now_s: float) -> LineStatus:
        seen = self._seen()
        fed = self.status.fed if self._broken or seen is Seen.RING else seen is not Seen.OPEN
        if fed:
            self._fed_s = now_s
        lost = not fed and now_s - self._fed_s >= BATTERY_S
        voltage_v, is_reversed = self._voltage(now_s, ringing=seen is Seen.RING)
        return LineStatus(
            ready=True,
            off_hook=self.status.off_hook,
            ringing=seen is Seen.RING,
            fed=fed,
            voltage_v=voltage_v,
            reversed=is_reversed,
            alarms=LineAlarm.NO_BATTERY if lost else LineAlarm.NONE,
        )

    def _seen(self) -> Seen:
        told = self._ask(abi.GET_PARAMS, abi.CHANNEL_PARAMETERS.size)
        return Seen(abi.CHANNEL_PARAMETERS.unpack(told)[9])

    def _voltage(self, now_s: float, *, ringing: bool) -> tuple[int | None, bool]:
        """Of drivers that tell it; and whether it has another sign than at first."""
        known = self.status.voltage_v, self.status.reversed
        if not self._tells_voltage or ringing or self._broken or now_s < self._look_s:
            return known
        self._look_s = now_s + LOOK_S
        try:
            millivolts = abi.VOLTAGES.unpack(self._ask(abi.GET_STATS, abi.VOLTAGES.size))[0]
        except OSError:
            self._tells_voltage = False
            return None, False
        if abs(millivolts) < BATTERY_V * 1000:
            return round(millivolts / 1000), known[1]
        if self._first_positive is None:
            self._first_positive = millivolts > 0
        return round(millivolts / 1000), (millivolts > 0) is not self._first_positive

    def _ask(self, request: int, octets: int) -> bytes:
        return self._kernel.ioctl(-1 if self._fd is None else self._fd, request, bytes(octets))


def _between(before: LineStatus, now: LineStatus) -> list[LineEvent]:
    """What has happened."""
    told = []
    if now.ready and not before.ready:
        told.append(LineEvent.READY)
    if now.ringing != before.ringing:
        told.append(LineEvent.RING if now.ringing else LineEvent.RING_ENDED)
    if now.reversed != before.reversed:
        told.append(LineEvent.POLARITY_REVERSED)
    if now.alarms != before.alarms:
        told.append(LineEvent.ALARMS_CHANGED)
    return told

# SPDX-License-Identifier: GPL-2.0-only
"""What a window of looks, one a second, says of a line: the figures that a verdict is made of."""

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from appliance.line.performance.look import Look
from appliance.line.performance.seconds import grown
from drivers.model import Alarm

SHORT_S = 10
"""A drift of fewer seconds is no drift."""


class Evidence(msgspec.Struct, frozen=True):
    """Sums over the window, unless named otherwise."""

    seconds: int
    los_s: int
    lfa_s: int
    fault_s: int
    """Of the card."""
    ais_s: int
    rai_s: int
    down_s: int
    """Seconds for which the D-channel has been down without an alarm, until now."""
    frames_ever: int
    """That the D-channel has received."""
    frames_down: int
    """Of them those that came in `down_s`."""
    packets: dict[str, int]
    """SpanCounters."""
    framer: dict[str, int]
    """LineErrors; empty without a framer."""
    late_ticks: int
    skipped_ticks: int
    machine_late: int
    lost_on_time: int
    """Packets lost while the machine kept time."""
    resyncs_on_time: int
    errored_s: int
    """Seconds with CRC errors."""
    ppm: float
    """Of a clock that was followed, on average."""
    unlocked_s: int
    drift_ppm: float
    """How fast the receive buffer fills or empties: a clock that is not followed."""

    @property
    def got(self) -> int:
        """Packets that were for us, or were to be."""
        return self.packets["received"] + self.packets["lost"]

    @property
    def loss_percent(self) -> float:
        """Of them."""
        return 100 * self.packets["lost"] / max(1, self.got)

    @property
    def unsent_percent(self) -> float:
        """Of our packets those that the kernel did not take."""
        return 100 * self.packets["send_errors"] / max(1, self.packets["send_errors"] + self.packets["sent"])

    @property
    def violations(self) -> int:
        """Of the line code, as far as a framer counts them."""
        return self.framer.get("code_violations", 0)

    @property
    def slips(self) -> int:
        """Of both directions, wherever they were counted."""
        return self.packets["slips"] + self.packets["slips_sent"] + self.framer.get("slips", 0)


def gather(looks: Sequence[Look]) -> Evidence:
    """Of two looks at least."""
    last, down_s = looks[-1], _down_s(looks)
    steps = [_Step(before, now) for before, now in pairwise(looks)]
    late = [step.host["late_ticks"] + step.host["skipped_ticks"] > 0 for step in steps]
    on_time = [not any(late[max(0, place - 1) : place + 2]) for place in range(len(steps))]
    followed = [look.span.clock_ppm for look in looks if look.span.clock_locked and not look.span.alarms]
    return Evidence(
        seconds=len(steps),
        los_s=_with(steps, Alarm.LOS),
        lfa_s=_with(steps, Alarm.LFA),
        fault_s=_with(steps, Alarm.FAULT),
        ais_s=_with(steps, Alarm.AIS),
        rai_s=_with(steps, Alarm.RAI),
        down_s=down_s,
        frames_ever=last.span.counters.frames_received,
        frames_down=sum(step.packets["frames_received"] for step in steps[len(steps) - down_s :]),
        packets=_sum([step.packets for step in steps]),
        framer=_sum([step.framer for step in steps]),
        **_sum([step.host for step in steps]),
        lost_on_time=sum(step.packets["lost"] for step, well in zip(steps, on_time, strict=True) if well),
        resyncs_on_time=sum(step.packets["resyncs"] for step, well in zip(steps, on_time, strict=True) if well),
        errored_s=sum(step.framer.get("crc_errors", 0) > 0 for step in steps),
        ppm=sum(followed) / len(followed) if followed else last.span.clock_ppm,
        unlocked_s=sum(not look.span.clock_locked for look in looks[1:]),
        drift_ppm=_drift_ppm(steps),
    )


class _Step:
    """What came between two looks."""

    def __init__(self, before: Look, now: Look) -> None:
        self.now = now
        self.packets = grown(before.span.counters, now.span.counters)
        self.host = grown(before.host, now.host)
        framed = before.errors is not None and now.errors is not None
        self.framer = grown(before.errors, now.errors) if framed else {}  # type: ignore[arg-type]  # neither is None


def _with(steps: Sequence[_Step], alarm: Alarm) -> int:
    return sum(alarm in step.now.span.alarms for step in steps)


def _sum(parts: Sequence[dict[str, int]]) -> dict[str, int]:
    return {name: sum(part.get(name, 0) for part in parts) for name in parts[-1]}


def _down_s(looks: Sequence[Look]) -> int:
    """Back from now as long as it is down."""
    count = 0
    for look in reversed(looks[1:]):
        if look.d_channel_up is not False or look.span.alarms:
            break
        count += 1
    return count


def _drift_ppm(steps: Sequence[_Step]) -> float:
    """The slope of the buffer's depth over the longest stretch without a slip: ms a second are 1000 ppm."""
    longest: list[float] = []
    stretch: list[float] = []
    for step in steps:
        if step.now.span.alarms or step.packets["slips"] or step.packets["resyncs"] or not step.now.span.clock_locked:
            stretch = []
            continue
        stretch = [*stretch, step.now.span.buffer_ms]
        longest = max(longest, stretch, key=len)
    return 1000 * _slope(longest) if len(longest) >= SHORT_S else 0.0


def _slope(values: Sequence[float]) -> float:
    """Least squares, a step."""
    middle, mean = (len(values) - 1) / 2, sum(values) / len(values)
    over = sum((place - middle) * (value - mean) for place, value in enumerate(values))
    return over / sum((place - middle) ** 2 for place in range(len(values)))

# SPDX-License-Identifier: GPL-2.0-only
"""Lines with one fault each, second by second, as the worker reads them; the judge of whoever names the fault.

Written before the classifier and without it. What a fault does to the counters is the drivers' and the engine's own
behaviour (drivers/cesopsn/io.c, dsp/engine/clock.c, the framer's manual). Every line has weather besides: a packet or a
CRC error now and then, a late tick, a clock within G.703's tolerance. A mechanism has two disjoint sets of parameters:
those that a classifier may be made on, and those that it is judged on.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from appliance.line.performance.look import Host, Look
from drivers.model import Alarm, LineErrors, SpanCounters, SpanStatus

Cause = Literal["sound", "telco", "cable", "clock", "host", "configuration"]
Range = tuple[float, float]
Ranges = dict[str, tuple[Range, ...]]
FRAME_MS = 0.125
SLIP_MARGIN_MS = 1.0  # dsp/engine/clock.c


@dataclass
class Line:
    """A span that works. `second` lets one pass; a fault bends what comes."""

    rng: random.Random
    framer: bool = False
    frames_per_packet: int = 8
    jitter_ms: float = 10.0
    counters: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    host: dict[str, int] = field(default_factory=dict)
    alarms: Alarm = Alarm.NONE
    ppm: float = 0.0
    locked: bool = True
    up: bool = True
    drift_ms: float = 0.0
    carries: float = 1.0
    """Share of the second in which packets, or the signal, come."""

    def add(self, name: str, count: float) -> None:
        """Count so many, on average where it is no whole number."""
        whole = int(count)
        self.counters[name] = self.counters.get(name, 0) + whole + (self.rng.random() < count - whole)

    def err(self, name: str, count: float) -> None:
        """The framer's."""
        whole = int(count)
        self.errors[name] = self.errors.get(name, 0) + whole + (self.rng.random() < count - whole)

    def late(self, name: str, count: float) -> None:
        """The machine's."""
        whole = int(count)
        self.host[name] = self.host.get(name, 0) + whole + (self.rng.random() < count - whole)

    @property
    def rate(self) -> float:
        """Packets a second; a framer's blocks are ticks."""
        return 200.0 if self.framer else 8000 / self.frames_per_packet

    def second(self) -> None:
        """What a line that works has done in one."""
        self.add("sent", self.rate)
        self.add("received", self.rate * self.carries)
        if self.up:
            self.add("frames_sent", 0.2 + self.rng.random())
        if self.carries > 0.5:
            self.add("frames_received", 0.2 + self.rng.random() if self.up else 0)

    def look(self) -> Look:
        """As the worker reads it now."""
        noise = self.rng.uniform(-0.2, 0.2)
        status = SpanStatus(
            span=0,
            open=True,
            alarms=self.alarms,
            counters=SpanCounters(**self.counters),
            buffer_ms=self.jitter_ms + self.drift_ms + noise,
            clock_ppm=self.ppm + self.rng.uniform(-0.5, 0.5),
            clock_locked=self.locked,
        )
        errors = LineErrors(**self.errors) if self.framer else None
        return Look(status, Host(**self.host), self.up, errors)


def poisson(rng: random.Random, mean: float) -> int:
    """So many in a second."""
    if mean > 50:
        return max(0, round(rng.gauss(mean, mean**0.5)))
    count, left = 0, rng.expovariate(1.0)
    while left < mean:
        count, left = count + 1, left + rng.expovariate(1.0)
    return count


Parameters = dict[str, float]
Bend = Callable[[Line, Parameters, int, int], None]
"""What a fault adds: the line, its parameters, which second, of how many."""


@dataclass(frozen=True)
class Mechanism:
    """A fault. Each parameter: where it is drawn for making, where for judging."""

    name: str
    cause: Cause
    bend: Bend
    seen: Mapping[str, tuple[Range, ...]]
    held_out: Mapping[str, tuple[Range, ...]]
    media: tuple[bool, ...] = (False,)
    """Whether it strikes a framer: False, True or either."""


def outage(p: Parameters, second: int, seconds: int) -> tuple[bool, float]:
    """Whether the fault stands now, and since when. `share` of the window, beginning at `phase` of the rest."""
    length = max(3.0, p["share"] * seconds)
    begin = p["phase"] * (seconds - length)
    return begin <= second < begin + length, second - begin


# The carrier.


def ais(line: Line, p: Parameters, second: int, seconds: int) -> None:
    """The carrier's own line has failed: packets with L, or all ones."""
    stands, since = outage(p, second, seconds)
    line.alarms = Alarm.AIS if stands else Alarm.NONE
    line.up = not (stands and since > p["patience_s"])
    if stands and line.framer:
        line.alarms |= Alarm.LFA if line.rng.random() < 0.5 else Alarm.NONE


def packet_loss(line: Line, p: Parameters, _second: int, _seconds: int) -> None:
    """The packet network loses some, in bursts."""
    bursts = poisson(line.rng, line.rate * p["loss"] / p["burst"])
    lost = sum(max(1, round(line.rng.expovariate(1 / p["burst"]))) for _ in range(bursts))
    lost = min(lost, int(line.rate * 0.9))
    late = sum(line.rng.random() < p["late_share"] for _ in range(lost))
    line.add("lost", lost)
    line.add("received", -(lost))
    line.add("late", late)


def exchange_dead(line: Line, p: Parameters, second: int, seconds: int) -> None:
    """The signal is good; the exchange's D-channel has fallen silent."""
    stands, since = outage({**p, "share": p["share"], "phase": 1.0}, second, seconds)
    line.up = not stands or since < p["patience_s"]
    if stands:
        line.add("frames_sent", 0.3)


def upstream(line: Line, p: Parameters, _second: int, _seconds: int) -> None:
    """Bit errors somewhere in the carrier's network: CRC fails, and our own section's line code is perfect."""
    line.err("crc_errors", min(1000, poisson(line.rng, p["a_second"])))


# The cable.


def cut(line: Line, p: Parameters, second: int, seconds: int) -> None:
    """Nothing comes."""
    stands, since = outage(p, second, seconds)
    was = line.carries == 0.0
    line.carries = 0.0 if stands else 1.0
    line.alarms = Alarm.LOS | Alarm.RED if stands else Alarm.NONE
    line.up = not (stands and since > 1)
    if stands and since < 1:
        line.add("lost", line.jitter_ms / (line.frames_per_packet * FRAME_MS) * line.rng.random())
    if was and not stands:
        line.add("resyncs", 1)


def loose(line: Line, p: Parameters, _second: int, _seconds: int) -> None:
    """A bad contact: the signal goes for a moment, again and again."""
    line.carries, line.alarms = 1.0, Alarm.NONE
    if line.rng.random() < 1 / p["every_s"]:
        gone_s = line.rng.uniform(0.05, p["gone_s"])
        line.carries = max(0.0, 1 - gone_s)
        line.add("lost", line.rng.uniform(1, 10))
        line.add("resyncs", 1)
        if line.framer:
            line.err("framing_errors", line.rng.uniform(1, 20))
            line.err("code_violations", line.rng.uniform(10, 400))
            line.err("crc_errors", 1000 * gone_s)
        if line.rng.random() < gone_s:
            line.alarms = Alarm.LOS


def deaf_far_end(line: Line, p: Parameters, second: int, seconds: int) -> None:
    """One pair is broken: we hear the far end, it does not hear us."""
    stands, since = outage(p, second, seconds)
    line.alarms = Alarm.RAI if stands else Alarm.NONE
    line.up = not (stands and since > p["patience_s"])
    if stands:
        line.add("frames_received", 0.3)
        line.add("frames_sent", 0.3)


def noisy_pair(line: Line, p: Parameters, _second: int, _seconds: int) -> None:
    """Bit errors on the pair: the line code is violated, CRC fails; the worst lose frame alignment for a moment."""
    bits = poisson(line.rng, 2_048_000 * 10 ** p["ber_exponent"])
    line.err("code_violations", bits * line.rng.uniform(0.8, 1.6))
    line.err("crc_errors", min(1000, bits * line.rng.uniform(0.85, 1.0)))
    line.err("framing_errors", bits * 7 / 512)
    line.alarms = Alarm.LFA if line.rng.random() < bits / 20_000 else Alarm.NONE


# The clock.


def unslaved(line: Line, p: Parameters, second: int, _seconds: int) -> None:
    """Two clocks that nobody ties together: the receive buffer drifts, then slips, and again."""
    offset = p["ppm"] * p["sign"]
    line.locked = True
    if second == 0:
        line.drift_ms = line.rng.uniform(-0.9, 0.9) * (line.jitter_ms - SLIP_MARGIN_MS)
    line.drift_ms += offset * 1e-3
    if line.framer:
        line.err("slips", abs(offset) * 8000e-6)
        line.drift_ms = 0.0
        return
    if abs(line.drift_ms) > line.jitter_ms - SLIP_MARGIN_MS:
        line.drift_ms = 0.0
        line.add("slips", 1)


def off_tolerance(line: Line, p: Parameters, second: int, _seconds: int) -> None:
    """We follow the far end, but it runs free, beyond what G.703 allows."""
    line.ppm = p["ppm"] * p["sign"]
    line.locked = second > p["settle_s"]


def wandering(line: Line, p: Parameters, second: int, _seconds: int) -> None:
    """The far end's clock moves faster than we can follow: never locked, now and then a slip."""
    line.ppm = p["swing_ppm"] * (2 * abs((second / p["period_s"]) % 2 - 1) - 1)
    line.locked = line.rng.random() < 0.15
    line.drift_ms = line.rng.uniform(-3, 3)
    if line.rng.random() < p["slips_a_minute"] / 60:
        line.add("slips", 1)


# The machine.


def stalls(line: Line, p: Parameters, _second: int, _seconds: int) -> None:
    """The machine stands still for a moment: ticks late or skipped, packets too late for their turn."""
    for _ in range(poisson(line.rng, p["a_minute"] / 60)):
        ms = line.rng.uniform(0.5, 1.5) * p["length_ms"]
        line.late("late_ticks", max(1, min(ms, 200) / 5))
        line.late("machine_late", line.rng.uniform(0.5, 2))
        if ms > 200:
            line.late("skipped_ticks", ms / 5)
            line.add("resyncs", 1)
            line.add("received", -ms / 1000 * line.rate * 0.5)
        elif ms > line.jitter_ms and not line.framer:
            lost = (ms - line.jitter_ms) / (line.frames_per_packet * FRAME_MS) * line.rng.uniform(0.2, 1)
            line.add("lost", lost)
            line.add("late", lost * line.rng.uniform(0.3, 1))


def overload(line: Line, p: Parameters, _second: int, _seconds: int) -> None:
    """The engine does not get the processor: late all the time; the idle thread beside it may be on time."""
    late = poisson(line.rng, p["late_a_second"])
    line.late("late_ticks", late)
    line.late("machine_late", late * p["machine_share"])
    if not line.framer:
        lost = late * p["lost_each"] * line.rng.random()
        line.add("lost", lost)
        line.add("late", lost * line.rng.uniform(0.5, 1))


def unsendable(line: Line, p: Parameters, _second: int, _seconds: int) -> None:
    """The kernel does not take our packets: no route, or its queue is full."""
    line.add("send_errors", line.rate * p["share"])
    line.add("sent", -line.rate * p["share"])
    if p["share"] > 0.5:
        line.alarms, line.up = Alarm.RAI, False


# The configuration.


def never(line: Line) -> None:
    line.carries, line.up = 0.0, False
    line.alarms = Alarm.LOS | Alarm.RED


def packet_size(line: Line, p: Parameters, _second: int, _seconds: int) -> None:
    """The far end's packets have another number of frames, or an RTP header more or less: each is malformed."""
    never(line)
    line.add("malformed", 8000 / p["far_frames"])


def far_address(line: Line, p: Parameters, _second: int, _seconds: int) -> None:
    """Packets come, but from another address or port than the configured one."""
    never(line)
    line.add("stray", 8000 / p["far_frames"])


def d_channel_timeslot(line: Line, p: Parameters, _second: int, _seconds: int) -> None:
    """HDLC is looked for in a timeslot that carries voice: never a frame, rubbish while somebody talks there."""
    line.up = False
    line.add("frame_errors", poisson(line.rng, p["rubbish"]))
    line.add("fcs_errors", poisson(line.rng, p["rubbish"] / 10))
    line.add("frames_sent", 0.3)


def same_side(line: Line, p: Parameters, _second: int, _seconds: int) -> None:
    """Both ends are user, or both network: frames come, the link never does."""
    line.up = False
    line.add("frames_received", p["frames_a_second"])
    line.add("frames_sent", 0.3)


def short_buffer(line: Line, p: Parameters, _second: int, _seconds: int) -> None:
    """`jitter_ms` is less than the network's jitter: what is lost here comes a moment later."""
    late = poisson(line.rng, line.rate * p["share"])
    line.add("lost", late)
    line.add("received", -late)
    line.add("late", late - (line.rng.random() < 0.1 * late))


def no_crc4(line: Line, p: Parameters, _second: int, _seconds: int) -> None:
    """The far end sends no CRC-4: nearly every check fails, and the signal is perfect."""
    line.err("crc_errors", p["a_second"])


def other_framing(line: Line, p: Parameters, second: int, seconds: int) -> None:
    """The far end's frames are of another kind: a perfect signal in which none is found."""
    stands, _ = outage({**p, "phase": 1.0}, second, seconds)
    line.alarms = Alarm.LFA | Alarm.RED if stands else Alarm.NONE
    line.up = not stands


def dead_card(line: Line, p: Parameters, second: int, seconds: int) -> None:
    """The card does not answer: it counts nothing, and LOS stands with it."""
    stands, _ = outage(p, second, seconds)
    line.alarms = Alarm.FAULT | Alarm.LOS | Alarm.RED if stands else Alarm.NONE
    line.carries, line.up = (0.0, False) if stands else (1.0, True)


def fine(line: Line, p: Parameters, second: int, _seconds: int) -> None:
    """Nothing; at most a clock that is still settling."""
    line.locked = second > p["settle_s"]


WHOLE: tuple[Range, ...] = ((0.0, 1.0),)
PATIENCE: Ranges = {"patience_s": ((1.0, 12.0),)}
SIGN: Ranges = {"sign": ((-1.0, -1.0), (1.0, 1.0))}
SHARE_SEEN: Ranges = {"share": ((0.1, 0.3), (0.6, 1.0)), "phase": WHOLE}
SHARE_HELD_OUT: Ranges = {"share": ((0.05, 0.1), (0.3, 0.6)), "phase": WHOLE}
EITHER = (False, True)

MECHANISMS = (
    Mechanism("fine", "sound", fine, {"settle_s": ((0.0, 12.0),)}, {"settle_s": ((12.0, 20.0),)}, EITHER),
    Mechanism("ais", "telco", ais, SHARE_SEEN | PATIENCE, SHARE_HELD_OUT | PATIENCE, EITHER),
    Mechanism(
        "packet loss",
        "telco",
        packet_loss,
        {"loss": ((0.001, 0.003), (0.02, 0.06)), "burst": ((1.0, 3.0),), "late_share": ((0.0, 0.3),)},
        {"loss": ((0.0005, 0.001), (0.003, 0.02), (0.06, 0.15)), "burst": ((3.0, 8.0),), "late_share": ((0.0, 0.4),)},
    ),
    Mechanism(
        "exchange dead",
        "telco",
        exchange_dead,
        {"share": ((0.3, 0.5),)} | PATIENCE,
        {"share": ((0.5, 0.8),)} | PATIENCE,
        EITHER,
    ),
    Mechanism(
        "upstream errors",
        "telco",
        upstream,
        {"a_second": ((0.3, 2.0), (20.0, 100.0))},
        {"a_second": ((0.1, 0.3), (2.0, 20.0), (100.0, 400.0))},
        (True,),
    ),
    Mechanism("cut", "cable", cut, SHARE_SEEN, SHARE_HELD_OUT, EITHER),
    Mechanism(
        "loose contact",
        "cable",
        loose,
        {"every_s": ((3.0, 8.0), (15.0, 25.0)), "gone_s": ((0.3, 0.8),)},
        {"every_s": ((1.0, 3.0), (8.0, 15.0)), "gone_s": ((0.1, 0.3), (0.8, 1.0))},
        EITHER,
    ),
    Mechanism("far end deaf", "cable", deaf_far_end, SHARE_SEEN | PATIENCE, SHARE_HELD_OUT | PATIENCE, EITHER),
    Mechanism(
        "noisy pair",
        "cable",
        noisy_pair,
        {"ber_exponent": ((-6.5, -5.5), (-4.5, -3.8))},
        {"ber_exponent": ((-5.5, -4.5), (-3.8, -3.2))},
        (True,),
    ),
    Mechanism(
        "unslaved",
        "clock",
        unslaved,
        {"ppm": ((15.0, 40.0), (80.0, 120.0))} | SIGN,
        {"ppm": ((8.0, 15.0), (40.0, 80.0), (120.0, 200.0))} | SIGN,
        EITHER,
    ),
    Mechanism(
        "off tolerance",
        "clock",
        off_tolerance,
        {"ppm": ((90.0, 140.0),), "settle_s": ((5.0, 20.0),)} | SIGN,
        {"ppm": ((75.0, 90.0), (140.0, 220.0)), "settle_s": ((5.0, 20.0),)} | SIGN,
    ),
    Mechanism(
        "wandering",
        "clock",
        wandering,
        {"swing_ppm": ((20.0, 50.0),), "period_s": ((8.0, 15.0),), "slips_a_minute": ((0.5, 2.0),)},
        {"swing_ppm": ((50.0, 120.0),), "period_s": ((15.0, 40.0),), "slips_a_minute": ((2.0, 6.0),)},
    ),
    Mechanism(
        "stalls",
        "host",
        stalls,
        {"a_minute": ((4.0, 10.0),), "length_ms": ((30.0, 80.0), (250.0, 400.0))},
        {"a_minute": ((3.0, 4.0), (10.0, 30.0)), "length_ms": ((20.0, 30.0), (80.0, 250.0), (400.0, 700.0))},
        EITHER,
    ),
    Mechanism(
        "overload",
        "host",
        overload,
        {"late_a_second": ((2.0, 8.0),), "machine_share": ((0.0, 0.3),), "lost_each": ((0.5, 2.0),)},
        {"late_a_second": ((0.7, 2.0), (8.0, 30.0)), "machine_share": ((0.3, 1.0),), "lost_each": ((2.0, 5.0),)},
        EITHER,
    ),
    Mechanism(
        "unsendable",
        "host",
        unsendable,
        {"share": ((0.02, 0.1), (1.0, 1.0))},
        {"share": ((0.005, 0.02), (0.1, 0.4), (0.6, 0.9))},
    ),
    Mechanism(
        "packet size",
        "configuration",
        packet_size,
        {"far_frames": ((4.0, 8.0),)},
        {"far_frames": ((1.0, 3.0), (16.0, 40.0))},
    ),
    Mechanism(
        "far address",
        "configuration",
        far_address,
        {"far_frames": ((4.0, 8.0),)},
        {"far_frames": ((1.0, 3.0), (16.0, 40.0))},
    ),
    Mechanism(
        "D-channel's timeslot",
        "configuration",
        d_channel_timeslot,
        {"rubbish": ((0.0, 0.0), (1.0, 5.0))},
        {"rubbish": ((0.1, 1.0), (5.0, 30.0))},
        EITHER,
    ),
    Mechanism(
        "same side",
        "configuration",
        same_side,
        {"frames_a_second": ((0.5, 1.0),)},
        {"frames_a_second": ((0.1, 0.5), (1.0, 3.0))},
        EITHER,
    ),
    Mechanism(
        "short buffer",
        "configuration",
        short_buffer,
        {"share": ((0.002, 0.01), (0.05, 0.1))},
        {"share": ((0.001, 0.002), (0.01, 0.05), (0.1, 0.3))},
    ),
    Mechanism(
        "other framing",
        "configuration",
        other_framing,
        {"share": ((0.9, 1.0),)},
        {"share": ((0.3, 0.9),)},
        (True,),
    ),
    Mechanism("dead card", "host", dead_card, SHARE_SEEN, SHARE_HELD_OUT, (True,)),
    Mechanism(
        "no CRC-4",
        "configuration",
        no_crc4,
        {"a_second": ((930.0, 950.0),)},
        {"a_second": ((910.0, 930.0), (950.0, 1000.0))},
        (True,),
    ),
)


@dataclass(frozen=True)
class Drawn:
    """A line that was drawn, and what ails it."""

    mechanism: str
    cause: Cause
    parameters: Parameters
    looks: tuple[Look, ...]


def weather(line: Line) -> None:
    """What every line has, and nobody calls a fault: well within G.826's objectives."""
    if line.rng.random() < 0.004:
        if line.framer:
            line.err("crc_errors", 1)
            line.err("code_violations", line.rng.choice((0, 1, 2)))
        else:
            line.add("lost", 1)
    if line.rng.random() < 0.01:
        line.late("late_ticks", 1)
        line.late("machine_late", line.rng.choice((0, 1)))
    if line.rng.random() < 0.002:
        line.add("fcs_errors", 1)


def draw(rng: random.Random, mechanism: Mechanism, *, held_out: bool) -> Drawn:
    """One line of that fault, a second a look."""
    ranges = mechanism.held_out if held_out else mechanism.seen
    p = {name: rng.uniform(*rng.choice(choices)) for name, choices in ranges.items()}
    seconds = rng.choice((90, 180, 240) if held_out else (120, 300))
    fitting = [frames for frames in (8, 16, 24, 32, 40) if frames * FRAME_MS <= 5]
    line = Line(rng, rng.choice(mechanism.media), rng.choice(fitting), rng.uniform(6, 20), ppm=rng.uniform(-40, 40))
    line.add("resyncs", 0 if line.framer else 1)
    looks = [line.look()]
    for second in range(seconds):
        mechanism.bend(line, p, second, seconds)
        line.second()
        weather(line)
        looks.append(line.look())
    return Drawn(mechanism.name, mechanism.cause, p, tuple(looks))


def lines(seed: int, count: int, *, held_out: bool) -> Iterator[Drawn]:
    """So many lines, every mechanism in its turn."""
    rng = random.Random(seed)  # noqa: S311 - lines are drawn again by their number
    for place in range(count):
        yield draw(rng, MECHANISMS[place % len(MECHANISMS)], held_out=held_out)

# SPDX-License-Identifier: GPL-2.0-only
"""The channels of a branch's cards: opened and held by the supervisor, inherited by the engine and the line workers.

Closing a channel hangs it up, so they are opened once, before the children start. Children know them by name
(BRANCHLINE_FDS: span1.17 is timeslot 17 of the first span), under the same numbers in every life.

A card that cannot be had costs its span alone: that is in FAULT, an alarm says why, and everything else of the branch
serves. A branch that refused to start would have no phones and no other lines, and headquarters would not hear of it.
"""

import time
from collections.abc import Collection, Iterable, Mapping

from appliance.config.branch import DahdiSpan, Span
from appliance.processes import cas
from appliance.wire.alarms import AlarmRaised
from drivers.dahdi import Control, DahdiError, DahdiSettings, E1Line, SpanChannels, T1Line
from drivers.dahdi.abi import Use
from drivers.dahdi.kernel import Kernel
from drivers.model import Cas

RETRY_S = 0.2
_KEYS = {"e1": ("crc4", "code"), "t1": ("framing", "code", "build_out")}


def hold(
    spans: Iterable[Span], kernel: Kernel | None = None, patience_s: float = 0.0
) -> tuple[dict[str, int], list[AlarmRaised]]:
    """Configure and open what the spans' cards have: descriptors by name, and an alarm for each that cannot be had.

    `patience_s`: how long cards may take altogether whose drivers are still being loaded.
    """
    until = time.monotonic() + patience_s
    held: dict[str, int] = {}
    alarms = []
    for number, span in enumerate(spans, start=1):
        if not isinstance(span, DahdiSpan):
            continue
        try:
            channels = _open_until(until, span, kernel)
        except DahdiError as error:
            sentence = f"{span.name} is out of service, its card cannot be had: {error}. Mend it and restart the box"
            alarms.append(AlarmRaised(code="card.missing", address=f"span {number}", sentence=sentence))
        else:
            held |= {f"{_prefix(number - 1)}{timeslot}": fd for timeslot, fd in channels.descriptors.items()}
    return held, alarms


def _open_until(until: float, span: DahdiSpan, kernel: Kernel | None) -> SpanChannels:
    while True:
        try:
            return _open(span, kernel)
        except DahdiError:
            if time.monotonic() >= until:
                raise
            time.sleep(RETRY_S)


def _open(span: DahdiSpan, kernel: Kernel | None) -> SpanChannels:
    control = Control(kernel)
    try:
        bits = cas.bits(span)
        control.configure(span.card_span, _line(span), Use.CAS if bits else Use.CLEAR, (bits or Cas()).resting_bits)
        return SpanChannels(control, span.card_span)
    finally:
        control.close()


def _line(span: DahdiSpan) -> E1Line | T1Line:
    said = {key: value for key in _KEYS[span.line] if (value := getattr(span, key)) is not None}
    timing = span.clock_priority if span.clock == "recovered" else 0
    if span.line == "t1":
        return T1Line(**said, timing=timing)
    return E1Line("ccs" if span.signalling == "pri" else "cas", **said, timing=timing)


def of(spans: Collection[int], held: Mapping[str, int]) -> dict[str, int]:
    """What is held of some spans, counted from 0."""
    return {name: fd for name, fd in held.items() if any(name.startswith(_prefix(span)) for span in spans)}


def settings(number: int, span: DahdiSpan, inherited: Mapping[str, int]) -> DahdiSettings:
    """The driver's settings of a configured span, the `number`th from 0, by what this process inherited."""
    channels = {int(name.removeprefix(_prefix(number))): fd for name, fd in of([number], inherited).items()}
    return DahdiSettings(
        channels,
        min(channels, default=0),
        jitter_ms=span.jitter_ms,
        clock_domain=span.clock_domain,
        clock_priority=span.clock_priority,
        line=span.line,
    )


def _prefix(number: int) -> str:
    return f"span{number + 1}."

# SPDX-License-Identifier: GPL-2.0-only
"""The channels of a branch's cards: opened and held by the supervisor, inherited by the engine and the line workers.

Closing a channel hangs it up, so they are opened before the children start. Children know them by name (BRANCHLINE_FDS:
span1.17 is timeslot 17 of the first span), under the same numbers in every life.

A card that cannot be had costs its span alone: that is in FAULT, an alarm says why, and everything else of the branch
serves. Its numbers are kept by /dev/null. Every few seconds it is tried again, and what is opened takes the place of
what was there: here, and in the engine, which is handed the descriptors over a socket of its own.
"""

import asyncio
import contextlib
import socket
import struct
import time
from collections.abc import Callable, Collection, Iterable, Mapping

from appliance.config.branch import DahdiSpan, Span
from appliance.config.lines import DahdiCard, LineCard
from appliance.processes import resting
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from drivers.dahdi import Control, DahdiError, DahdiSettings, E1Line, SpanChannels, T1Line, answers
from drivers.dahdi.abi import Use
from drivers.dahdi.kernel import Kernel, Linux
from drivers.model import CAS_TIMESLOT, TIMESLOTS, Cas

RETRY_S = 0.2
AGAIN_S = 5.0
EMPTY = "/dev/null"
ENGINE = "cards"
"""The engine's name of the socket over which it is handed descriptors."""
_KEYS = {"e1": ("crc4", "code"), "t1": ("framing", "code", "build_out")}


class Cards:
    """All that a branch's spans have of cards. `fds`: for the engine, by name.

    `patience_s`: how long cards may take altogether whose drivers are still being loaded.
    """

    def __init__(self, spans: Iterable[Span | LineCard], kernel: Kernel | None = None, patience_s: float = 0.0) -> None:
        self._kernel = kernel or Linux()
        self._spans = {number: span for number, span in enumerate(spans) if isinstance(span, DahdiSpan | DahdiCard)}
        self.fds = {
            _name(number, timeslot): self._kernel.open(EMPTY)
            for number, span in self._spans.items()
            for timeslot in _timeslots(span)
        }
        self._alarms: dict[int, AlarmRaised] = {}
        if self._spans:
            self._engine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._engine.settimeout(0)
            self.fds[ENGINE] = theirs.detach()
        until = time.monotonic() + patience_s
        for number, span in self._spans.items():
            self._take(number, _open_until(until, span, self._kernel))

    @property
    def alarms(self) -> tuple[AlarmRaised, ...]:
        """That stand."""
        return tuple(self._alarms.values())

    async def watch(self, tell: Callable[[AlarmRaised | AlarmCleared], None], every_s: float = AGAIN_S) -> None:
        """Look at the cards until cancelled, and open anew what does not answer."""
        while True:
            await asyncio.sleep(every_s)
            for number, span in self._spans.items():
                if answers(self._kernel, self.fds[_name(number, _timeslots(span)[0])]):
                    continue
                stood = self._alarms.get(number)
                self._take(number, await asyncio.to_thread(_try, span, self._kernel))
                self._hand_over(number)
                stands = self._alarms.get(number)
                if stands is not None and stands != stood:
                    tell(stands)
                elif stands is None and stood is not None:
                    tell(AlarmCleared(code=stood.code, address=stood.address))

    def _take(self, number: int, opened: SpanChannels | DahdiError) -> None:
        span = self._spans[number]
        if isinstance(opened, DahdiError):
            sentence = f"{span.name} is out of service, its card cannot be had: {opened}. It is tried again by itself"
            self._alarms[number] = AlarmRaised(code="card.missing", address=f"span {number + 1}", sentence=sentence)
            return
        # The reference comes last: it says that the card is there, and then the others are.
        for timeslot, fd in sorted(opened.descriptors.items(), reverse=True):
            self._kernel.replace(self.fds[_name(number, timeslot)], fd)
        self._alarms.pop(number, None)

    def _hand_over(self, number: int) -> None:
        """A dead engine's successor inherits them; a message that waits for it says the same."""
        if number in self._alarms:
            return
        numbers = [self.fds[_name(number, timeslot)] for timeslot in reversed(_timeslots(self._spans[number]))]
        with contextlib.suppress(BlockingIOError):
            socket.send_fds(self._engine, [struct.pack(f"={len(numbers)}i", *numbers)], numbers)


def _timeslots(span: DahdiSpan | DahdiCard) -> list[int]:
    """That have a descriptor: with CAS, timeslot 16 of an E1 is the card's."""
    if isinstance(span, DahdiCard):
        return sorted(line.timeslot for line in span.lines)
    framing = CAS_TIMESLOT if span.line == "e1" and span.signalling != "pri" else 0
    return [timeslot for timeslot in TIMESLOTS[span.line] if timeslot != framing]


def _open_until(until: float, span: DahdiSpan | DahdiCard, kernel: Kernel) -> SpanChannels | DahdiError:
    while isinstance(opened := _try(span, kernel), DahdiError) and time.monotonic() < until:
        time.sleep(RETRY_S)
    return opened


def _try(span: DahdiSpan | DahdiCard, kernel: Kernel) -> SpanChannels | DahdiError:
    try:
        return _open(span, kernel)
    except DahdiError as error:
        return error


def _open(span: DahdiSpan | DahdiCard, kernel: Kernel) -> SpanChannels:
    control = Control(kernel)
    try:
        if isinstance(span, DahdiCard):
            timeslots = [line.timeslot for line in span.lines]
            control.configure_lines(span.card_span, timeslots)
            return SpanChannels(control, span.card_span, timeslots)
        bits = resting.bits(span)
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


def channels(number: int, inherited: Mapping[str, int]) -> dict[int, int]:
    """What this process inherited of the `number`th span from 0, by timeslot."""
    return {int(name.removeprefix(_prefix(number))): fd for name, fd in of([number], inherited).items()}


def settings(number: int, span: DahdiSpan | DahdiCard, inherited: Mapping[str, int]) -> DahdiSettings:
    """The driver's settings of a configured span, the `number`th from 0, by what this process inherited."""
    held = channels(number, inherited)
    return DahdiSettings(
        held,
        min(held),
        analogue=isinstance(span, DahdiCard),
        jitter_ms=span.jitter_ms,
        clock_domain=span.clock_domain,
        clock_priority=span.clock_priority,
        line="e1" if isinstance(span, DahdiCard) else span.line,
    )


def _prefix(number: int) -> str:
    return f"span{number + 1}."


def _name(number: int, timeslot: int) -> str:
    return f"{_prefix(number)}{timeslot}"

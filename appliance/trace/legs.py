# SPDX-License-Identifier: GPL-2.0-only
"""Legs in the trace: what a worker said and was told of each, and what belongs to which contact, port and dialog."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from appliance.trace.log import LEGS_OCTETS, TraceLog, lines
from appliance.wire import legs as wire
from appliance.wire.envelope import Body, Envelope, UnknownMessageError, decode, encode
from appliance.wire.legs import Direction, Leg

_KEPT = (
    wire.LegOffered
    | wire.LegPlaced
    | wire.LegProceeding
    | wire.LegAlerting
    | wire.LegAnswered
    | wire.LegReleased
    | wire.ProceedLeg
    | wire.AlertLeg
    | wire.AnswerLeg
    | wire.ReleaseLeg
    | wire.TransferLeg
)


class LegLog:
    """What a worker's service hears, into its log."""

    def __init__(self, state: Path, process: str) -> None:
        self._log = TraceLog(state, f"legs.{process}", LEGS_OCTETS)

    def take(self, envelope: Envelope) -> None:
        """Keep what tells of a leg. Returns at once."""
        if isinstance(envelope.body, _KEPT):
            self._log.write(encode(envelope))


class TracedLeg(msgspec.Struct):
    """A leg as the trace knows it. Times are of the monotonic clock; `ended_ns` None: nothing of its end is known."""

    leg: Leg
    began_ns: int
    utc_ns: int
    """Added to the monotonic clock this was UTC when it began."""
    contact: str | None = None
    ended_ns: int | None = None
    told: list[tuple[int, str]] = []
    """When and what, for people."""

    @property
    def incoming(self) -> bool:
        """The peer called us."""
        return self.leg.direction is Direction.INCOMING

    def hear(self, at_ns: int, body: Body) -> None:
        """One more message about it."""
        self.told.append((at_ns, f"{self.leg.leg} {type(body).__name__}{_detail(body)}"))
        if isinstance(body, wire.ProceedLeg):
            self.contact = body.contact
        elif isinstance(body, wire.LegReleased):
            self.ended_ns = at_ns


def of_call(state: Path, call: str) -> list[TracedLeg]:
    """The legs of a contact, or of the contact that a leg belongs to; by the time they began.

    Raises KeyError with the names that there are, oldest first: the trace has no such contact and no such leg.
    """
    known = _known(_envelopes(state))
    asked = known.get(call)
    contact = asked.contact if asked else call
    found = [leg for leg in known.values() if leg is asked or (contact and leg.contact == contact)]
    if not found:
        raise KeyError([name for leg in known.values() for name in (leg.leg.leg, leg.contact) if name])
    return found


def _envelopes(state: Path) -> Iterator[Envelope]:
    """In the order in which they were said; lines that were torn, and such as only a later version knows, left out."""
    said = []
    for line in lines(state, "legs.*"):
        try:
            said.append(decode(line))
        except UnknownMessageError:
            continue
    yield from sorted(said, key=lambda envelope: envelope.mono_ns)


def _known(envelopes: Iterable[Envelope]) -> dict[str, TracedLeg]:
    known: dict[str, TracedLeg] = {}
    at_port: dict[int | None, TracedLeg] = {}
    for envelope in envelopes:
        body, at = envelope.body, envelope.mono_ns
        if isinstance(body, wire.LegOffered | wire.LegPlaced):
            leg = TracedLeg(body.leg, at, envelope.at_ns - at, body.leg.contact)
            before = at_port.get(body.leg.port)
            if before is not None and before.ended_ns is None:
                before.ended_ns = at  # its worker died without a word: a port has one leg
            known[body.leg.leg] = at_port[body.leg.port] = leg
            leg.hear(at, body)
        elif (heard := known.get(getattr(body, "leg", ""))) is not None:  # else its beginning is older than the trace
            heard.hear(at, body)
    return known


def _detail(body: Body) -> str:
    match body:
        case wire.LegOffered(leg=leg) | wire.LegPlaced(leg=leg):
            return f" on {leg.channel}"
        case wire.LegReleased(cause=cause, by=by):
            return f" by {by}, cause {cause}"
        case wire.ReleaseLeg(cause=cause):
            return f", cause {cause}"
        case wire.ProceedLeg(contact=contact):
            return f" as contact {contact}"
        case wire.TransferLeg(to=to):
            return f" to {to}"
        case _:
            return ""

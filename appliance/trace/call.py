# SPDX-License-Identifier: GPL-2.0-only
"""Everything that the trace has of one call, as packets in the order of time."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from appliance.media.engine import RTP_FIRST
from appliance.media.trace import EngineTrace
from appliance.trace import capture, dchannel, legs
from appliance.trace.capture import Packet
from appliance.trace.legs import TracedLeg
from appliance.trace.log import lines
from appliance.trace.sip import SipMessage
from drivers.model import SPANS, TIMESLOTS_PER_SPAN, Timeslot

SIGNALLING_NS = 5_000_000_000
"""Around a leg's life as it was told: SETUP comes before the worker says so, RELEASE COMPLETE after."""
REGISTER_NS = 30_000_000_000
"""Before it, where the number comes by signals (R2, CAS): the line is seized so long before there is a leg."""
SOUND_NS = 100_000_000
"""Around that of its RTP port, which may be another leg's soon."""


def packets(state: Path, call: str, engine: EngineTrace | None) -> list[Packet]:
    """Of a contact, or of the contact that a leg belongs to. `engine` None: without D-channel, bits and RTP.

    Raises KeyError with the names that the trace has.
    """
    found = legs.of_call(state, call)
    made = list(_steps(found))
    made += _sip(state, found)
    if engine is not None:
        for leg in found:
            made += _of_engine(engine, leg)
    return made


def _steps(found: Iterable[TracedLeg]) -> Iterator[Packet]:
    for leg in found:
        for at, line in leg.told:
            yield capture.text(at + leg.utc_ns, "legs", line)


def _sip(state: Path, found: Iterable[TracedLeg]) -> Iterator[Packet]:
    dialogs = {leg.leg.call_id: leg for leg in found if leg.leg.call_id}
    if not dialogs:
        return
    decoder = msgspec.json.Decoder(SipMessage)
    for line in lines(state, "sip"):
        try:
            message = decoder.decode(line)
        except msgspec.DecodeError:
            continue  # torn, or none
        leg = dialogs.get(message.call_id)
        if leg is not None:
            octets = message.text.encode("latin-1")
            yield capture.udp(message.mono_ns + leg.utc_ns, "SIP", message.source, message.target, octets)


def _of_engine(engine: EngineTrace, leg: TracedLeg) -> Iterator[Packet]:
    port = leg.leg.port
    if port is None:
        return
    if port >= RTP_FIRST:
        yield from _rtp(engine, leg, port)
    else:
        place = Timeslot(port // TIMESLOTS_PER_SPAN, port % TIMESLOTS_PER_SPAN)
        yield from _frames(engine, leg, place)
        yield from _bits(engine, leg, place)


def _window(leg: TracedLeg, around_ns: int) -> tuple[int, int]:
    end = leg.ended_ns if leg.ended_ns is not None else time.monotonic_ns()
    return leg.began_ns - around_ns, end + around_ns


def _frames(engine: EngineTrace, leg: TracedLeg, place: Timeslot) -> Iterator[Packet]:
    """Of the span's own D-channel; where it shares one (NFAS), of that on which its call began nearest to the leg."""
    interface = leg.leg.interface
    found = []
    for span in [place.span] if interface is None else range(SPANS):
        frames = engine.frames(span, *_window(leg, SIGNALLING_NS))
        named = None if interface is None else [interface, None] if span == place.span else [interface]
        mine = dchannel.of_call(
            frames, ours=not leg.incoming, timeslot=place.number, began_ns=leg.began_ns, interfaces=named
        )
        if mine:
            found.append((abs(mine[0].at_ns - leg.began_ns), span, dchannel.is_network(frames), mine))
    for _, span, network, mine in sorted(found, key=lambda one: one[0])[:1]:
        for frame in mine:
            yield capture.lapd(frame.at_ns + leg.utc_ns, span + 1, frame.octets, sent=frame.sent, network=network)


def _bits(engine: EngineTrace, leg: TracedLeg, place: Timeslot) -> Iterator[Packet]:
    _, end = _window(leg, SIGNALLING_NS)
    for bits in engine.bits(place.port, leg.began_ns - REGISTER_NS, end):
        line = f"{place} {'sent' if bits.sent else 'received'} ABCD {bits.abcd:04b}"
        yield capture.text(bits.at_ns + leg.utc_ns, f"span {place.span + 1} bits", line)


def _rtp(engine: EngineTrace, leg: TracedLeg, port: int) -> Iterator[Packet]:
    address, base = engine.rtp_address
    here = (address, base + 2 * (port - RTP_FIRST))
    for packet in engine.rtp(port, *_window(leg, SOUND_NS)):
        source, target = (here, packet.remote) if packet.sent else (packet.remote, here)
        missing = packet.octets - len(packet.header)
        yield capture.udp(packet.at_ns + leg.utc_ns, "RTP", source, target, packet.header, missing)

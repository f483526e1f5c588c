# SPDX-License-Identifier: GPL-2.0-only
"""Everything that the trace has of a while, whosever it is, as packets: all signalling, or all headers of RTP."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from appliance.media.engine import RTP_FIRST, RTP_PORTS
from appliance.media.trace import EngineTrace
from appliance.trace import capture, dchannel
from appliance.trace.capture import Packet
from appliance.trace.log import lines
from appliance.trace.sip import SipMessage
from drivers.model import SPANS, TIMESLOTS_PER_SPAN, Timeslot


def signalling(state: Path, engine: EngineTrace | None, from_ns: int, until_ns: int) -> Iterator[Packet]:
    """SIP at both sides of Kamailio; D-channels and bits where there is an `engine`. Times of the monotonic clock."""
    utc_ns = time.time_ns() - time.monotonic_ns()
    yield from _sip(state, from_ns, until_ns, utc_ns)
    for span in range(SPANS if engine else 0):
        frames = engine.frames(span, from_ns, until_ns) if engine else []
        network = dchannel.is_network(frames)
        for frame in frames:
            yield capture.lapd(frame.at_ns + utc_ns, span + 1, frame.octets, sent=frame.sent, network=network)
        for number in range(TIMESLOTS_PER_SPAN):
            yield from _bits(engine, Timeslot(span, number), from_ns, until_ns, utc_ns)


def rtp(engine: EngineTrace, from_ns: int, until_ns: int) -> Iterator[Packet]:
    """Of every port, strangers' too."""
    utc_ns = time.time_ns() - time.monotonic_ns()
    address, base = engine.rtp_address
    for port in range(RTP_FIRST, RTP_FIRST + RTP_PORTS):
        here = (address, base + 2 * (port - RTP_FIRST))
        for packet in engine.rtp(port, from_ns, until_ns):
            ends = (here, packet.remote) if packet.sent else (packet.remote, here)
            missing = packet.octets - len(packet.header)
            yield capture.udp(packet.at_ns + utc_ns, "RTP", *ends, packet.header, missing)


def _sip(state: Path, from_ns: int, until_ns: int, utc_ns: int) -> Iterator[Packet]:
    decoder = msgspec.json.Decoder(SipMessage)
    for line in lines(state, "sip"):
        try:
            message = decoder.decode(line)
        except msgspec.DecodeError:
            continue  # torn, or none
        if from_ns <= message.mono_ns <= until_ns:
            octets = message.text.encode("latin-1")
            yield capture.udp(message.mono_ns + utc_ns, "SIP", message.source, message.target, octets)


def _bits(engine: EngineTrace | None, place: Timeslot, from_ns: int, until_ns: int, utc_ns: int) -> Iterator[Packet]:
    for bits in engine.bits(place.port, from_ns, until_ns) if engine else ():
        line = f"{place} {'sent' if bits.sent else 'received'} ABCD {bits.abcd:04b}"
        yield capture.text(bits.at_ns + utc_ns, f"span {place.span + 1} bits", line)

# SPDX-License-Identifier: GPL-2.0-only
"""Our session description: the engine's address and port, and nothing that the engine does not serve.

pjsua writes a description of its own sockets; `at_engine` keeps its origin, version, direction and refused media and
puts the engine into the first audio section: all codecs that are wanted and telephone events where we offer, the one
codec that `chosen` took where we answer. Spec: RFC 8866, RFC 3264 (refused sections keep port 0), RFC 4733 §7.1.1.
"""

import re
from collections.abc import Sequence

import msgspec

from appliance.media.events import Codec as Coding
from appliance.signalling.sip.codings import EVENTS, NAMED, NOISE, NOISE_HZ

PACKETS_MS = (20, 10, 5)
"""What the engine can send, the largest first; Opus has no frames of 5 ms."""
EVENTS_MIN = 96  # RFC 3551 §6: dynamic from here on

_DIRECTIONS = {"a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"}
_RTPMAP = re.compile(r"a=rtpmap:\s*(\d{1,3})\s+(\S{1,40})", re.IGNORECASE)
_PTIME = re.compile(r"a=(?:max)?ptime:\s*(\d{1,4})\b", re.IGNORECASE)


class Codec(msgspec.Struct, frozen=True):
    """What an RTP port speaks. `event_type`: payload type of telephone events; None: digits are in the sound.

    `sent_event_type`: under which the peer wants to be sent them, where that is another.
    """

    coding: Coding = Coding.PCMA
    payload_type: int = 8
    event_type: int | None = 101
    packet_ms: int = 20
    sent_event_type: int | None = None
    noise_type: int | None = None


def supposed(wanted: Sequence[Coding]) -> Codec:
    """What we suppose of a peer to whom we offer, until its answer."""
    named = NAMED[wanted[0]]
    noise_type = NOISE if named.clock_hz == NOISE_HZ else None
    return Codec(wanted[0], named.number, EVENTS[named.clock_hz], noise_type=noise_type)


def packet_ms(coding: Coding, *wishes_ms: int) -> int:
    """The engine's packet length that is nearest to a peer's ptime and maxptime and not above them; 0 is no wish."""
    lengths = PACKETS_MS[:-1] if coding is Coding.OPUS else PACKETS_MS
    most = min((wish for wish in wishes_ms if wish), default=lengths[0])
    return next((length for length in lengths if length <= most), lengths[-1])


def chosen(offer: str, wanted: Sequence[Coding], settled: Codec | None = None) -> Codec | None:
    """What we take of the offer in a message or description; None: it has no codec of ours, or there is no offer.

    The first that we want, and the number of telephone events at its clock. Within a talk (`settled`) codec and numbers
    stay as they are, because the engine cannot change them without ending its bridge: an offer without that codec is
    none, and events under another number stay away (RFC 3264 §8.3.2 wants them under the same).
    """
    offered = _Offered.of(offer)
    if settled is not None:
        if offered.number_of(settled.coding, settled.payload_type) is None:
            return None
        events = settled.sent_event_type or settled.event_type
        return msgspec.structs.replace(
            settled,
            event_type=events if events in offered.events(settled.coding) else None,
            sent_event_type=None,
            noise_type=settled.noise_type if settled.noise_type in offered.types else None,
        )
    return next(filter(None, map(offered.codec, wanted)), None)


def answered(answer: str, wanted: Sequence[Coding]) -> Codec | None:
    """What the peer takes of our offer: the first in its own order. None: there is no answer in this message.

    It may name a number of telephone events of its own (RFC 3264 §6.1).
    """
    offered = _Offered.of(answer)
    found = filter(None, map(offered.codec, wanted))
    first = min(found, key=lambda codec: offered.types.index(codec.payload_type), default=None)
    if first is None or first.event_type is None:
        return first
    ours, theirs = EVENTS[NAMED[first.coding].clock_hz], first.event_type
    return msgspec.structs.replace(first, event_type=ours, sent_event_type=theirs if theirs != ours else None)


def at_engine(description: str, address: str, port: int, said: Codec | Sequence[Coding]) -> str:
    """The description with `address` and `port` of the engine in place of pjsua's own: one codec, or an offer."""
    head, *media = _sections(description.splitlines())
    engine = next((n for n, lines in enumerate(media) if lines[0].startswith("m=audio ") and not _refused(lines)), None)
    session = [line for line in head if not line.startswith(("c=", "b="))]
    lines = [*session[: _before_time(session)], f"c=IN IP4 {address}", *session[_before_time(session) :]]
    for number, section in enumerate(media):
        lines += _audio(section, port, said) if number == engine else [section[0]]
    return "\r\n".join(lines) + "\r\n"


class _Offered(msgspec.Struct, frozen=True):
    """The first audio that is not refused: payload types in its order, their names, and wishes of packet length."""

    types: tuple[int, ...] = ()
    names: dict[int, str] = {}
    wished_ms: tuple[int, ...] = ()

    @classmethod
    def of(cls, description: str) -> "_Offered":
        _, *media = _sections(description.splitlines())
        for section in media:
            kind, *words = section[0].split()
            if kind == "m=audio" and len(words) > 2 and not _refused(section):
                types = tuple(int(word) for word in words[2:] if word.isdecimal() and len(word) <= 3)
                text = "\n".join(section)
                names = {int(number): name.lower().removesuffix("/1") for number, name in _RTPMAP.findall(text)}
                return cls(types, names, tuple(int(found) for found in _PTIME.findall(text)))
        return cls()

    def number_of(self, coding: Coding, only: int | None = None) -> int | None:
        """The first type that is this codec; `only`: no other number."""
        named = NAMED[coding]
        for number in self.types if only is None else {only}.intersection(self.types):
            unmapped = named.rtpmap.lower() if number == named.number and named.static else ""
            fits = number == named.number or number >= EVENTS_MIN
            if fits and self.names.get(number, unmapped) == named.rtpmap.lower():
                return number
        return None

    def events(self, coding: Coding) -> list[int]:
        """Numbers of telephone events at the codec's clock."""
        name = f"telephone-event/{NAMED[coding].clock_hz}"
        return [number for number in self.types if number >= EVENTS_MIN and self.names.get(number) == name]

    def codec(self, coding: Coding) -> Codec | None:
        """All that a port has to know; None: this codec is not here."""
        number = self.number_of(coding)
        if number is None:
            return None
        events, length_ms = next(iter(self.events(coding)), None), packet_ms(coding, *self.wished_ms)
        noise = NOISE in self.types and NAMED[coding].clock_hz == NOISE_HZ
        return Codec(coding, number, events, length_ms, noise_type=NOISE if noise else None)


def _sections(lines: list[str]) -> list[list[str]]:
    """The session's lines, then those of each m= section."""
    parts: list[list[str]] = [[]]
    for line in filter(None, lines):
        if line.startswith("m="):
            parts.append([])
        parts[-1].append(line)
    return parts


def _refused(section: list[str]) -> bool:
    return section[0].split()[1] == "0"


def _before_time(session: list[str]) -> int:
    """Where c= belongs: before t= (RFC 8866 §5)."""
    return next((n for n, line in enumerate(session) if line.startswith("t=")), len(session))


def _audio(section: list[str], port: int, said: Codec | Sequence[Coding]) -> list[str]:
    formats = _one(said) if isinstance(said, Codec) else _all(said)
    lines = [line for _, mapped in formats for line in mapped]
    media = " ".join(str(number) for number, _ in formats)
    length_ms = said.packet_ms if isinstance(said, Codec) else PACKETS_MS[0]
    direction = [line for line in section if line in _DIRECTIONS]
    return [f"m=audio {port} RTP/AVP {media}", *lines, f"a=ptime:{length_ms}", *direction]


_Format = tuple[int, list[str]]
"""A number and the lines that say what it means."""


def _one(codec: Codec) -> list[_Format]:
    """Of an answer."""
    events = [] if codec.event_type is None else [_events(codec.event_type, NAMED[codec.coding].clock_hz)]
    noise = [] if codec.noise_type is None else [_noise(codec.noise_type)]
    return [_sound(codec.coding, codec.payload_type), *noise, *events]


def _all(codings: Sequence[Coding]) -> list[_Format]:
    """Of an offer."""
    clocks = sorted({NAMED[coding].clock_hz for coding in codings})
    sound = [_sound(coding, NAMED[coding].number) for coding in codings]
    noise = [_noise(NOISE)] if NOISE_HZ in clocks else []
    return [*sound, *noise, *(_events(EVENTS[hz], hz) for hz in clocks)]


def _sound(coding: Coding, number: int) -> _Format:
    named = NAMED[coding]
    lines = [f"a=rtpmap:{number} {named.rtpmap}"] if named.mapped or number != named.number else []
    return number, lines + ([f"a=fmtp:{number} {named.parameters}"] if named.parameters else [])


def _noise(number: int) -> _Format:
    return number, [f"a=rtpmap:{number} CN/{NOISE_HZ}"]


def _events(number: int, clock_hz: int) -> _Format:
    return number, [f"a=rtpmap:{number} telephone-event/{clock_hz}", f"a=fmtp:{number} 0-16"]

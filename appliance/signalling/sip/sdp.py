# SPDX-License-Identifier: GPL-2.0-only
"""Our session description: the engine's address and port, and nothing that the engine does not serve.

pjsua writes a description of its own sockets; `at_engine` keeps its origin, version, direction and refused media and
puts the engine into one audio section: all codecs that are wanted and telephone events where we offer, the one codec
that `chosen` took where we answer. All other sections are refused (port 0).
Packets are as long as the peer wishes, and where it wishes nothing as long as we do (`own_ms`), both ways.
Spec: RFC 8866, RFC 3264, RFC 4733 §7.1.1, RFC 4568 (keys of SRTP).
"""

import re
from collections.abc import Iterator, Sequence

import msgspec

from appliance.config import Endpoint, SrtpUse
from appliance.media.events import Codec as Coding
from appliance.signalling.sip import crypto
from appliance.signalling.sip.codings import EVENTS, NAMED, NOISE, NOISE_HZ
from dsp.sdes import Crypto, build

PACKETS_MS = (20, 10, 5)
"""What the engine can send, the largest first; Opus' frames of speech have 10 ms at least (RFC 6716 §3.1)."""
USUAL_MS = 20  # RFC 3551 §4.2
LONGEST_MS = 60
"""What the engine takes in a packet (dsp/include/jitter.h)."""
EVENTS_MIN = 96  # RFC 3551 §6: dynamic from here on

_DIRECTIONS = {"a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"}
_RTPMAP = re.compile(r"a=rtpmap:\s*(\d{1,3})\s+(\S{1,40})", re.IGNORECASE)
_PTIME = re.compile(r"a=(max|)ptime:\s*(\d{1,4})\b", re.IGNORECASE)
_CRYPTO = re.compile(r"a=crypto:[ \t]*(.*)", re.IGNORECASE)

PLAIN, SECURE = "RTP/AVP", "RTP/SAVP"
_PROFILES = {PLAIN: False, "RTP/AVPF": False, SECURE: True, "RTP/SAVPF": True}
"""Transports that we can, and whether they want SRTP (RFC 3551, 4585, 3711, 5124)."""


class RefusedError(Exception):
    """An offer that cannot be answered; the sentence says why."""


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


def supposed(wanted: Sequence[Coding], own_ms: int = USUAL_MS) -> Codec:
    """What we suppose of a peer to whom we offer, until its answer."""
    named = NAMED[wanted[0]]
    noise_type = NOISE if named.clock_hz == NOISE_HZ else None
    length_ms = packet_ms(wanted[0], own_ms)
    return Codec(wanted[0], named.number, EVENTS[named.clock_hz], length_ms, noise_type=noise_type)


def packet_ms(coding: Coding, *wishes_ms: int) -> int:
    """The engine's packet length that is nearest to the least wish, ptime or maxptime, and not above it."""
    lengths = PACKETS_MS[:-1] if coding is Coding.OPUS else PACKETS_MS
    return next((length for length in lengths if length <= min(wishes_ms)), lengths[-1])


class Taken(msgspec.Struct, frozen=True):
    """What we take of the peer's description: an audio section, its codec, and its keys."""

    codec: Codec
    profile: str = PLAIN
    section: int | None = None
    """Which of the m= sections, from 0."""
    crypto: Crypto | None = None
    """The peer's line; None: no SRTP."""


class Transport(msgspec.Struct, frozen=True):
    """How our audio section is carried, and which it is; None: the first that is not refused."""

    profile: str = PLAIN
    crypto: tuple[Crypto, ...] = ()
    section: int | None = None


FIRST = Transport()


def chosen(
    offer: str,
    wanted: Sequence[Coding],
    srtp: SrtpUse = "accept",
    settled: Codec | None = None,
    own_ms: int = USUAL_MS,
) -> Taken:
    """What we take of the offer in a message or description: SRTP before plain RTP, then the first section.

    Of its codecs the first that we want, and the number of telephone events at its clock. Within a talk (`settled`)
    codec and numbers stay as they are, because the engine cannot change them without ending its bridge: an offer
    without that codec is none, and events under another number stay away (RFC 3264 §8.3.2 wants them under the same).
    The packets' length follows the offer's. Raises RefusedError.
    """
    taken: list[Taken] = []
    refused: list[RefusedError] = []
    for section in _Audio.of(offer):
        try:
            taken.append(section.taken(wanted, srtp, settled, own_ms))
        except RefusedError as error:
            refused.append(error)
    if not taken:
        raise refused[0] if refused else RefusedError("there is no audio in it")
    return next((one for one in taken if one.crypto is not None), taken[0])


def answered(answer: str, wanted: Sequence[Coding], own_ms: int = USUAL_MS) -> Taken | None:
    """What the peer takes of our offer: the first codec in its own order. None: there is no answer in this message.

    It may name a number of telephone events of its own (RFC 3264 §6.1). Keys are in one line (RFC 4568 §5.1.3).
    """
    audio = next(iter(_Audio.of(answer)), _Audio())
    found = filter(None, (audio.codec(coding, own_ms) for coding in wanted))
    first = min(found, key=lambda codec: audio.types.index(codec.payload_type), default=None)
    if first is None:
        return None
    if first.event_type is not None:
        ours, theirs = EVENTS[NAMED[first.coding].clock_hz], first.event_type
        first = msgspec.structs.replace(first, event_type=ours, sent_event_type=theirs if theirs != ours else None)
    line = crypto.taken(audio.cryptos) if len(audio.cryptos) == 1 else None
    return Taken(first, audio.profile, audio.section, line)


def at_engine(
    description: str,
    engine: Endpoint,
    said: Codec | Sequence[Coding],
    transport: Transport = FIRST,
    own_ms: int = USUAL_MS,
) -> str:
    """The description with the engine in place of pjsua's own sockets: one codec, or an offer."""
    head, *media = _sections(description.splitlines())
    ours = transport.section
    if ours is None:
        ours = next((n for n, part in enumerate(media) if part[0].startswith("m=audio ") and not _refused(part)), None)
    session = [line for line in head if not line.startswith(("c=", "b="))]
    lines = [*session[: _before_time(session)], f"c=IN IP4 {engine.address}", *session[_before_time(session) :]]
    length_ms = said.packet_ms if isinstance(said, Codec) else own_ms
    for number, section in enumerate(media):
        lines += _audio(section, engine.port, said, transport, length_ms) if number == ours else [_refusal(section)]
    return "\r\n".join(lines) + "\r\n"


class _Audio(msgspec.Struct, frozen=True):
    """An audio section that is not refused: payload types in its order, their names, packet lengths, keys."""

    section: int = 0
    profile: str = ""
    types: tuple[int, ...] = ()
    names: dict[int, str] = {}
    wished_ms: tuple[int, ...] = ()
    most_ms: tuple[int, ...] = ()
    cryptos: tuple[str, ...] = ()

    @classmethod
    def of(cls, description: str) -> Iterator["_Audio"]:
        """Of a description, in its order."""
        _, *media = _sections(description.splitlines())
        for number, section in enumerate(media):
            kind, *words = section[0].split()
            if kind == "m=audio" and len(words) > 2 and not _refused(section):
                types = tuple(int(word) for word in words[2:] if word.isdecimal() and len(word) <= 3)
                text = "\n".join(section)
                names = {int(number): name.lower().removesuffix("/1") for number, name in _RTPMAP.findall(text)}
                said_ms = [(bool(most), int(length)) for most, length in _PTIME.findall(text) if int(length)]
                wished_ms = tuple(length for most, length in said_ms if not most)
                most_ms = tuple(length for most, length in said_ms if most)
                cryptos = tuple(found[1] for found in map(_CRYPTO.fullmatch, section) if found)
                yield cls(number, words[1].upper(), types, names, wished_ms, most_ms, cryptos)

    def taken(self, wanted: Sequence[Coding], srtp: SrtpUse, settled: Codec | None, own_ms: int) -> Taken:
        """Raises RefusedError."""
        line = None if srtp == "off" else crypto.taken(self.cryptos)
        if self.profile not in _PROFILES:
            raise RefusedError(f"its transport is {self.profile[:40]!r}, {' or '.join(_PROFILES)} are possible")
        if _PROFILES[self.profile] and srtp == "off":
            raise RefusedError("it wants SRTP, which `sip: srtp: off` switches off")
        if _PROFILES[self.profile] and line is None:
            raise RefusedError(f"it wants SRTP, and none of its {len(self.cryptos)} crypto lines can be done")
        if line is None and srtp == "require":
            raise RefusedError("it is plain RTP, and SRTP is required")
        found = filter(None, (self.codec(coding, own_ms) for coding in wanted))
        codec = next(found, None) if settled is None else self.again(settled)
        if codec is None:
            raise RefusedError("it has no codec of `sip: codecs`" if settled is None else "its codec is not the talk's")
        return Taken(codec, self.profile, self.section, line)

    def again(self, settled: Codec) -> Codec | None:
        """What a talk goes on with; None: its codec is not here."""
        if self.number_of(settled.coding, settled.payload_type) is None:
            return None
        events = settled.sent_event_type or settled.event_type
        return msgspec.structs.replace(
            settled,
            event_type=events if events in self.events(settled.coding) else None,
            packet_ms=self.packet_ms(settled.coding, settled.packet_ms),
            sent_event_type=None,
            noise_type=settled.noise_type if settled.noise_type in self.types else None,
        )

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

    def packet_ms(self, coding: Coding, own_ms: int) -> int:
        """`own_ms`: what we would send by ourselves."""
        return packet_ms(coding, *(self.wished_ms or (own_ms,)), *self.most_ms)

    def codec(self, coding: Coding, own_ms: int) -> Codec | None:
        """All that a port has to know; None: this codec is not here."""
        number = self.number_of(coding)
        if number is None:
            return None
        events, length_ms = next(iter(self.events(coding)), None), self.packet_ms(coding, own_ms)
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


def _refusal(section: list[str]) -> str:
    """Its first line with port 0 (RFC 3264 §6)."""
    kind, _, *rest = section[0].split()
    return " ".join([kind, "0", *rest])


def _before_time(session: list[str]) -> int:
    """Where c= belongs: before t= (RFC 8866 §5)."""
    return next((n for n, line in enumerate(session) if line.startswith("t=")), len(session))


def _audio(
    section: list[str], port: int, said: Codec | Sequence[Coding], transport: Transport, length_ms: int
) -> list[str]:
    formats = _one(said) if isinstance(said, Codec) else _all(said)
    lines = [line for _, mapped in formats for line in mapped]
    media = " ".join(str(number) for number, _ in formats)
    lengths = [f"a=ptime:{length_ms}", f"a=maxptime:{LONGEST_MS}"]
    direction = [line for line in section if line in _DIRECTIONS]
    keys = [f"a=crypto:{build(line)}" for line in transport.crypto]
    return [f"m=audio {port} {transport.profile} {media}", *lines, *keys, *lengths, *direction]


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

# SPDX-License-Identifier: GPL-2.0-only
"""Our session description: the engine's address and port, and nothing that the engine does not serve.

pjsua writes a description of its own sockets; `at_engine` keeps its origin, version, direction and refused media and
puts the engine into the first audio section: both laws of G.711 and telephone events where we offer, the one law that
`chosen` took where we answer. Spec: RFC 8866, RFC 3264 (refused sections stay, with port 0), RFC 4733 §7.1.1.
"""

import re

import msgspec

PCMA, PCMU = 8, 0
PACKETS_MS = (20, 10, 5)
"""What the engine can send, the largest first."""
EVENTS_MIN = 96  # RFC 3551 §6: dynamic from here on

_NAMES = {PCMA: "PCMA", PCMU: "PCMU"}
_DIRECTIONS = {"a=sendrecv", "a=sendonly", "a=recvonly", "a=inactive"}
_EVENTS = re.compile(r"a=rtpmap:\s*(\d{1,3})\s+telephone-event/8000\b", re.IGNORECASE)
_PTIME = re.compile(r"a=(?:max)?ptime:\s*(\d{1,4})\b", re.IGNORECASE)


class Codec(msgspec.Struct, frozen=True):
    """What an RTP port speaks. `event_type`: payload type of telephone events; None: digits are in the sound.

    `sent_event_type`: under which the peer wants to be sent them, where that is another.
    """

    payload_type: int = PCMA
    event_type: int | None = 101
    packet_ms: int = 20
    sent_event_type: int | None = None


OFFERED = Codec()
"""What we suppose of a peer to whom we offer, until its answer."""


def packet_ms(*wishes_ms: int) -> int:
    """The engine's packet length that is nearest to a peer's ptime and maxptime and not above them; 0 is no wish."""
    most = min((wish for wish in wishes_ms if wish), default=PACKETS_MS[0])
    return next((length for length in PACKETS_MS if length <= most), PACKETS_MS[-1])


def chosen(offer: str, settled: Codec | None = None) -> Codec | None:
    """What we take of the offer in a message or description; None: it has no law of ours, or there is no offer.

    The first law in the peer's order, and its number of telephone events. Within a talk (`settled`) law and number
    stay as they are, because the engine cannot change them without ending its bridge: an offer without that law is
    none, and events under another number stay away (RFC 3264 §8.3.2 wants them under the same).
    """
    laws, events, wished_ms = _offered(offer)
    if settled is not None:
        sent = settled.sent_event_type or settled.event_type
        event_type = sent if sent in events else None
        taken = msgspec.structs.replace(settled, event_type=event_type, sent_event_type=None)
        return taken if settled.payload_type in laws else None
    law = next((number for number in laws if number in _NAMES), None)
    if law is None:
        return None
    return Codec(law, next((number for number in events if number >= EVENTS_MIN), None), packet_ms(*wished_ms))


def at_engine(description: str, address: str, port: int, codec: Codec | None = None) -> str:
    """The description with `address` and `port` of the engine in place of pjsua's own. Without a codec it offers."""
    head, *media = _sections(description.splitlines())
    engine = next((n for n, lines in enumerate(media) if lines[0].startswith("m=audio ") and not _refused(lines)), None)
    session = [line for line in head if not line.startswith(("c=", "b="))]
    lines = [*session[: _before_time(session)], f"c=IN IP4 {address}", *session[_before_time(session) :]]
    for number, section in enumerate(media):
        lines += _audio(section, port, codec) if number == engine else [section[0]]
    return "\r\n".join(lines) + "\r\n"


def _offered(offer: str) -> tuple[list[int], list[int], list[int]]:
    """Payload types, those of telephone events, and packet lengths of the first audio that is not refused."""
    _, *media = _sections(offer.splitlines())
    for section in media:
        kind, *words = section[0].split()
        if kind == "m=audio" and len(words) > 2 and not _refused(section):
            types = [int(word) for word in words[2:] if word.isdecimal() and len(word) <= 3]
            text = "\n".join(section)
            events = [int(found) for found in _EVENTS.findall(text) if int(found) in types]
            return types, events, [int(found) for found in _PTIME.findall(text)]
    return [], [], []


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


def _audio(section: list[str], port: int, codec: Codec | None) -> list[str]:
    laws = (PCMA, PCMU) if codec is None else (codec.payload_type,)
    said = codec or OFFERED
    types, lines = [*laws], [f"a=rtpmap:{law} {_NAMES[law]}/8000" for law in laws]
    if said.event_type is not None:
        types.append(said.event_type)
        lines += [f"a=rtpmap:{said.event_type} telephone-event/8000", f"a=fmtp:{said.event_type} 0-16"]
    direction = [line for line in section if line in _DIRECTIONS]
    media = " ".join(str(number) for number in types)
    return [f"m=audio {port} RTP/AVP {media}", *lines, f"a=ptime:{said.packet_ms}", *direction]

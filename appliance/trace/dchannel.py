# SPDX-License-Identifier: GPL-2.0-only
"""Which frames of a D-channel are one call's: by its call reference and the channel that its messages name.

Other calls are other people's: their Q.931 messages are left out. What is of nobody (Q.921's supervision and set-up of
the link, RESTART) is kept while the call lasts. Spec: Q.921 §3, Q.931 §4.3 to §4.5.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from appliance.media.trace import TracedFrame

SETUP, RELEASE_COMPLETE = 0x05, 0x5A
_ADDRESS, _CONTROL = 2, 2
_CALL_CONTROL = 0x08
_CHANNEL = 0x18
_SHIFT = range(0x90, 0x98)
_UI, _POLL_FINAL = 0x03, 0x10
_E1_MAP = 4


class Channel(NamedTuple):
    """As a message names it. `interface` None: that of the D-channel (§4.5.13)."""

    timeslot: int
    interface: int | None = None


class Message(msgspec.Struct, frozen=True):
    """What is asked of a message of call control: whose reference, its number, its type, the channel named."""

    ours: bool
    """Our side made the reference; it is no call's where `reference` is 0."""
    reference: int
    kind: int
    channel: Channel | None


class _Call(msgspec.Struct):
    frames: list[TracedFrame] = []
    kinds: list[int] = []
    channels: list[Channel] = []


def is_network(frames: Iterable[TracedFrame]) -> bool:
    """Whether our end is the network: an I frame is a command, and C/R says who commands. Q.921 §3.3.2."""
    for frame in frames:
        if _is_information(frame.octets):
            return frame.sent == bool(frame.octets[0] & 2)
    return False


def of_call(
    frames: Sequence[TracedFrame],
    *,
    ours: bool,
    timeslot: int,
    began_ns: int,
    interfaces: Collection[int | None] | None = None,
) -> list[TracedFrame]:
    """A call's frames, those of nobody among them; the call on the timeslot that began nearest to `began_ns`.

    `interfaces`: by which its channel is named; None: by any.
    """

    def mine(channel: Channel) -> bool:
        return channel.timeslot == timeslot and (interfaces is None or channel.interface in interfaces)

    calls = [call for call in _calls(frames, ours=ours) if any(map(mine, call.channels))]
    if not calls:
        return []
    call = min(calls, key=lambda call: abs(call.frames[0].at_ns - began_ns))
    begin, end = call.frames[0].at_ns, call.frames[-1].at_ns
    own = {id(frame) for frame in call.frames}
    return [
        frame
        for frame in frames
        if id(frame) in own or (begin <= frame.at_ns <= end and _is_nobodys(frame.octets, sent=frame.sent))
    ]


def _calls(frames: Iterable[TracedFrame], *, ours: bool) -> Iterator[_Call]:
    """Calls of one direction. A reference is used again once its call has ended."""
    open_calls: dict[int, _Call] = {}
    for frame in frames:
        message = message_of(frame.octets, sent=frame.sent)
        if message is None or not message.reference or message.ours is not ours:
            continue
        call = open_calls.get(message.reference)
        if call is None or (message.kind == SETUP and RELEASE_COMPLETE in call.kinds):
            if call is not None:
                yield call
            call = open_calls[message.reference] = _Call()
        call.frames.append(frame)
        call.kinds.append(message.kind)
        if message.channel is not None:
            call.channels.append(message.channel)
    yield from open_calls.values()


def message_of(frame: bytes, *, sent: bool) -> Message | None:
    """The message of call control in a frame; None where there is none."""
    layer3 = frame[_ADDRESS + _CONTROL :]
    if not _is_information(frame) or len(layer3) < 3 or layer3[0] != _CALL_CONTROL:
        return None
    octets = layer3[1] & 0x0F
    value = layer3[2 : 2 + octets]
    if not octets or len(layer3) < 3 + octets:
        return None
    from_maker = not value[0] & 0x80
    reference = int.from_bytes(value, "big") & ~(1 << (8 * octets - 1))
    return Message(from_maker is sent, reference, layer3[2 + octets], _named(layer3[3 + octets :]))


def _is_information(frame: bytes) -> bool:
    return len(frame) > _ADDRESS + _CONTROL and not frame[_ADDRESS] & 1


def _is_nobodys(frame: bytes, *, sent: bool) -> bool:
    if not _is_information(frame):
        return len(frame) > _ADDRESS and frame[_ADDRESS] & ~_POLL_FINAL != _UI  # which may carry a message
    message = message_of(frame, sent=sent)
    return message is not None and message.reference == 0


def _named(elements: bytes) -> Channel | None:
    """Of Channel identification. Q.931 §4.5.13."""
    at = 0
    while at < len(elements) and elements[at] not in _SHIFT:
        if elements[at] & 0x80:
            at += 1
            continue
        content = elements[at + 2 : at + 2 + elements[at + 1]] if at + 1 < len(elements) else b""
        if elements[at] == _CHANNEL:
            return _channel(content)
        at += 2 + len(content)
    return None


def _channel(content: bytes) -> Channel | None:
    if not content or not content[0] & 0x20:  # the basic rate's channels
        return None
    at, interface = 1, None
    if content[0] & 0x40:  # an interface is named
        while at < len(content) and not content[at] & 0x80:
            at += 1
        interface = content[at] & 0x7F if at == 1 < len(content) else None
        at += 1
    kind, slots = content[at : at + 1], content[at + 1 :]
    if not kind or not slots:
        return None
    if kind[0] & 0x10:  # a map: of an E1 four octets for 31 to 0, of a T1 three for 24 to 1
        bits = int.from_bytes(slots, "big").bit_length()
        return Channel(bits - (len(slots) == _E1_MAP), interface) if bits else None
    return Channel(slots[0] & 0x7F, interface)

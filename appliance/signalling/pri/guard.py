# SPDX-License-Identifier: GPL-2.0-only
"""Looks at each frame before libpri does, which trusts lengths that a damaged frame can fake.

A frame that is not Q.921 at all is dropped. An I frame whose message is damaged keeps its place in the sequence: it
goes on without its message, so that it is acknowledged and never sent again (Q.921 §5.6.2), and Q.931 ignores it as
too short (Q.931 §5.8.2).
"""

from collections.abc import Iterator
from typing import NamedTuple

from appliance.signalling.pri import facility

ADDRESS = b"\x01"  # second octet: TEI 0, EA 1; PRI has no other (Q.921 §3.3.4.1)
MAX_FRAME = 264  # N201 = 260 octets of information, address 2, control 2 (Q.921 §5.9.3)
UNNUMBERED = {0x6F: "SABME", 0x0F: "DM", 0x43: "DISC", 0x63: "UA", 0x87: "FRMR"}  # without the P/F bit
SUPERVISORY = {0x01: "RR", 0x05: "RNR", 0x09: "REJ"}
Q931 = 0x08  # protocol discriminator
RESTARTS = {0x46, 0x4E}  # RESTART and its acknowledgement: call reference 0 and no other (§4.3)
STATUS = 0x7D  # the one other message of call reference 0
MAINTENANCE = {0x03: 0x0F, 0x43: 0x07}  # protocol discriminator of 4ESS, 5ESS and of NI-2, and its SERVICE
ACKNOWLEDGE = 0x08  # by which SERVICE's type and that of its acknowledgement differ
CHANGE_STATUS, CHANNEL_IDENTIFICATION = 0x01, 0x18
DISCONNECT, INFORMATION, PROGRESS, CONNECT_ACKNOWLEDGE = 0x45, 0x7B, 0x03, 0x0F
CLEARINGS = {DISCONNECT, 0x4D, 0x5A}  # and RELEASE, RELEASE COMPLETE
STATUS_ENQUIRY = 0x75
WITHOUT_CALL = {0x05, 0x4D, 0x5A, STATUS, STATUS_ENQUIRY}  # SETUP, RELEASE, RELEASE COMPLETE (§5.8.3.2 b to f)
CAUSE, CALL_STATE = 0x08, 0x14
RESTART_INDICATOR, ALL_INTERFACES = 0x79, 7
EXPLICIT, D_CHANNEL = 0x40, 0x04  # in octet 3 of Channel identification (§4.5.13)
NORMAL_UNSPECIFIED = 31
FACILITY = 0x1C
ONCE = {CHANNEL_IDENTIFICATION, 0x70}  # and the called party's number: elements that libpri needs the first of
ONCE_SHIFTED, LOCKING = 1, 2
SHIFTS = {0x90: LOCKING, 0x98: ONCE_SHIFTED}  # locking and non-locking (§4.5.3, §4.5.4)
NUMBERS = {0x0C, 0x4C, 0x6C, 0x73, 0x74, 0x76}  # connected (two codes), calling, original, redirecting, redirection


class Service(NamedTuple):
    """SERVICE ACKNOWLEDGE or SERVICE; into service or out of it."""

    acknowledges: bool
    into: bool


class Clearing(NamedTuple):
    """Which message, of which call; `ours`: of one that the receiver began. `unsaid`: no cause came, which is 31."""

    kind: int
    reference: int
    ours: bool
    cause: int
    unsaid: bool


def admit(frame: bytes) -> tuple[bytes | None, str | None]:
    """(what libpri may see, what was wrong with the frame or None)."""
    trouble = _frame_trouble(frame)
    if trouble is not None:
        return None, trouble
    if frame[2] & 1:
        return frame, None
    trouble = _message_trouble(frame[4:])
    if trouble is not None:
        return frame[:4], trouble
    elements = _elements(frame[9:], is_global=not (frame[6] & 0x7F or frame[7]))
    if elements is None:
        return frame[:4], "element length"
    return frame[:9] + elements, None


def _frame_trouble(frame: bytes) -> str | None:
    if not 3 <= len(frame) <= MAX_FRAME:
        return "length"
    if frame[0] & 0xFD or frame[1:2] != ADDRESS:
        return "address"
    control = frame[2]
    if control & 3 == 3:
        name = UNNUMBERED.get(control & 0xEF)
        if name is None:
            return "control"
        return None if len(frame) == (8 if name == "FRMR" else 3) else "length"
    if control & 3 == 1:
        if control not in SUPERVISORY:
            return "control"
        return None if len(frame) == 4 else "length"
    return None if len(frame) > 4 else "length"


def _message_trouble(message: bytes) -> str | None:
    if len(message) < 5:
        return "message length"
    if message[0] not in {Q931, *MAINTENANCE}:
        return "protocol discriminator"
    if message[1] != 2:
        return "call reference length"
    kind, is_global = message[4], not (message[2] & 0x7F or message[3])
    if message[0] in MAINTENANCE:
        return (
            None if kind == MAINTENANCE[message[0]] and is_global and _of_one_channel(message[5:]) else "message type"
        )
    if (kind in RESTARTS) != is_global and kind != STATUS:
        return "message type"
    return None


def _of_one_channel(elements: bytes) -> bool:
    """Change status and a B-channel by number; of a whole interface libpri would make a link that is down."""
    return (
        len(elements) >= 8
        and elements[:2] == bytes([CHANGE_STATUS, 1])
        and elements[3:5] == bytes([CHANNEL_IDENTIFICATION, len(elements) - 5])
        and elements[5] & 0x23 == 0x21
        and elements[-1] & 0x7F > 0
    )


def _elements(elements: bytes, *, is_global: bool) -> bytes | None:
    """The elements that libpri may see; None where one is longer than the message.

    Empty ones count as absent (§5.8.6.2, §5.8.7.2), and so do those whose contents are no such element's, and the
    D-channel as what is to be restarted: libpri would restart it for ever, whatever channel we name. Of two the first
    counts (§5.8.5.2), in codeset 0; libpri would take the last.
    """
    seen: set[int] = set()
    at, kept, shifted = 0, bytearray(), 0
    while at < len(elements):
        if elements[at] & 0x80:
            kept.append(elements[at])
            shifted = max(shifted, SHIFTS.get(elements[at] & 0xF8, 0))
            at += 1
            continue
        end = at + 2 + elements[at + 1] if at + 2 <= len(elements) else len(elements) + 1
        if end > len(elements):
            return None
        contents = elements[at + 2 : end]
        again = not shifted and elements[at] in seen
        unfit = not _is_sound(elements[at], contents) or (is_global and _is_d_channel(elements[at], contents))
        if not again and not unfit:
            kept += elements[at:end]
            seen |= set() if shifted else ONCE & {elements[at]}
        at, shifted = end, shifted & LOCKING
    return bytes(kept)


def _is_d_channel(element: int, contents: bytes) -> bool:
    return element == CHANNEL_IDENTIFICATION and any(octet & D_CHANNEL for octet in contents[:1])


def _is_sound(element: int, contents: bytes) -> bool:
    """Whether libpri reads no further than the element, which it does not see to itself."""
    if element in NUMBERS:
        return any(octet & 0x80 for octet in contents)  # octet group 3 ends (§4.5.1)
    if element == FACILITY:
        return facility.is_sound(contents)
    return bool(contents)


def stray(frame: bytes) -> tuple[int, bool] | None:
    """(call reference, whether it is of the receiver's own call) of an admitted message that must have a call."""
    if (
        len(frame) < 9
        or frame[2] & 1
        or frame[4] != Q931
        or frame[8] in WITHOUT_CALL
        or frame[6] & 0x7F == frame[7] == 0
    ):
        return None
    return _reference(frame)


def enquiring(frame: bytes) -> bytes:
    """A STATUS ENQUIRY in the place of a message."""
    return frame[:8] + bytes([STATUS_ENQUIRY])


def _reference(frame: bytes) -> tuple[int, bool]:
    return (frame[6] & 0x7F) << 8 | frame[7], bool(frame[6] & 0x80)


def reported_state(frame: bytes) -> tuple[int, bool, int] | None:
    """(call reference, whether it is of the receiver's own call, call state) of an admitted STATUS."""
    if len(frame) < 9 or frame[2] & 1 or frame[8] != STATUS:
        return None
    states = [contents[0] & 0x3F for element, contents in _each(frame[9:]) if element == CALL_STATE]
    return (*_reference(frame), states[0]) if states else None


def cause_at(frame: bytes) -> int | None:
    """Where octet 3 of the cause lies in an admitted frame, if it clears with one."""
    if clearing(frame) is None:
        return None
    at = 9
    while at < len(frame):
        if frame[at] & 0x80:
            at += 1
            continue
        if frame[at] == CAUSE:
            return at + 2
        at += 2 + frame[at + 1]
    return None


def connect_acknowledged(frame: bytes) -> tuple[int, bool] | None:
    """(call reference, whether it is of the receiver's own call) of an admitted CONNECT ACKNOWLEDGE."""
    return None if len(frame) < 9 or frame[2] & 1 or frame[8] != CONNECT_ACKNOWLEDGE else _reference(frame)


def clearing(frame: bytes) -> Clearing | None:
    """What an admitted frame clears, if it does."""
    if len(frame) < 9 or frame[2] & 1 or frame[8] not in CLEARINGS:
        return None
    causes = [contents[1] & 0x7F for element, contents in _each(frame[9:]) if element == CAUSE and len(contents) > 1]
    return Clearing(frame[8], *_reference(frame), causes[0] if causes else NORMAL_UNSPECIFIED, not causes)


def named_interface(frame: bytes) -> int | None:
    """The interface that an admitted message's channel is said to be on (§4.5.13, octet 3.1)."""
    return _interface(frame[9:])


def restarts_all(frame: bytes) -> bool:
    """Whether an admitted RESTART is of all interfaces (§4.5.25)."""
    return any(
        element == RESTART_INDICATOR and contents[0] & 7 == ALL_INTERFACES for element, contents in _each(frame[9:])
    )


def _interface(elements: bytes) -> int | None:
    for element, contents in _each(elements):
        if element == CHANNEL_IDENTIFICATION and contents[0] & EXPLICIT and len(contents) > 1:
            return contents[1] & 0x7F
    return None


def d_channel_service(frame: bytes) -> Service | None:
    """SERVICE of a D-channel or its acknowledgement, which `admit` keeps from libpri; None: it is no such message."""
    message = frame[4:]
    if _frame_trouble(frame) or frame[2] & 1 or len(message) < 5 or message[0] not in MAINTENANCE or message[1] != 2:
        return None
    acknowledges = message[4] == MAINTENANCE[message[0]] ^ ACKNOWLEDGE
    sound = _elements(message[5:], is_global=False)
    found = dict(_each(sound)) if sound else {}
    channel, status = found.get(CHANNEL_IDENTIFICATION), found.get(CHANGE_STATUS)
    if channel is None or status is None or not channel[0] & D_CHANNEL:
        return None
    if not acknowledges and message[4] != MAINTENANCE[message[0]]:
        return None
    return Service(acknowledges, not status[0] & 0x0F)


def _each(elements: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements of an admitted message that have contents."""
    at = 0
    while at < len(elements):
        if elements[at] & 0x80:
            at += 1
            continue
        end = at + 2 + elements[at + 1]
        yield elements[at], elements[at + 2 : end]
        at = end

# SPDX-License-Identifier: GPL-2.0-only
"""AgentX on the wire (RFC 2741 §5 and §6): what a subagent that only tells has to read and write. No socket in here.

Always in network byte order. PDUs of a length or a content that is not as the RFC has it raise RemoteProtocolError.
"""

import enum
import struct
from collections.abc import Iterable, Iterator
from typing import NamedTuple

HEADER_OCTETS = 20
PAYLOAD_LIMIT = 65_536
SUBIDS_MAX = 128
INTERNET = (1, 3, 6, 1)
NETWORK_BYTE_ORDER, NON_DEFAULT_CONTEXT = 0x10, 0x08
_HEADER = struct.Struct(">BBBxIIII")
_OID = struct.Struct(">BBBx")

Oid = tuple[int, ...]


class RemoteProtocolError(Exception):
    """What the master agent sent is no AgentX."""


class Pdu(enum.IntEnum):
    """Kinds of PDUs (§6.1)."""

    OPEN = 1
    CLOSE = 2
    REGISTER = 3
    GET = 5
    GET_NEXT = 6
    GET_BULK = 7
    TEST_SET = 8
    COMMIT_SET = 9
    UNDO_SET = 10
    CLEANUP_SET = 11
    PING = 13
    RESPONSE = 18


class Kind(enum.IntEnum):
    """Kinds of values (§5.4)."""

    INTEGER = 2
    OCTETS = 4
    OBJECT = 6
    COUNTER32 = 65
    GAUGE32 = 66
    TIME_TICKS = 67
    NO_SUCH_OBJECT = 128
    NO_SUCH_INSTANCE = 129
    END_OF_VIEW = 130


class Error(enum.IntEnum):
    """Errors of a response (§6.2.16)."""

    NONE = 0
    NOT_WRITABLE = 17
    PARSE = 266


class Value(NamedTuple):
    """`told`: a number, octets, or an object's name; nothing of the last three kinds."""

    kind: Kind
    told: int | bytes | Oid = 0


class Header(NamedTuple):
    """Of any PDU."""

    kind: int
    flags: int
    session: int
    transaction: int
    packet: int
    length: int


class Range(NamedTuple):
    """From `start` (itself, where `include`) to before `end`; an empty one is no bound."""

    start: Oid
    include: bool
    end: Oid


class Asked(NamedTuple):
    """A Get, GetNext or GetBulk: `singles` of its ranges once, the others up to `repetitions` times."""

    ranges: tuple[Range, ...]
    singles: int = 0
    repetitions: int = 0


class Response(NamedTuple):
    """An answer of the master's: 0 where it did as it was told."""

    error: int


def header(octets: bytes) -> Header:
    """The first 20 octets. Raises RemoteProtocolError."""
    version, kind, flags, *numbers = _HEADER.unpack(octets)
    told = Header(kind, flags, *numbers)
    if version != 1 or not flags & NETWORK_BYTE_ORDER or told.length > PAYLOAD_LIMIT or told.length % 4:
        raise RemoteProtocolError(f"no AgentX PDU of ours: {octets.hex()}")
    return told


def asked(told: Header, payload: bytes) -> Asked:
    """What a Get, GetNext or GetBulk asks for. Raises RemoteProtocolError."""
    try:
        if told.flags & NON_DEFAULT_CONTEXT:
            (length,) = struct.unpack_from(">I", payload)
            payload = payload[4 + length + -length % 4 :]
        if told.kind != Pdu.GET_BULK:
            return Asked(tuple(_ranges(payload)))
        singles, repetitions = struct.unpack_from(">HH", payload)
        return Asked(tuple(_ranges(payload[4:])), singles, repetitions)
    except (struct.error, IndexError) as error:
        raise RemoteProtocolError(f"a search range is cut off: {error}") from error


def response(payload: bytes) -> Response:
    """Of the master. Raises RemoteProtocolError."""
    if len(payload) < 8:
        raise RemoteProtocolError("a response is cut off")
    return Response(struct.unpack_from(">IHH", payload)[1])


def pdu(told: Header, kind: Pdu, payload: bytes) -> bytes:
    """A PDU of ours, in the session, transaction and packet of `told`."""
    numbers = (told.session, told.transaction, told.packet, len(payload))
    return _HEADER.pack(1, kind, NETWORK_BYTE_ORDER, *numbers) + payload


def answer(told: Header, bindings: Iterable[tuple[Oid, Value]], error: Error = Error.NONE, index: int = 0) -> bytes:
    """A response; `index` counts from 1."""
    payload = struct.pack(">IHH", 0, error, index)
    return pdu(told, Pdu.RESPONSE, payload + b"".join(_binding(name, value) for name, value in bindings))


def opening(said: str, timeout_s: int) -> bytes:
    """Payload of an Open."""
    return struct.pack(">Bxxx", timeout_s) + oid(()) + string(said.encode())


def registering(subtree: Oid, timeout_s: int, priority: int = 127) -> bytes:
    """Payload of a Register."""
    return struct.pack(">BBBx", timeout_s, priority, 0) + oid(subtree)


def oid(name: Oid, *, include: bool = False) -> bytes:
    """An object's name; those of the internet are written shorter (§5.1)."""
    prefix = 0
    if len(name) > 4 and name[:4] == INTERNET and 0 < name[4] < 256:
        prefix, name = name[4], name[5:]
    return _OID.pack(len(name), prefix, include) + struct.pack(f">{len(name)}I", *name)


def string(octets: bytes) -> bytes:
    """Octets, filled up to a multiple of 4 (§5.3)."""
    return struct.pack(">I", len(octets)) + octets + bytes(-len(octets) % 4)


def _binding(name: Oid, value: Value) -> bytes:
    head = struct.pack(">Hxx", value.kind) + oid(name)
    match value.told:
        case bytes(octets):
            return head + string(octets)
        case tuple(other):
            return head + oid(other)
        case number if value.kind < Kind.NO_SUCH_OBJECT:
            return head + struct.pack(">I", number & 0xFFFFFFFF)
    return head


def _ranges(payload: bytes) -> Iterator[Range]:
    at = 0
    while at < len(payload):
        start, include, at = _read_oid(payload, at)
        end, _, at = _read_oid(payload, at)
        yield Range(start, include, end)


def _read_oid(payload: bytes, at: int) -> tuple[Oid, bool, int]:
    count, prefix, include = _OID.unpack_from(payload, at)
    if count > SUBIDS_MAX:
        raise RemoteProtocolError(f"an object's name has {count} parts")
    name = struct.unpack_from(f">{count}I", payload, at + 4)
    return ((*INTERNET, prefix, *name) if prefix else name), bool(include), at + 4 + 4 * count

# SPDX-License-Identifier: GPL-2.0-only
"""The shared segment as Python sees it: the one place that touches the C structures of the engine.

A segment is a memfd. Whoever maps it must keep the `Segment` alive as long as anything read through it.
Rings have one producer and one consumer: one process per client slot, one thread at a time.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dsp._core import ffi, lib

from appliance.media.events import Client, CommandKind

ADDRESS_ANY = "127.0.0.1"
ORPHAN_S = 60.0
_TRACE_BATCH = 4096


def create(rtp_base: int, rtp_address: str = ADDRESS_ANY, orphan_s: float = ORPHAN_S) -> int:
    """Make a segment; RTP port n will be bound to UDP port rtp_base + 2n of rtp_address. Returns its file descriptor.

    Ports are closed when the client that opened them has read no event for `orphan_s`; 0: never.

    Raises:
        ValueError: the 512 UDP ports from rtp_base do not exist, or rtp_base is odd.
    """
    if rtp_base % 2 or not 1024 <= rtp_base <= 65536 - 2 * lib.BL_RTP_PORTS:
        raise ValueError(f"rtp_base={rtp_base}: even, 1024 to {65536 - 2 * lib.BL_RTP_PORTS}")
    fd = os.memfd_create("branchline-engine", os.MFD_CLOEXEC)
    os.ftruncate(fd, lib.bl_segment_size())
    error = lib.bl_segment_format(fd, ipv4(rtp_address), rtp_base, round(1000 * orphan_s))
    if error:
        os.close(fd)
        raise OSError(-error, os.strerror(-error))
    return fd


def path(state: Path) -> Path:
    """Where the supervisor of a box lets its segment be found, to be read only."""
    return state / "run" / "segment"


def ipv4(address: str) -> int:
    """Dotted quad as a number. ValueError for anything else."""
    octets = [int(part) for part in address.split(".") if part.isdigit()]
    if len(octets) != 4 or max(octets) > 255 or address.count(".") != 3:
        raise ValueError(f"{address!r}: no IPv4 address")
    return int.from_bytes(bytes(octets), "big")


def dotted(address: int) -> str:
    """Number as a dotted quad."""
    return ".".join(str(octet) for octet in address.to_bytes(4, "big"))


class Segment:
    """A mapped segment."""

    def __init__(self, fd: int) -> None:
        """Map the segment behind `fd`, which may be closed afterwards.

        Raises:
            ValueError: no segment, or one of another version.
        """
        self.c: Any = _mapped(lib.bl_segment_map, fd)

    @classmethod
    def view(cls, fd: int) -> Segment:
        """Map it to be read only. Raises ValueError as above."""
        viewed = cls.__new__(cls)
        viewed.c = _mapped(lib.bl_segment_view, fd)
        return viewed

    def mark(self, dscp: int) -> None:
        """Media packets leave with this DSCP from the engine's next tick on, those of calls under way too."""
        self.c.header.tos = dscp << 2

    @property
    def header(self) -> Any:
        """`struct bl_header`."""
        return self.c.header

    def command(self, kind: CommandKind, port: int = 0, id: int = 0) -> Any:  # noqa: A002 - the field's name
        """Return a new `struct bl_command *` with nothing else filled in."""
        command = ffi.new("struct bl_command *")
        command.kind, command.port, command.id = kind, port, id
        return command

    def push(self, client: Client, command: Any) -> bool:
        """Hand a command to the engine. False: the ring is full."""
        return bool(lib.bl_command_push(self.c, client, command) == 0)

    def pop(self, client: Client, event: Any) -> bool:
        """Take the oldest event. False: there is none."""
        return bool(lib.bl_event_pop(self.c, client, event))

    def discard(self, client: Client) -> None:
        """Forget all events that stand in the client's ring."""
        lib.bl_event_discard(self.c, client)

    def new_event(self) -> Any:
        """Return an empty `struct bl_event *`."""
        return ffi.new("struct bl_event *")

    def span_status(self, span: int) -> Any:
        """`struct bl_span_status` of a span."""
        status = ffi.new("struct bl_span_status *")
        lib.bl_span_status(self.c, span, status)
        return status

    def port_status(self, port: int) -> Any:
        """`struct bl_port_status` of a port."""
        status = ffi.new("struct bl_port_status *")
        lib.bl_port_status(self.c, port, status)
        return status

    def bits_status(self, port: int) -> Any:
        """`struct bl_bits_status` of a timeslot's port."""
        status = ffi.new("struct bl_bits_status *")
        lib.bl_bits_status(self.c, port, status)
        return status

    def test_status(self, port: int) -> Any:
        """`struct bl_test_status` of a timeslot's port."""
        status = ffi.new("struct bl_test_status *")
        lib.bl_test_status(self.c, port, status)
        return status

    def conference_status(self, conference: int) -> Any:
        """`struct bl_conference_status` of a conference."""
        status = ffi.new("struct bl_conference_status *")
        lib.bl_conference_status(self.c, conference, status)
        return status

    def new_taps(self, count: int) -> Any:
        """Room for `count` taps."""
        return ffi.new("struct bl_tap[]", count)

    def take_taps(self, taps: Any, count: int) -> int:
        """Take up to `count` of the oldest taps; returns how many."""
        return int(lib.bl_taps_take(self.c, taps, count))

    def trace(self, wanted: Any, record: str) -> Iterator[bytes]:
        """Octets of the records, `struct record`, that `struct bl_trace_wanted *` names, oldest first."""
        room, place = ffi.new(f"struct {record}[]", _TRACE_BATCH), ffi.new("uint64_t *")
        size = ffi.sizeof(f"struct {record}")
        while count := int(lib.bl_trace_read(ffi.addressof(self.c.trace), wanted, place, room, _TRACE_BATCH)):
            yield octets(room, count * size)

    def trace_wanted(self, kind: int, port: int, from_ns: int, until_ns: int) -> Any:
        """`struct bl_trace_wanted *`."""
        return ffi.new("struct bl_trace_wanted *", (kind, port, from_ns, until_ns))

    def arena(self) -> Any:
        """The arena's octets, writable."""
        return ffi.buffer(lib.bl_arena(self.c), lib.BL_ARENA_OCTETS)


def _mapped(how: Callable[[int], Any], fd: int) -> Any:
    pointer = how(fd)
    if pointer == ffi.NULL:
        raise ValueError(f"fd {fd} is no engine segment of this version")
    return ffi.gc(pointer, lib.bl_segment_unmap)


def tone_zone(name: str) -> int:
    """Index of a tone zone.

    Raises:
        ValueError: no such zone.
    """
    zone = int(lib.bl_tone_zone(name.encode()))
    if zone < 0:
        raise ValueError(f"zone={name!r}: no such tone zone")
    return zone


def octets(pointer: Any, count: int) -> bytes:
    """Copy of `count` octets of C memory."""
    return bytes(ffi.buffer(pointer, count))


def fill(pointer: Any, data: bytes) -> None:
    """Copy octets into C memory."""
    ffi.memmove(pointer, data, len(data))

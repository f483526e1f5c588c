# SPDX-License-Identifier: GPL-2.0-only
"""Telephone events, RFC 4733, and RFC 2198 around them. Law and figures: dsp/include/telephone_event.h."""

from typing import Any

import msgspec

from dsp._core import ffi, lib
from dsp.state import check, configure, new_state

FLASH = 16
CHANGES = 64


class EventReport(msgspec.Struct, frozen=True):
    """The four octets of RFC 4733 §2.3."""

    event: int
    duration: int
    end: bool = False
    volume: int = 10


class EventChange(msgspec.Struct, frozen=True):
    """An event has begun or ended; units of the event clock."""

    event: int
    on: bool
    timestamp: int
    duration: int
    timed_out: bool = False


class EventPacket(msgspec.Struct, frozen=True):
    """A payload to be sent."""

    timestamp: int
    marker: bool
    payload: bytes


class RedBlock(msgspec.Struct, frozen=True):
    """One block of RFC 2198."""

    payload_type: int
    timestamp_offset: int
    payload: bytes


def parse(payload: bytes) -> EventReport | None:
    """Read one report; None if it is not four octets."""
    report = ffi.new("struct bl_telephone_event_report *")
    if lib.bl_telephone_event_parse(report, payload, len(payload)):
        return None
    return EventReport(report.event, report.duration, bool(report.end), report.volume)


def serialise(report: EventReport) -> bytes:
    """The four octets."""
    out = bytearray(4)
    filled = ffi.new("struct bl_telephone_event_report *", (report.event, report.end, report.volume, report.duration))
    lib.bl_telephone_event_write(ffi.from_buffer("uint8_t[]", out), filled)
    return bytes(out)


def event_of(digit: str) -> int:
    """Event of 0-9 * # A-D or ! (flash). Raises: ValueError for another character."""
    return check(lib.bl_telephone_event_of(digit.encode("ascii", "replace")), f"telephone event: no event {digit!r}")


def digit_of(event: int) -> str | None:
    """Character of an event, None when it has none."""
    digit = bytes(lib.bl_telephone_event_digit(event)).decode()
    return None if digit == "\0" else digit


def parse_red(payload: bytes) -> list[RedBlock] | None:
    """Blocks of RFC 2198, oldest first; None if they are not whole."""
    blocks = ffi.new("struct bl_red_block[]", 32)
    keep = ffi.from_buffer(payload)
    count = lib.bl_red_parse(blocks, 32, keep, len(payload))
    if count < 0:
        return None
    return [
        RedBlock(block.payload_type, block.timestamp_offset, bytes(ffi.buffer(block.payload, block.length)))
        for block in blocks[0:count]
    ]


class EventReceiver:
    """Tells each event's beginning once and its end once."""

    def __init__(self, clock_hz: int = 8000, timeout_ms: int = 200) -> None:
        """Raises: ValueError on a value out of its range."""
        self._memory, self._rx = new_state("telephone_event_rx")
        cfg = configure("telephone_event_rx", clock_hz=clock_hz, timeout_ms=timeout_ms)
        check(lib.bl_telephone_event_rx_init(self._rx, cfg), f"telephone event: {clock_hz} Hz, {timeout_ms} ms")
        self._changes = ffi.new("struct bl_telephone_event_change[]", CHANGES)

    def take(self, timestamp: int, payload: bytes, *, marker: bool = False) -> list[EventChange]:
        """A packet's payload. Raises: ValueError when it is not of whole reports."""
        arguments = (self._rx, timestamp & 0xFFFFFFFF, marker, payload, len(payload), self._changes, CHANGES)
        return self._told(check(lib.bl_telephone_event_rx_take(*arguments), f"telephone event: {len(payload)} octets"))

    def take_red(self, timestamp: int, payload: bytes, payload_type: int, *, marker: bool = False) -> list[EventChange]:
        """An RFC 2198 payload. Raises: ValueError when its blocks are not whole."""
        packet = (timestamp & 0xFFFFFFFF, marker, payload_type, payload, len(payload))
        count = lib.bl_telephone_event_rx_take_red(self._rx, *packet, self._changes, CHANGES)
        return self._told(check(count, f"telephone event: {len(payload)} octets of RFC 2198"))

    def tick(self) -> list[EventChange]:
        """5 ms are over."""
        return self._told(int(lib.bl_telephone_event_rx_tick(self._rx, self._changes)))

    def reset(self) -> None:
        """Another source."""
        lib.bl_telephone_event_rx_reset(self._rx)

    def _told(self, count: int) -> list[EventChange]:
        return [
            EventChange(change.event, bool(change.on), change.timestamp, change.duration, bool(change.timed_out))
            for change in self._changes[0:count]
        ]


class EventSender:
    """Reports events packet by packet."""

    def __init__(self, **settings: int) -> None:
        """Settings: the fields of bl_telephone_event_tx_cfg. Raises: ValueError on a value out of its range."""
        self._memory, self._tx = new_state("telephone_event_tx")
        usual = {"clock_hz": 8000, "packet_ms": 20, "on_ms": 100, "off_ms": 100, "volume": 10, "payload_type": 101}
        cfg = configure("telephone_event_tx", **{**usual, **settings})
        check(lib.bl_telephone_event_tx_init(self._tx, cfg), f"telephone event: {settings}")

    def send(self, digits: str) -> None:
        """Queue digits. Raises: ValueError for a character that is none, or when there is no room."""
        octets = digits.encode("ascii", "replace")
        check(
            lib.bl_telephone_event_tx_send(self._tx, octets, len(octets)), f"telephone event: {digits!r} or 64 waiting"
        )

    def press(self, event: int) -> None:
        """A key is pressed. Raises: ValueError when there is no such event."""
        check(lib.bl_telephone_event_tx_press(self._tx, event), f"telephone event: event {event}")

    def stop(self) -> None:
        """Queued digits are not sent; one under way ends."""
        lib.bl_telephone_event_tx_stop(self._tx)

    def release(self) -> None:
        """The key is released."""
        lib.bl_telephone_event_tx_release(self._tx)

    def tick(self, timestamp: int) -> EventPacket | None:
        """5 ms, whose first unit had this timestamp, are over; a packet that is to be sent."""
        packet: Any = ffi.new("struct bl_telephone_event_packet *")
        if not lib.bl_telephone_event_tx_tick(self._tx, timestamp & 0xFFFFFFFF, packet):
            return None
        return EventPacket(packet.timestamp, bool(packet.marker), bytes(ffi.buffer(packet.payload, packet.length)))

    @property
    def busy(self) -> bool:
        """An event is under way: no sound beside it."""
        return bool(lib.bl_telephone_event_tx_busy(self._tx))

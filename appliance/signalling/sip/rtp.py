# SPDX-License-Identifier: GPL-2.0-only
"""The engine's RTP ports as the SIP worker uses them: opened before anyone is told of them, closed at once.

A port that was given back goes to the end of the queue, so a former peer's late packets do not meet its next user.
`take` and `fitting` may be called from any thread, everything else belongs to the worker's.
"""

import threading
from collections import deque
from collections.abc import Sequence
from typing import Protocol

import msgspec
import structlog

from appliance.config import Endpoint
from appliance.media.events import Codec as Coding
from appliance.media.events import ComfortNoise
from appliance.signalling.sip.crypto import Keys
from appliance.signalling.sip.load import Load
from appliance.signalling.sip.sdp import Codec
from dsp.srtp import MasterKey

FIRST = 256
PORTS = 256

log = structlog.get_logger()


class RtpEngine(Protocol):
    """What is asked of the media engine's handle."""

    @property
    def samples(self) -> int:
        """The engine's clock."""

    def open_rtp(
        self,
        port: int,
        remote: tuple[str, int] | None,
        codec: Coding,
        packet_ms: int,
        event_type: int | None,
        sent_event_type: int | None,
        *,
        payload_type: int,
        noise: ComfortNoise | None,
    ) -> None:
        """Bind the port's UDP pair; a port that is open is closed first, in the same tick."""

    def set_rtp_remote(self, port: int, remote: tuple[str, int], packet_ms: int) -> None:
        """Send there, in packets of this length."""

    def secure(self, port: int, send: MasterKey, receive: MasterKey) -> None:
        """SRTP and nothing else."""

    def tell_digit(self, port: int, digit: str, duration_ms: int) -> None:
        """Take a digit that did not come by RTP."""

    def close_port(self, port: int) -> None:
        """Close it at this tick."""


class RtpPorts:
    """The pool and the commands. `busy` is what the engine raises when its command ring is full."""

    def __init__(self, engine: RtpEngine, address: str, base: int, busy: type[Exception]) -> None:
        self._engine = engine
        self._address = address
        self._base = base
        self._busy = busy
        self._free = deque(range(FIRST, FIRST + PORTS))
        self._opened: dict[int, Codec] = {}
        self._secured: dict[int, Keys] = {}
        self._load = Load()
        self._lock = threading.Lock()
        """Of the free ports and the load."""
        self._to_close: deque[int] = deque()

    @property
    def samples(self) -> int:
        """The engine's clock."""
        return self._engine.samples

    def endpoint(self, port: int) -> Endpoint:
        """Address and UDP port that a peer is told."""
        return Endpoint(self._address, self._base + 2 * (port - FIRST))

    def fitting(self, codings: Sequence[Coding]) -> tuple[Coding, ...]:
        """Those in which the engine can bear one leg more."""
        with self._lock:
            return self._load.fitting(codings)

    @property
    def relieved(self) -> bool:
        """The engine has room for some legs of any codec."""
        with self._lock:
            return self._load.relieved

    def take(self, codings: Sequence[Coding], packet_ms: int) -> int | None:
        """A free port for a leg that will speak one of these; None when all are in use."""
        with self._lock:
            if not self._free:
                return None
            self._load.count(self._free[0], codings, packet_ms)
            return self._free.popleft()

    def open(self, port: int, codec: Codec) -> bool:
        """Whether the engine took the command; otherwise the port is back in the pool."""
        if self._open(port, codec):
            return True
        self._give_back(port)
        return False

    def settle(self, port: int, codec: Codec) -> bool:
        """The peer's answer: open the port anew if it says another codec than was supposed. False: engine busy."""
        with self._lock:
            self._load.count(port, (codec.coding,), codec.packet_ms)
        return self._opened.get(port) == codec or self._open(port, codec)

    def secure(self, port: int, keys: Keys) -> bool:
        """SRTP under these keys from now on; those that it has go on. False: engine busy."""
        if self._secured.get(port) == keys:
            return True
        try:
            self._engine.secure(port, keys.send, keys.receive)
        except self._busy:
            log.error("sip.engine.busy", port=port)
            return False
        self._secured[port] = keys
        return True

    def point(self, port: int, remote: tuple[str, int], packet_ms: int) -> None:
        """Send to `remote`. A full ring is told and given up: the engine is dead, and the peer's packets latch it."""
        try:
            self._engine.set_rtp_remote(port, remote, packet_ms)
        except self._busy:
            log.error("sip.engine.busy", port=port)
            return
        self._opened[port] = codec = msgspec.structs.replace(self._opened[port], packet_ms=packet_ms)
        with self._lock:
            self._load.count(port, (codec.coding,), packet_ms)

    def tell_digit(self, port: int, digit: str, duration_ms: int) -> None:
        """A digit of INFO; 0 ms: no length. With a full ring it is lost, and that is told."""
        try:
            self._engine.tell_digit(port, digit, duration_ms)
        except self._busy:
            log.error("sip.engine.busy", port=port)

    def close(self, port: int) -> None:
        """Close the port and give it back; with a full ring at the next `retry`."""
        self._to_close.append(port)
        self.retry()

    def retry(self) -> None:
        """Close what could not be closed yet."""
        while self._to_close:
            try:
                self._engine.close_port(self._to_close[0])
            except self._busy:
                log.error("sip.engine.busy", waiting=len(self._to_close))
                return
            self._give_back(self._to_close.popleft())

    def _open(self, port: int, codec: Codec) -> bool:
        try:
            self._engine.open_rtp(
                port,
                None,
                codec.coding,
                codec.packet_ms,
                codec.event_type,
                codec.sent_event_type,
                payload_type=codec.payload_type,
                noise=None if codec.noise_type is None else ComfortNoise(codec.noise_type),
            )
        except self._busy:
            log.error("sip.engine.busy", port=port)
            return False
        self._opened[port] = codec
        self._secured.pop(port, None)
        return True

    def _give_back(self, port: int) -> None:
        self._opened.pop(port, None)
        self._secured.pop(port, None)
        with self._lock:
            self._load.forget(port)
            self._free.append(port)

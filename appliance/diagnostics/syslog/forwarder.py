# SPDX-License-Identifier: GPL-2.0-only
"""Brings the log to the collector: batch by batch, each taken off the disk once the collector's machine has it.

Syslog has no acknowledgement. So a batch counts as arrived when the peer's TCP has acknowledged every octet and the
connection has stood for SETTLE_S since; one that breaks before is sent again, and some of its lines come twice. Nothing
is sent to who cannot show the certificate that he should.
"""

import asyncio
import contextlib
import fcntl
import socket
import ssl
import struct
import termios
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from appliance.config.diagnostics import Syslog
from appliance.diagnostics.syslog.frames import frame
from appliance.diagnostics.syslog.tail import Batch, Tail

POLL_S = 0.5
SETTLE_S = 1.0
CONNECT_S = 10.0
ACKNOWLEDGED_S = 10.0
RETRY_S, RETRY_MOST_S = 0.5, 30.0
BATCH_OCTETS = 524_288
UNREACHABLE = "{server} takes no logs ({why}); they wait on the disk, 8 MiB of each process"
UNTRUSTED = (
    "who answers at {server} is not {name} by {authority} ({why}): nothing is sent to it; mend diagnostics: syslog, "
    "or the collector's certificate"
)

log = structlog.get_logger()


class Counts(msgspec.Struct):
    """Since the process's start."""

    up: bool = False
    sent: int = 0
    dropped: int = 0


class ConnectionOverError(Exception):
    """The collector has ended it, or does not take what is sent."""


class Forwarder:
    """`on_trouble(sentence)` when the collector cannot be told, None when it can again."""

    def __init__(self, box: str, settings: Syslog, tail: Tail, on_trouble: Callable[[str | None], None]) -> None:
        self.counts = Counts()
        self._box, self._settings, self._tail = box, settings, tail
        self._on_trouble = on_trouble

    async def run(self) -> None:
        """For ever; cancel to end."""
        wait_s = RETRY_S
        while True:
            try:
                await self._session()
            except ssl.SSLCertVerificationError as error:
                self._trouble(self._sentence(UNTRUSTED, error.verify_message))
            except (OSError, TimeoutError, ConnectionOverError) as error:  # an SSLError is an OSError
                self._trouble(self._sentence(UNREACHABLE, str(error) or type(error).__name__))
            wait_s = RETRY_S if self.counts.up else min(2 * wait_s, RETRY_MOST_S)
            self.counts.up = False
            await asyncio.sleep(wait_s)

    async def _session(self) -> None:
        """Until it ends. Raises OSError, TimeoutError, ConnectionOverError."""
        trusted = await asyncio.to_thread(_trusting, self._settings.authority)
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(*self._settings.server, ssl=trusted, server_hostname=self._settings.name), CONNECT_S
        )
        over = asyncio.ensure_future(reader.read())
        try:
            self.counts.up = True
            self._on_trouble(None)
            log.info("syslog.connection.opened", server=str(self._settings.server))
            while True:
                batch = await asyncio.to_thread(self._tail.batch, BATCH_OCTETS)
                if batch.lines or batch.dropped:
                    await self._send(batch, writer, over)
                    continue
                await _stands(over, POLL_S)
        finally:
            over.cancel()
            with contextlib.suppress(asyncio.CancelledError, OSError):
                await over
            writer.close()

    async def _send(self, batch: Batch, writer: asyncio.StreamWriter, over: "asyncio.Future[bytes]") -> None:
        for name, count in batch.dropped.items():
            told = {"event": "syslog.lines.dropped", "level": "warning", "lines": count}
            writer.write(frame(self._box, name, msgspec.json.encode(told)))
        for name, line in batch.lines:
            writer.write(frame(self._box, name, line))
        await asyncio.wait_for(writer.drain(), ACKNOWLEDGED_S)
        await self._acknowledged(writer, over)
        await _stands(over, SETTLE_S)
        await asyncio.to_thread(self._tail.taken, batch)
        self.counts.sent += len(batch.lines)
        self.counts.dropped += sum(batch.dropped.values())

    async def _acknowledged(self, writer: asyncio.StreamWriter, over: "asyncio.Future[bytes]") -> None:
        """Every octet, by the peer's TCP (SIOCOUTQ, tcp(7))."""
        until = asyncio.get_running_loop().time() + ACKNOWLEDGED_S
        while writer.transport.get_write_buffer_size() or _unacknowledged(writer.get_extra_info("socket")):
            if asyncio.get_running_loop().time() > until:
                raise ConnectionOverError(f"nothing was acknowledged for {ACKNOWLEDGED_S:.0f} s")
            await _stands(over, 0.02)

    def _trouble(self, sentence: str) -> None:
        if self.counts.up:
            log.warning("syslog.connection.lost", server=str(self._settings.server))
        self._on_trouble(sentence)

    def _sentence(self, form: str, why: str) -> str:
        told = self._settings
        return form.format(server=told.server, name=told.name, authority=told.authority.name, why=why)


async def _stands(over: "asyncio.Future[bytes]", seconds: float) -> None:
    """Wait so long. Raises ConnectionOverError at once when the collector ends the connection."""
    done, _ = await asyncio.wait((over,), timeout=seconds)
    if done:
        raise ConnectionOverError("it has ended the connection")


def _trusting(authority: Path) -> ssl.SSLContext:
    """Of that authority alone. Raises OSError."""
    context = ssl.create_default_context(cafile=str(authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _unacknowledged(connection: socket.socket) -> int:
    octets = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4))
    return int(struct.unpack("i", octets)[0])

# SPDX-License-Identifier: GPL-2.0-only
"""The client side of an in-box socket: attach, reconnect by itself, repeat what was not acknowledged.

Commands are kept until Accepted or Refused. After a cut they are sent again, with their ids, if the same incarnation
answers; a new incarnation never heard them, so they are given up: `on_message` sees its Hello and snapshot.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from appliance.wire.envelope import Body, Envelope, Sealer, UnknownMessageError, decode, encode
from appliance.wire.ids import IdSource
from appliance.wire.legs import Hello
from appliance.wire.service import UNREAD_LIMIT
from appliance.wire.service_messages import Accepted, Attach, Refused

RETRY_S = 0.05

log = structlog.get_logger()


class Client:
    """One attachment to a service. `on_message` gets every envelope but acknowledgements; `on_lost` the death notice.

    A refusal is given to `on_refused` (command envelope, refusal). All calls come from the running event loop.
    """

    def __init__(
        self,
        path: Path,
        sealer: Sealer,
        on_message: Callable[[Envelope], None],
        *,
        role: str = "controller",
        on_lost: Callable[[], None] | None = None,
        on_refused: Callable[[Envelope, Refused], None] | None = None,
    ) -> None:
        self.connected = False
        self._path = path
        self._sealer = sealer
        self._ids = IdSource(sealer.identity)
        self._on_message = on_message
        self._on_lost = on_lost
        self._on_refused = on_refused
        self._role = role
        self._writer: asyncio.StreamWriter | None = None
        self._unacknowledged: dict[str, Envelope] = {}
        self._served_by: str | None = None

    @property
    def unacknowledged(self) -> tuple[Body, ...]:
        """Commands that this life of the service may not have heard yet, oldest first."""
        return tuple(envelope.body for envelope in self._unacknowledged.values())

    def send(self, body: Body) -> str:
        """Send a command; returns its id. Without a connection it waits for one (see the module's law)."""
        envelope = self._sealer.seal(body, message_id=self._ids.command())
        self._unacknowledged[envelope.id] = envelope
        if self.connected and self._writer is not None:
            self._writer.write(encode(envelope) + b"\n")
        return envelope.id

    async def run(self) -> None:
        """Attach and stay attached, for ever; cancel to end."""
        while True:
            try:
                reader, writer = await asyncio.open_unix_connection(self._path, limit=UNREAD_LIMIT)
            except (FileNotFoundError, ConnectionError):
                await asyncio.sleep(RETRY_S)
                continue
            await self._attached(reader, writer)
            await asyncio.sleep(RETRY_S)

    async def _attached(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        writer.write(encode(self._sealer.seal(Attach(role=self._role))) + b"\n")
        try:
            while line := await reader.readline():
                self._take(line)
        except (ConnectionError, ValueError) as error:
            log.warning("client.connection.broken", socket=self._path.name, error=str(error))
        finally:
            was, self.connected, self._writer = self.connected, False, None
            writer.close()
            if was and self._on_lost is not None:
                self._on_lost()

    def _take(self, line: bytes) -> None:
        try:
            envelope = decode(line)
        except UnknownMessageError as error:
            log.warning("client.message.refused", socket=self._path.name, error=str(error))
            return
        body = envelope.body
        if isinstance(body, Hello):
            self._greeted(envelope)
        if isinstance(body, Accepted | Refused):
            self._acknowledged(envelope.cause, body)
        else:
            self._on_message(envelope)

    def _greeted(self, envelope: Envelope) -> None:
        if self._served_by not in (None, envelope.incarnation):
            self._unacknowledged.clear()
        self._served_by = envelope.incarnation
        self.connected = True
        if self._writer is not None:
            for waiting in self._unacknowledged.values():
                self._writer.write(encode(waiting) + b"\n")

    def _acknowledged(self, command: str | None, body: Accepted | Refused) -> None:
        sent = self._unacknowledged.pop(command, None) if command else None
        if sent is not None and isinstance(body, Refused) and self._on_refused is not None:
            self._on_refused(sent, body)

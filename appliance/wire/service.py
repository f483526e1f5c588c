# SPDX-License-Identifier: GPL-2.0-only
"""The server side of an in-box socket: Hello, snapshot, events to all; commands from one controller, each once.

Unix stream socket, one JSON envelope a line; a client's has at most 64 KiB, a snapshot of many legs more. A client's
end of file is an instant death notice. A command id that was seen before gets the answer it got then and has no second
effect. A client that does not read is cut off; it comes back and gets a snapshot, so nothing grows without bound.
"""

import asyncio
import contextlib
import os
from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from appliance.wire.envelope import Body, Envelope, Sealer, UnknownMessageError, decode, encode
from appliance.wire.legs import Hello
from appliance.wire.service_messages import Accepted, Attach, Refused

LINE_LIMIT = 65_536
UNREAD_LIMIT = 4_194_304
REMEMBERED_COMMANDS = 4_096

log = structlog.get_logger()


class CommandRefusedError(Exception):
    """Raised by a command handler that changed nothing: a stable code and a sentence for people."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


class Service:
    """One in-box socket.

    `handle` carries out a command or raises CommandRefusedError; `snapshot` tells all there is; `controller_changed`
    hears True when a controller attaches and False when the last one is gone. `displaces`: whether a controller that
    attaches displaces the one before now; where not, it only looks on.
    """

    def __init__(
        self,
        path: Path,
        sealer: Sealer,
        kind: str,
        handle: Callable[[Envelope], None],
        snapshot: Callable[[], Iterable[Body]],
        controller_changed: Callable[[bool], None] | None = None,
        displaces: Callable[[], bool] = lambda: True,
    ) -> None:
        self.sealer = sealer
        self.watch: Callable[[Envelope], None] | None = None
        """Hears every event, and every command when it was carried out."""
        self._path = path
        self._kind = kind
        self._handle = handle
        self._snapshot = snapshot
        self._controller_changed = controller_changed
        self._displaces = displaces
        self._clients: set[asyncio.StreamWriter] = set()
        self._controller: asyncio.StreamWriter | None = None
        self._answers: OrderedDict[str, Body] = OrderedDict()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; a socket file left by a dead predecessor is replaced. Mode 0600."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LINE_LIMIT)
        finally:
            os.umask(mask)

    async def close(self) -> None:
        """Stop listening and end every client."""
        if self._server is not None:
            self._server.close()
        for writer in tuple(self._clients):
            writer.close()
        self._path.unlink(missing_ok=True)

    def publish(self, body: Body, cause: str | None = None) -> None:
        """An event, to everyone attached."""
        envelope = self.sealer.seal(body, cause=cause)
        self._seen(envelope)
        line = encode(envelope) + b"\n"
        for writer in tuple(self._clients):
            self._write(writer, line)

    def _seen(self, envelope: Envelope) -> None:
        if self.watch is not None:
            self.watch(envelope)

    @property
    def controlled(self) -> bool:
        """Whether a controller is attached."""
        return self._controller is not None

    def _write(self, writer: asyncio.StreamWriter, line: bytes) -> None:
        if writer.transport.get_write_buffer_size() > UNREAD_LIMIT:
            log.warning("service.client.stalled", kind=self._kind)
            writer.transport.abort()
            return
        writer.write(line)

    def _say(self, writer: asyncio.StreamWriter, body: Body, cause: str | None = None) -> None:
        self._write(writer, encode(self.sealer.seal(body, cause=cause)) + b"\n")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                self._take(line, writer)
        except (ConnectionError, ValueError) as error:  # ValueError: a line over LINE_LIMIT
            log.warning("service.client.broken", kind=self._kind, error=str(error))
        finally:
            self._drop(writer)

    def _drop(self, writer: asyncio.StreamWriter) -> None:
        self._clients.discard(writer)
        if self._controller is writer:
            self._controller = None
            self._notify(attached=False)
        with contextlib.suppress(RuntimeError):  # the loop may already be closing
            writer.close()

    def _notify(self, *, attached: bool) -> None:
        if self._controller_changed is not None:
            self._controller_changed(attached)

    def _take(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        try:
            envelope = decode(line)
        except UnknownMessageError as error:
            log.warning("service.message.refused", kind=self._kind, error=str(error))
            self._say(writer, Refused(code="message.unknown", sentence=str(error)))
            return
        if isinstance(envelope.body, Attach):
            self._attach(envelope.body.role, writer)
        else:
            self._command(envelope, writer)

    def _attach(self, role: str, writer: asyncio.StreamWriter) -> None:
        self._say(writer, Hello(process=self.sealer.identity.process, kind=self._kind))
        for body in self._snapshot():
            self._say(writer, body)
        self._clients.add(writer)
        if role == "controller" and (self._controller is None or self._displaces()):
            before, self._controller = self._controller, writer
            if before is not None and before is not writer:
                before.close()
            self._notify(attached=True)

    def _command(self, envelope: Envelope, writer: asyncio.StreamWriter) -> None:
        answer = self._answers.get(envelope.id)
        if answer is None:
            answer = self._carry_out(envelope, writer)
            self._answers[envelope.id] = answer
            while len(self._answers) > REMEMBERED_COMMANDS:
                self._answers.popitem(last=False)
        self._say(writer, answer, cause=envelope.id)

    def _carry_out(self, envelope: Envelope, writer: asyncio.StreamWriter) -> Body:
        if writer is not self._controller:
            return Refused(code="service.not-controller", sentence="only the attached controller may command")
        try:
            self._handle(envelope)
        except CommandRefusedError as error:
            log.info("service.command.refused", kind=self._kind, code=error.code, sentence=error.sentence)
            return Refused(code=error.code, sentence=error.sentence)
        self._seen(envelope)
        return Accepted()

# SPDX-License-Identifier: GPL-2.0-only
"""`GET /metrics` by HTTP/1.1, one request a connection, and nothing else. Loopback may read, and who is a source."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import structlog

from appliance.config import Endpoint
from appliance.config.scalars import Prefix
from appliance.diagnostics.metrics.exposition import CONTENT_TYPE

REQUEST_S = 5.0
HEAD_LIMIT = 8_192
OPEN_LIMIT = 16
LOOPBACK = Prefix.parse("127.0.0.0/8")

log = structlog.get_logger()


class Listener:
    """`scrape` gives the text, at once. `sources`: who is answered; none: loopback's."""

    def __init__(self, listen: Endpoint, scrape: Callable[[], str], sources: Sequence[Prefix] = ()) -> None:
        self._listen, self._scrape, self._sources = listen, scrape, (*sources, LOOPBACK)
        self._open = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen from now on. Raises OSError where the port is taken."""
        self._server = await asyncio.start_server(self._serve, *self._listen, limit=HEAD_LIMIT)
        log.info("metrics.listener.opened", listen=str(self._listen))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            if self._open <= OPEN_LIMIT and self._may(writer):
                head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), REQUEST_S)
                writer.write(self._answer(head.split(b"\r\n", 1)[0].split()))
                await asyncio.wait_for(writer.drain(), REQUEST_S)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            log.info("metrics.client.gone", error=str(error))
        finally:
            self._open -= 1
            with contextlib.suppress(OSError, RuntimeError):
                writer.close()

    def _may(self, writer: asyncio.StreamWriter) -> bool:
        """The image's firewall asks the same; a Debian machine has none."""
        came = writer.get_extra_info("peername")
        return came is not None and any(came[0] in source for source in self._sources)

    def _answer(self, request: list[bytes]) -> bytes:
        match request:
            case [b"GET", path, _] if path.partition(b"?")[0] == b"/metrics":
                return _response("200 OK", self._scrape())
            case [b"GET", *_]:
                return _response("404 Not Found", "metrics are at /metrics\n")
        return _response("405 Method Not Allowed", "only GET\n", "Allow: GET\r\n")


def _response(status: str, text: str, more: str = "") -> bytes:
    body = text.encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: {CONTENT_TYPE}\r\nContent-Length: {len(body)}\r\n{more}"
    return f"{head}Connection: close\r\n\r\n".encode() + body

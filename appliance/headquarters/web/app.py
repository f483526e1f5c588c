# SPDX-License-Identifier: GPL-2.0-only
"""The page's server: files, the stream of sections, one call, older calls, recordings. GET only; it changes nothing.

It is meant for loopback: whoever reaches it sees callers' numbers. Requests that name another host are refused, so no
stranger's page can reach it by a DNS name of its own.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Response, get
from litestar.config.allowed_hosts import AllowedHostsConfig
from litestar.datastructures import ResponseHeader
from litestar.exceptions import NotFoundException
from litestar.response import File, ServerSentEvent, ServerSentEventMessage, Stream
from litestar.static_files import create_static_files_router

from appliance.config import Endpoint
from appliance.headquarters.recordings.vault import Vault
from appliance.headquarters.reports.reading import Row
from appliance.headquarters.web import sound
from appliance.headquarters.web.feed import Feed

STATIC = Path(__file__).parent / "static"
PAGE_OF_CALLS = 50

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def make(feed: Feed, vault: Vault, listen: Endpoint) -> Litestar:
    """The application."""

    @get("/", include_in_schema=False)
    async def page() -> File:
        return File(STATIC / "index.html", media_type="text/html; charset=utf-8", content_disposition_type="inline")

    @get("/live")
    async def live() -> ServerSentEvent:
        return ServerSentEvent(_events(feed))

    @get("/api/calls", sync_to_thread=True)
    def calls(before: int) -> list[Row]:
        return feed.record.calls_before(before, PAGE_OF_CALLS)

    @get("/api/calls/{contact:str}", sync_to_thread=True)
    def call(contact: str) -> Row:
        found = feed.record.call(contact)
        if found is None:
            raise NotFoundException(f"no call {contact}")
        return found

    @get("/recordings/{name:str}", sync_to_thread=True)
    def recording(name: str, request: Request[Any, Any, Any]) -> Response[None] | Stream:
        path = vault.path_of(name.removesuffix(".wav"))
        if path is None:
            raise NotFoundException(f"no recording {name}")
        return sound.answer(path, request.headers.get("range", ""))

    files = create_static_files_router("/static", [STATIC], include_in_schema=False)
    return Litestar(
        [page, live, calls, call, recording, files],
        allowed_hosts=AllowedHostsConfig(allowed_hosts=["localhost", "127.0.0.1", listen.address]),
        response_headers=[ResponseHeader(name=name, value=value) for name, value in _HEADERS.items()],
        openapi_config=None,
    )


async def _events(feed: Feed) -> AsyncIterator[ServerSentEventMessage]:
    async for name, content in feed.follow():
        yield ServerSentEventMessage(event=name, data=content.decode())

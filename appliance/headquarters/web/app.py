# SPDX-License-Identifier: GPL-2.0-only
"""The pages' server: files, the stream of sections, one call, older calls, recordings, a form. It changes nothing.

It is meant for loopback: whoever reaches it sees callers' numbers. Requests that name another host are refused, so no
stranger's page can reach it by a DNS name of its own.
"""

import functools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import structlog
from litestar import Litestar, Request, Response, get
from litestar.datastructures import MutableScopeHeaders
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.response import File, ServerSentEvent, ServerSentEventMessage, Stream
from litestar.types import Message, Scope
from sqlalchemy.exc import SQLAlchemyError

from appliance.config import Endpoint
from appliance.config.groupings import Of
from appliance.headquarters.recordings.vault import Vault
from appliance.headquarters.reports.reading import Row
from appliance.headquarters.web import configuring, intervals, sound
from appliance.headquarters.web.feed import Feed
from appliance.headquarters.why import UnknownCallError, why
from appliance.wire.agents import ContactNow
from appliance.wire.ids import is_box
from appliance.wire.performance import SpanPerformance

log = structlog.get_logger()

STATIC = Path(__file__).parent / "static"
PAGE_OF_CALLS = 50

_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
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


def make(feed: Feed, vault: Vault, listen: Endpoint, groups: Of) -> Litestar:
    """The application."""

    @get(["/", "/configuration"], include_in_schema=False)
    async def page(request: Request[Any, Any, Any]) -> File:
        path = STATIC / ("configuration.html" if request.url.path == "/configuration" else "index.html")
        return File(path, media_type=_KINDS[".html"], content_disposition_type="inline")

    files = {path.name: path for path in STATIC.iterdir() if path.suffix in _KINDS}

    @get("/static/{name:str}", include_in_schema=False)
    async def static(name: str) -> File:
        if name not in files:
            raise NotFoundException(f"no file {name}")
        return File(files[name], media_type=_KINDS[files[name].suffix], content_disposition_type="inline")

    @get("/live")
    async def live() -> ServerSentEvent:
        return ServerSentEvent(_events(feed))

    @get("/api/calls", sync_to_thread=True)
    def calls(before: int) -> list[Row]:
        return feed.record.calls_before(before, PAGE_OF_CALLS)

    @get("/api/calls/{asked:str}", sync_to_thread=True)
    def call(asked: str, number: int = 1) -> Row:
        try:
            return why(feed.record, asked, number)
        except UnknownCallError as error:
            raise NotFoundException(str(error)) from error

    @get("/recordings/{name:str}", sync_to_thread=True)
    def recording(name: str, request: Request[Any, Any, Any]) -> Response[None] | Stream:
        path = vault.path_of(name.removesuffix(".wav"))
        if path is None:
            raise NotFoundException(f"no recording {name}")
        return sound.answer(path, request.headers.get("range", ""))

    return Litestar(
        [
            page,
            live,
            calls,
            call,
            intervals.route(feed.record.engine, groups),
            _performance(feed),
            _contact(feed),
            recording,
            static,
            *configuring.routes(),
        ],
        before_request=functools.partial(_refuse_strangers, frozenset({"localhost", "127.0.0.1", listen.address})),
        before_send=[_put_headers],
        exception_handlers={SQLAlchemyError: _record_unread},
        openapi_config=None,
        logging_config=None,
    )


def _performance(feed: Feed) -> HTTPRouteHandler:
    @get("/api/performance/{box:str}/{span:int}")
    async def performance(box: str, span: int) -> SpanPerformance:
        found = await feed.performance(box, span) if is_box(box) else None
        if found is None:
            raise NotFoundException(f"nothing is known of span {span} of {box}")
        return found

    return performance


def _contact(feed: Feed) -> HTTPRouteHandler:
    @get("/api/agents/{agent:str}/contact")
    async def contact(agent: str) -> ContactNow:
        found = await feed.contact_of(agent)
        if found is None:
            raise NotFoundException(f"agent {agent} has no contact now")
        return found

    return contact


async def _put_headers(message: Message, _scope: Scope) -> None:
    """On every answer, errors as well."""
    if message["type"] == "http.response.start":
        headers = MutableScopeHeaders.from_message(message)
        for name, value in _HEADERS.items():
            headers[name] = value


def _record_unread(_request: Request[Any, Any, Any], error: SQLAlchemyError) -> Response[dict[str, str]]:
    log.error("web.record.failed", error=str(error))
    return Response({"detail": "the record cannot be read"}, status_code=503)


async def _refuse_strangers(names: frozenset[str], request: Request[Any, Any, Any]) -> Response[str] | None:
    """By name alone: the port may be another one, at the near end of an SSH tunnel."""
    name = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
    if name in names:
        return None
    return Response("This page is not served under that name.", status_code=421, media_type="text/plain")


async def _events(feed: Feed) -> AsyncIterator[ServerSentEventMessage]:
    async for name, content in feed.follow():
        yield ServerSentEventMessage(event=name, data=content.decode())

# SPDX-License-Identifier: GPL-2.0-only
"""Route questions from call control to headquarters, and the answer back; silence is told as RouteSilent.

What headquarters has for a caller who waits, or for a customer who is to be called back, goes to call control unasked.

At once where the link is down, after the time-out where it is not. Call control then takes the branch's own default.
What an older life of the router says than was heard of is dropped.
"""

import asyncio
from collections.abc import Callable

import structlog

from appliance.uplink.link import Link, LinkDownError, LinkSilentError
from appliance.wire.callbacks import PlaceContact
from appliance.wire.envelope import Body, Envelope, UnknownMessageError, decode, encode
from appliance.wire.routes import RouteAnswer, RouteRequest, RouteSilent
from appliance.wire.service import CommandRefusedError

log = structlog.get_logger()


class Routes:
    """The uplink's service to call control. `say(body, cause)` publishes on the socket."""

    def __init__(self, link: Link, timeout_ms: int, say: Callable[[Body, str], None]) -> None:
        self._link = link
        self._timeout_s = timeout_ms / 1000
        self._say = say
        self._asking: set[asyncio.Task[None]] = set()
        link.hears[f"route.assign.{link.identity.box}"] = self._assigned

    def handle(self, envelope: Envelope) -> None:
        """Take a RouteRequest. Raises CommandRefusedError for anything else."""
        if not isinstance(envelope.body, RouteRequest):
            raise CommandRefusedError("uplink.command.unknown", "the uplink takes route requests only")
        task = asyncio.get_running_loop().create_task(self._ask(envelope, envelope.body))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    def _assigned(self, payload: bytes) -> None:
        """An agent for a caller who waits, of which call control knows whether he still does; or an order."""
        try:
            envelope = decode(payload)
        except UnknownMessageError as error:
            log.error("route.assignment.unknown", error=str(error))
            return
        if not isinstance(envelope.body, RouteAnswer | PlaceContact):
            log.error("route.assignment.foreign", type=type(envelope.body).__name__)
        elif self._link.outdated(envelope.body.epoch):
            log.warning("route.assignment.outdated", epoch=envelope.body.epoch, now=self._link.epoch)
        else:
            self._say(envelope.body, envelope.id)

    async def _ask(self, envelope: Envelope, request: RouteRequest) -> None:
        self._say(await self._answer(envelope, request), envelope.id)

    async def _answer(self, envelope: Envelope, request: RouteRequest) -> RouteAnswer | RouteSilent:
        if not self._link.up:
            return RouteSilent(request=request.request, reason="headquarters cannot be reached")
        subject = f"route.request.{self._link.identity.box}"
        try:
            body = decode(await self._link.ask(subject, encode(envelope), self._timeout_s)).body
        except (LinkDownError, LinkSilentError) as error:
            return RouteSilent(request=request.request, reason=str(error))
        except UnknownMessageError as error:
            log.error("route.answer.unknown", error=str(error))
            return RouteSilent(request=request.request, reason="headquarters' answer was not understood")
        if isinstance(body, RouteAnswer) and body.request == request.request:
            if not self._link.outdated(body.epoch):
                return body
            log.warning("route.answer.outdated", epoch=body.epoch, now=self._link.epoch)
            return RouteSilent(request=request.request, reason="another headquarters has taken over")
        log.error("route.answer.foreign", type=type(body).__name__)
        return RouteSilent(request=request.request, reason="headquarters refused the question")

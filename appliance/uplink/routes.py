# SPDX-License-Identifier: GPL-2.0-only
"""Route questions from call control: to headquarters while it has the branch's lease, else to the branch's own router.

What either has for a caller who waits goes to call control unasked, as does what headquarters has for a customer who is
to be called back. Whoever waits when the branch changes hands is asked for anew where it now counts, by the same
question, and hears nothing of it.

A question that nobody can answer is RouteSilent: at once where the link is down, after the time-out where it is not.
Call control then takes the branch's own default; where that rings nobody, the question is held until the lease has run
out. What an older life of the router says than was heard of, or what was said in another lease, is dropped.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
import structlog

from appliance.uplink.domain import Domain
from appliance.uplink.link import Link, LinkDownError, LinkSilentError
from appliance.wire.callbacks import PlaceContact
from appliance.wire.envelope import Body, Envelope, Sealer, UnknownMessageError, decode, encode
from appliance.wire.routes import Label, RingAgent, RouteAnswer, RouteHeld, RouteRequest, RouteSilent
from appliance.wire.service import CommandRefusedError
from appliance.wire.service_messages import Refused

AGAIN_S = 0.1
NOT_LEASED = "lease.over"
HELD_S = 6.0
"""Longer than a lease: then the branch's own router has answered, or nobody will."""

log = structlog.get_logger()


class Routes:
    """The uplink's service to call control. `say(body, cause)` publishes on the socket; `patient`: no default rings."""

    def __init__(
        self,
        link: Link,
        timeout_ms: int,
        say: Callable[[Body, str | None], None],
        domain: Domain,
        sealer: Sealer,
        *,
        patient: bool = False,
    ) -> None:
        self._link = link
        self._timeout_s = timeout_ms / 1000
        self._say = say
        self._domain = domain
        self._sealer = sealer
        self._patient = patient
        self._asking: set[asyncio.Task[None]] = set()
        self._waiting: dict[str, RouteRequest] = {}
        """By contact: what would be asked if its wait were over now."""
        self._moved = asyncio.Event()
        link.hears[f"route.assign.{link.identity.box}"] = self._assigned

    def handle(self, envelope: Envelope) -> None:
        """Take a RouteRequest. Raises CommandRefusedError for anything else."""
        if not isinstance(envelope.body, RouteRequest):
            raise CommandRefusedError("uplink.command.unknown", "the uplink takes route requests only")
        self._waiting.pop(envelope.body.contact, None)
        self._later(self._ask(envelope, envelope.body))

    def changed(self) -> None:
        """The branch has changed hands: who waits is asked for anew."""
        self._moved.set()
        contacts = set(self._link.contacts() if self._link.contacts is not None else self._waiting)
        for contact, request in tuple(self._waiting.items()):
            if contact in contacts:
                self._later(self._again(request))
            else:
                del self._waiting[contact]

    def own_assigned(self, said: RouteAnswer | PlaceContact) -> None:
        """An agent for a caller who waits, or an order, by the branch's own router."""
        if not self._domain.alone:
            return
        if isinstance(said, RouteAnswer):
            self._pass_on(msgspec.structs.replace(said, by="branch"), None)
        else:
            self._say(said, None)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    def _assigned(self, payload: bytes) -> None:
        """An agent for a caller who waits, of which call control knows whether he still does; or an order."""
        try:
            envelope = decode(payload)
        except UnknownMessageError as error:
            log.error("route.assignment.unknown", error=str(error))
            return
        said = envelope.body
        if not isinstance(said, RouteAnswer | PlaceContact):
            log.error("route.assignment.foreign", type=type(said).__name__)
        elif self._link.outdated(said.epoch):
            log.warning("route.assignment.outdated", epoch=said.epoch, now=self._link.epoch)
        elif isinstance(said, PlaceContact):
            self._say(said, envelope.id)
        elif refusal := self._domain.refusal(said, self._contact_of(said)):
            log.warning("route.assignment.refused", request=said.request, why=refusal)
        else:
            self._pass_on(said, envelope.id)

    def _pass_on(self, answer: RouteAnswer, cause: str | None) -> None:
        self._waiting.pop(self._contact_of(answer), None)
        self._say(answer, cause)

    def _contact_of(self, answer: RouteAnswer) -> str:
        """Of one that waits."""
        return next((name for name, asked in self._waiting.items() if asked.request == answer.request), "")

    async def _ask(self, envelope: Envelope, request: RouteRequest) -> None:
        answer = await self._answer(envelope, request)
        if isinstance(answer, RouteAnswer) and answer.anew:
            place = answer.place or request.place
            self._waiting[request.contact] = msgspec.structs.replace(
                request, outcome="played", cursor=answer.cursor, place=place
            )
        self._say(answer, envelope.id)

    async def _again(self, request: RouteRequest) -> None:
        """Only an agent is news to who waits and is played to; anything else he asks for himself when that is over."""
        answer = await self._once(self._sealer.seal(request), request)
        rings = isinstance(answer, RouteAnswer) and isinstance(answer.action, RingAgent | Label)
        if isinstance(answer, RouteAnswer) and rings and self._waiting.get(request.contact) is request:
            self._pass_on(answer, None)

    async def _answer(self, envelope: Envelope, request: RouteRequest) -> RouteAnswer | RouteSilent:
        answer = await self._once(envelope, request)
        if isinstance(answer, RouteAnswer) or not (self._patient and self._domain.capable):
            return answer
        self._say(RouteHeld(request=request.request, seconds=HELD_S), envelope.id)
        until = asyncio.get_running_loop().time() + HELD_S
        while isinstance(answer, RouteSilent) and asyncio.get_running_loop().time() < until:
            await self._change(AGAIN_S)
            answer = await self._once(envelope, request)
        return answer

    async def _once(self, envelope: Envelope, request: RouteRequest) -> RouteAnswer | RouteSilent:
        if self._domain.alone:
            return await self._domain.ask(request)
        if not self._link.up:
            return RouteSilent(request=request.request, reason="headquarters cannot be reached")
        if self._domain.leased and not self._domain.settled:
            await self._change(self._timeout_s)
            if not self._domain.settled:
                return RouteSilent(request=request.request, reason="headquarters does not have the branch's lease yet")
        return await self._headquarters(envelope, request)

    async def _change(self, seconds: float) -> None:
        """Until the branch has changed hands, at most for so long."""
        self._moved.clear()
        try:
            await asyncio.wait_for(self._moved.wait(), seconds)
        except TimeoutError:
            return

    async def _headquarters(self, envelope: Envelope, request: RouteRequest) -> RouteAnswer | RouteSilent:
        subject = f"route.request.{self._link.identity.box}"
        lease = self._domain.epoch if self._domain.leased else request.lease
        waited_ns = time.monotonic_ns() - envelope.mono_ns  # call control's clock is ours
        within_ms = waited_ns // 1_000_000 + round(self._timeout_s * 1000)
        request = msgspec.structs.replace(request, lease=lease, within_ms=within_ms)
        envelope = msgspec.structs.replace(envelope, body=request)
        until = asyncio.get_running_loop().time() + self._timeout_s
        try:
            body = decode(await self._link.ask(subject, encode(envelope), self._timeout_s)).body
            while isinstance(body, Refused) and body.code == NOT_LEASED and asyncio.get_running_loop().time() < until:
                await asyncio.sleep(AGAIN_S)  # a late heartbeat; the next one may be there
                body = decode(await self._link.ask(subject, encode(envelope), self._timeout_s)).body
        except (LinkDownError, LinkSilentError) as error:
            return RouteSilent(request=request.request, reason=str(error))
        except UnknownMessageError as error:
            log.error("route.answer.unknown", error=str(error))
            return RouteSilent(request=request.request, reason="headquarters' answer was not understood")
        return self._judged(body, request)

    def _judged(self, body: Body, request: RouteRequest) -> RouteAnswer | RouteSilent:
        if not isinstance(body, RouteAnswer) or body.request != request.request:
            log.error("route.answer.foreign", type=type(body).__name__)
            return RouteSilent(request=request.request, reason="headquarters refused the question")
        if self._link.outdated(body.epoch):
            log.warning("route.answer.outdated", epoch=body.epoch, now=self._link.epoch)
            return RouteSilent(request=request.request, reason="another headquarters has taken over")
        if refusal := self._domain.refusal(body, request.contact):
            log.warning("route.answer.refused", request=body.request, why=refusal)
            return RouteSilent(request=request.request, reason=f"headquarters' answer does not count: {refusal}")
        return body

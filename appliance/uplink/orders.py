# SPDX-License-Identifier: GPL-2.0-only
"""What agents want of their calls: from headquarters to call control, and call control's word back."""

import asyncio
from collections.abc import Callable

import structlog

from appliance.uplink.link import Link
from appliance.wire.agents import CallAsked, OrderDone
from appliance.wire.envelope import Body, Sealer, UnknownMessageError, decode, encode
from appliance.wire.service_messages import Refused

ANSWER_S = 1.0

log = structlog.get_logger()


class Orders:
    """`say(body, cause)` publishes on the uplink's socket, where call control listens."""

    def __init__(self, link: Link, sealer: Sealer, say: Callable[[Body, str | None], None]) -> None:
        self._sealer = sealer
        self._say = say
        self._waiting: dict[str, asyncio.Future[OrderDone]] = {}
        link.answers[f"agent.order.{link.identity.box}"] = self._ordered

    def done(self, body: OrderDone) -> None:
        """Call control's word; one that nobody waits for any more is late."""
        waits = self._waiting.get(body.order)
        if waits is not None and not waits.done():
            waits.set_result(body)

    async def _ordered(self, payload: bytes) -> bytes:
        cause = None
        try:
            envelope = decode(payload)
            cause = envelope.id
            answer = await self._answer(envelope.body, envelope.id)
        except UnknownMessageError as error:
            answer = Refused(code="message.unknown", sentence=f"no order: {error}")
        return encode(self._sealer.seal(answer, cause=cause))

    async def here(self, box: str, asked: CallAsked) -> OrderDone | Refused:
        """Of the branch's own router."""
        del box
        return await self._answer(asked, None)

    async def _answer(self, body: Body, cause: str | None) -> OrderDone | Refused:
        if not isinstance(body, CallAsked):
            return Refused(code="message.unknown", sentence=f"{type(body).__name__} is no order")
        waits = self._waiting[body.order] = asyncio.get_running_loop().create_future()
        self._say(body, cause)
        try:
            return await asyncio.wait_for(waits, ANSWER_S)
        except TimeoutError:
            log.warning("uplink.order.unanswered", order=body.order, agent=body.agent)
            return Refused(code="call.silent", sentence="the branch's call control does not answer")
        finally:
            del self._waiting[body.order]

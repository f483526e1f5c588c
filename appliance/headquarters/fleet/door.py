# SPDX-License-Identifier: GPL-2.0-only
"""The fleet's subjects on the message server: reports of boxes, commands of headquarters' own box, orders to boxes."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from appliance.headquarters.fleet.commands import Command, command
from appliance.headquarters.fleet.fleet import Fleet
from appliance.headquarters.refusals import Refusals
from appliance.uplink.connection import inbox
from appliance.wire.envelope import Body, Envelope, Sealer, UnknownMessageError, check_version, decode, encode
from appliance.wire.fleet import ConfigurationReported, PushConfiguration
from appliance.wire.ids import is_box
from appliance.wire.service_messages import Refused

MESSAGES_LIMIT = 65_536
OCTETS_LIMIT = 268_435_456

log = structlog.get_logger()


class Door:
    """Of one client. `mutual`: boxes prove who they are, and are answered below their own inbox alone (gateway.py)."""

    def __init__(self, client: Client, sealer: Sealer, *, mutual: bool = False) -> None:
        self._mutual = mutual
        self.fleet: Fleet | None = None
        self._client, self._sealer = client, sealer
        self._refusals = Refusals()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, fleet: Fleet) -> None:
        """Listen; a reconnected client listens again by itself."""
        self.fleet = fleet
        takers: dict[str, Callable[[Msg], Awaitable[None]]] = {
            "config.*.report": self._reported,
            "fleet.command": self._commanded,
        }
        for subject, take in takers.items():
            await self._client.subscribe(
                subject, cb=take, pending_msgs_limit=MESSAGES_LIMIT, pending_bytes_limit=OCTETS_LIMIT
            )
        await self._client.flush()

    async def say(self, box: str, order: PushConfiguration) -> None:
        """To one box, whether it hears it or not: it is said again when the box reports."""
        await self._client.publish(f"config.{box}", encode(self._sealer.seal(order)))

    async def _reported(self, message: Msg) -> None:
        """One after another, as each may change what is next."""
        box = message.subject.split(".")[1]
        if self._mutual and message.reply and not message.reply.startswith(f"{inbox(box)}."):
            self._refusals.unread(box, message.subject, UnknownMessageError(f"not to be answered at {message.reply}"))
            return
        try:
            said = self._read(box, message)
            if self.fleet is not None and isinstance(said.body, ConfigurationReported):
                await self._answer(message, await self.fleet.reported(box, said.body), said.id)
        except UnknownMessageError as error:
            self._refusals.unread(box, message.subject, error)
            await self._answer(message, Refused(code="message.unknown", sentence=str(error)), None)
        except Exception as error:  # noqa: BLE001 - it can be read, and yet makes no sense; the next one may
            self._refusals.failed(box, message.subject, error)

    def _read(self, box: str, message: Msg) -> Envelope:
        said = decode(message.data)
        check_version(said)
        if not is_box(box) or said.box != box:
            raise UnknownMessageError(f"box {box} cannot speak for {said.box}")
        if not isinstance(said.body, ConfigurationReported):
            raise UnknownMessageError(f"{type(said.body).__name__} is no report of a configuration")
        return said

    async def _commanded(self, message: Msg) -> None:
        """Beside the reports: a large fleet takes seconds to be rendered."""
        task = asyncio.create_task(self._command(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _command(self, message: Msg) -> None:
        cause = None
        try:
            said = decode(message.data)
            cause = said.id
            await self._answer(message, await self._carried_out(said), cause)
        except UnknownMessageError as error:
            await self._answer(message, Refused(code="message.unknown", sentence=str(error)), cause)
        except Exception as error:
            log.exception("fleet.command.failed")
            await self._answer(message, Refused(code="push.fault", sentence=f"a fault of ours: {error}"), cause)

    async def _carried_out(self, said: Envelope) -> Body:
        if self.fleet is None or said.box != self.fleet.box:
            return Refused(code="fleet.box", sentence=f"box {said.box} may not command the fleet")
        if not isinstance(said.body, Command):
            raise UnknownMessageError(f"{type(said.body).__name__} is no command of the fleet")
        return await command(self.fleet, said.body)

    async def _answer(self, message: Msg, body: Body, cause: str | None) -> None:
        if message.reply:
            await message.respond(encode(self._sealer.seal(body, cause=cause)))

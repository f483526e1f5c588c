# SPDX-License-Identifier: GPL-2.0-only
"""One conversation with a process of this box: an order, and what is said until either side ends it.

Unlike `appliance.wire.client` it does not come back: what a technician asked of a process that has died is over.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path

from appliance.wire.envelope import Body, Sealer, UnknownMessageError, decode, encode
from appliance.wire.ids import Identity, IdSource
from appliance.wire.legs import Hello
from appliance.wire.service import UNREAD_LIMIT
from appliance.wire.service_messages import Attach


class UnreachableError(Exception):
    """Nobody there who could be asked."""


async def talk(socket: Path, order: Body) -> AsyncGenerator[Body, None]:
    """What is said after the order. Raises: UnreachableError."""
    async for body in _said(socket, (Attach(role="controller"), order)):
        yield body


async def snapshot(socket: Path) -> list[Body]:
    """What a process tells of itself to whoever attaches. Raises: UnreachableError."""
    told: list[Body] = []
    async for body in _said(socket, (Attach(role="observer"), Attach(role="observer"))):
        if isinstance(body, Hello) and told:
            return told[1:]  # the second attachment's: what was told after the first is whole
        told.append(body)
    raise UnreachableError(f"{socket}: it ended while it was asked")


async def _said(socket: Path, bodies: Iterable[Body]) -> AsyncGenerator[Body, None]:
    try:
        reader, writer = await asyncio.open_unix_connection(socket, limit=UNREAD_LIMIT)
    except OSError as error:
        raise UnreachableError(f"nobody serves {socket} ({error.strerror}): is the branch running?") from error
    identity = Identity.take("CLI", "cli")
    sealer, ids = Sealer(identity), IdSource(identity)
    try:
        for body in bodies:
            writer.write(encode(sealer.seal(body, message_id=ids.command())) + b"\n")
        while octets := await reader.readline():
            yield decode(octets).body
    except (ConnectionError, UnknownMessageError) as error:
        raise UnreachableError(f"{socket}: {error}") from error
    finally:
        writer.close()

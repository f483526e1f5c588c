# SPDX-License-Identifier: GPL-2.0-only
"""One conversation with a process of this box: an order, and what is said until either side ends it.

Unlike `appliance.wire.client` it does not come back: what a technician asked of a process that has died is over.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from appliance.wire.envelope import Body, Sealer, UnknownMessageError, decode, encode
from appliance.wire.ids import Identity, IdSource
from appliance.wire.service import UNREAD_LIMIT
from appliance.wire.service_messages import Attach


class UnreachableError(Exception):
    """Nobody there who could be asked."""


async def talk(socket: Path, order: Body | None) -> AsyncIterator[Body]:
    """What is said after the order; without one, as an observer. Raises: UnreachableError."""
    try:
        reader, writer = await asyncio.open_unix_connection(socket, limit=UNREAD_LIMIT)
    except OSError as error:
        raise UnreachableError(f"nobody serves {socket} ({error.strerror}): is the branch running?") from error
    identity = Identity.take("CLI", "cli")
    sealer = Sealer(identity)
    try:
        writer.write(encode(sealer.seal(Attach(role="observer" if order is None else "controller"))) + b"\n")
        if order is not None:
            writer.write(encode(sealer.seal(order, message_id=IdSource(identity).command())) + b"\n")
        while octets := await reader.readline():
            yield decode(octets).body
    except (ConnectionError, UnknownMessageError) as error:
        raise UnreachableError(f"{socket}: {error}") from error
    finally:
        writer.close()

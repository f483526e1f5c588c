# SPDX-License-Identifier: GPL-2.0-only
"""A client of headquarters' message servers that never gives up, with every buffer bounded.

The one it is connected to is asked every second whether it lives; two silent pings, and the connection is made anew,
to any of them. The token, USER's password, is read from its file at every attempt, so a file that comes later or
changes is enough. With credentials it is mutual TLS from the first octet on (`handshake_first`): who stands between can
neither read nor ask for less.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import nats
import structlog
from nats.aio.client import Client

from appliance.config import Endpoint, Headquarters, read_secret
from appliance.uplink.enrolling.credentials import HEADQUARTERS, Credentials

USER = "branchline"
"""Who boxes of ours are to the message server; a peripheral is somebody else."""
SYSTEM = "system"
"""Who ends connections there."""
PING_S = 1
RECONNECT_S = 0.05
PENDING_OCTETS = 4_194_304

log = structlog.get_logger()


def _is_news(record: logging.LogRecord) -> bool:
    """Asyncio warns at every end of TLS that nats-py has begun, on the terminal of who types too; nothing is wrong."""
    return "eof_received" not in str(record.msg)


logging.getLogger("asyncio").addFilter(_is_news)


class Access(msgspec.Struct, frozen=True):
    """How a client proves itself: by the token, by its credentials, or, at headquarters' own box, by both.

    `box`: answers come below its own inbox, which is all that the server lets a branch hear.
    """

    secret: Path | None
    credentials: Credentials | None = None
    user: str = USER
    box: str = ""


def inbox(box: str) -> str:
    """Below which a box is answered, and nobody else."""
    return f"_INBOX.{box}"


def own_access(config: Headquarters, user: str = USER) -> Access:
    """Of a process of headquarters."""
    mutual = config.enrolment
    return Access(config.server.secret, Credentials(mutual.credentials) if mutual else None, user)


class _Troubles:
    """Logs a trouble when it comes, not at each of twenty attempts a second."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._last = ""

    async def told(self, error: Exception) -> None:
        text = str(error) or type(error).__name__
        if text != self._last:
            log.warning("connection.trouble.met", client=self._name, error=text)
        self._last = text

    def over(self) -> None:
        self._last = ""


def proof(access: Access) -> dict[str, Any]:
    """As the client's options. Raises CredentialsError."""
    options: dict[str, Any] = {}
    if (secret := access.secret) is not None:
        options |= {"user": access.user, "password": lambda: read_secret(secret)}
    if access.box:
        options["inbox_prefix"] = inbox(access.box)
    if access.credentials is not None:
        options |= {"tls": access.credentials.context(), "tls_hostname": HEADQUARTERS, "tls_handshake_first": True}
    return options


async def connect(
    servers: Sequence[Endpoint],
    access: Access,
    name: str,
    on_up: Callable[[], Awaitable[None]] | None = None,
    on_down: Callable[[], Awaitable[None]] | None = None,
) -> Client:
    """Connected for the first time; from then on it reconnects by itself. `on_up` is called at each reconnection.

    Raises CredentialsError.
    """
    troubles = _Troubles(name)

    async def reconnected() -> None:
        troubles.over()
        log.info("connection.server.reached", client=name)
        if on_up is not None:
            await on_up()

    async def disconnected() -> None:
        log.warning("connection.server.lost", client=name)
        if on_down is not None:
            await on_down()

    client = await nats.connect(
        [f"nats://{server}" for server in servers],
        name=name,
        **proof(access),
        error_cb=troubles.told,
        reconnected_cb=reconnected,
        disconnected_cb=disconnected,
        connect_timeout=1,
        reconnect_time_wait=RECONNECT_S,
        max_reconnect_attempts=-1,
        ping_interval=PING_S,
        max_outstanding_pings=2,
        pending_size=PENDING_OCTETS,
    )
    log.info("connection.server.reached", client=name)
    return client

# SPDX-License-Identifier: GPL-2.0-only
"""A child's words to whoever started it: sd_notify(3) datagrams to NOTIFY_SOCKET. Without one nothing is said.

`ready()` when the process serves; `watchdog()` before every WATCHDOG_USEC has passed, once it was said the first time.
"""

import asyncio
import os
import socket
import time
from collections.abc import Callable


def ready() -> None:
    """The process serves."""
    _say(b"READY=1")


def watchdog() -> None:
    """The process is not stuck."""
    _say(b"WATCHDOG=1")


def watchdog_s() -> float | None:
    """Seconds between two `watchdog()` at most; None where nobody watches."""
    text = os.environ.get("WATCHDOG_USEC", "")
    return int(text) / 1_000_000 if text.isdigit() and int(text) else None


async def keep_alive(progress: Callable[[], int] = time.monotonic_ns) -> None:
    """Say `watchdog()` as long as the event loop turns and `progress` moves on. For ever; cancel to end."""
    period, seen = watchdog_s(), None
    while period is not None:
        now = progress()
        if now != seen:
            watchdog()
        seen = now
        await asyncio.sleep(period / 3)


def _say(state: bytes) -> None:
    path = os.environ.get("NOTIFY_SOCKET", "")
    if not path:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as notify:
        try:
            notify.sendto(state, "\0" + path[1:] if path.startswith("@") else path)
        except (ConnectionRefusedError, FileNotFoundError, BlockingIOError):
            return  # the supervisor is gone (then we go too) or does not read; nobody else could be told

# SPDX-License-Identifier: GPL-2.0-only
"""In the box, as a unit of the test: `phone HOST PORT` is the only extension, answers, and tells the box's clock.

Each datagram to HOST:PORT is the box's own monotonic clock, so that what an emulated box heard is judged by its own
seconds, which a busy host makes longer than ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sys
import time

from appliance.config import Endpoint
from tests.peers.hand import HandPhone

NUMBER, PASSWORD, DOMAIN = "1001", "power-cuts", "branch.invalid"
PROXY = Endpoint("127.0.0.1", 5060)
REGISTERED_S, AGAIN_S, TOLD_S = 60.0, 2.0, 0.1


async def _register(phone: HandPhone) -> None:
    while True:
        good = False
        with contextlib.suppress(TimeoutError):
            good = (await phone.register()).status == 200
        await asyncio.sleep(REGISTERED_S if good else AGAIN_S)


async def _answer(phone: HandPhone) -> None:
    while True:
        with contextlib.suppress(TimeoutError):
            call = await phone.called()
            await call.alert()
            await call.answer()


async def _tell(to: tuple[str, int]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        while True:
            with contextlib.suppress(OSError):  # no address yet
                out.sendto(str(time.monotonic()).encode(), to)
            await asyncio.sleep(TOLD_S)


async def main(to: tuple[str, int]) -> None:
    """Until the mains fail."""
    async with HandPhone(NUMBER, PASSWORD, PROXY, DOMAIN) as phone:
        await asyncio.gather(_register(phone), _answer(phone), _tell(to))


if __name__ == "__main__":
    asyncio.run(main((sys.argv[1], int(sys.argv[2]))))

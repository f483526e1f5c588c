# SPDX-License-Identifier: GPL-2.0-only
"""In the box, as a unit of the test: `phone HOST PORT` is the only extension, and the exchange whose caller it answers.

The caller says a tone that rises steadily, so the last of a recording tells when it was. Exchange and phone run in the
box: an emulated one is slower than its host, and a line from outside would be lost. Each datagram to HOST:PORT is the
box's own clock, and when the caller was answered by it, 0.0 until then.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import math
import socket
import sys
import tempfile
import time
import wave
from pathlib import Path

from appliance.config import Endpoint
from appliance.simulator.caller import AwaitAnswer, Script
from appliance.simulator.caller import Talk as Say
from appliance.simulator.exchange import Exchange, ExchangeSettings, NotInServiceError
from tests.peers.hand import HandPhone

NUMBER, PASSWORD, DOMAIN = "1001", "power-cuts", "branch.invalid"
PROXY = Endpoint("127.0.0.1", 5060)
HERE, THERE = ("127.0.0.1", 9001), ("127.0.0.1", 9101)
"""Of the factory's only span: the exchange's end, and the box's."""
FRAMES, JITTER_MS = 40, 60
RATE_HZ = 8000
LOW_HZ, RISE_HZ, SWEEP_S = 400.0, 40.0, 60.0
"""Of the tone: from where, by how much a second, and for how long until it begins anew."""
OFTEN = 400
"""Times that it is said."""
REGISTERED_S, AGAIN_S, TOLD_S = 60.0, 2.0, 0.1


def tone() -> array.array[int]:
    """One sweep."""
    times = (place / RATE_HZ for place in range(round(RATE_HZ * SWEEP_S)))
    return array.array("h", (round(8000 * math.sin(math.tau * (LOW_HZ + RISE_HZ / 2 * at) * at)) for at in times))


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


async def _call(exchange: Exchange, sound: Path) -> None:
    script = Script((AwaitAnswer(within_s=60.0), Say((str(sound),), OFTEN)))
    while True:
        with contextlib.suppress(NotInServiceError):
            await exchange.call("95588", "02512345678", script)
        await asyncio.sleep(AGAIN_S)


def _answered_s(exchange: Exchange) -> float:
    return next((one.answered.ns / 1e9 for one in exchange.calls() if one.answered is not None), 0.0)


async def _tell(exchange: Exchange, to: tuple[str, int]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        while True:
            with contextlib.suppress(OSError):  # no address yet
                out.sendto(f"{time.monotonic()} {_answered_s(exchange)}".encode(), to)
            await asyncio.sleep(TOLD_S)


async def main(to: tuple[str, int]) -> None:
    """Until the mains fail."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as sound:
        with wave.open(sound, "wb") as file:
            file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
            file.writeframes(tone().tobytes())
        sound.flush()
        exchange = Exchange(ExchangeSettings(HERE, THERE, FRAMES, jitter_ms=JITTER_MS))
        await exchange.start()
        async with HandPhone(NUMBER, PASSWORD, PROXY, DOMAIN) as phone:
            await asyncio.gather(
                _register(phone), _answer(phone), _call(exchange, Path(sound.name)), _tell(exchange, to)
            )


if __name__ == "__main__":
    asyncio.run(main((sys.argv[1], int(sys.argv[2]))))

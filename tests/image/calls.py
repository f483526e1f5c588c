# SPDX-License-Identifier: GPL-2.0-only
"""Calls through a running image: by CESoPSN from this host, and by two DAHDI spans that a cable joins in its kernel.

    this host ═ CESoPSN ═ carrier ─ box ─ telco ═ cable ═ exchange ─ box ─ carrier ═ CESoPSN ═ this host

The box passes calls from span to span as its configuration says, so one call has both ends here and goes through all
three spans. What each end keys is told by the other's receiver of tones.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from typing import Any, Self, TypeVar

from appliance.simulator.caller import (
    Answerer,
    AwaitAnswer,
    AwaitQuiet,
    AwaitRelease,
    AwaitSound,
    HangUp,
    Key,
    Rest,
    Script,
)
from appliance.simulator.exchange import Exchange, ExchangeSettings, NotInServiceError
from appliance.simulator.result import CallResult
from tests.image.machine import GATEWAY
from tests.ports import HOST, free_port

BOX_PORT = 9101
FRAMES, JITTER_MS = 40, 60
"""A packet a tick, and the time that an emulated network takes at its worst."""
NUMBER, TESTED = "3001", "4001"
ASKED, ANSWERED = "1470", "2589"
CALLER = Script(
    (
        AwaitAnswer(within_s=30.0),
        Rest(1.0),
        Key(ASKED, on_ms=120, off_ms=120),
        Rest(8.0),
        HangUp(),
    )
)
CALLED = Script(
    (
        AwaitSound(within_s=20.0),
        AwaitQuiet(within_s=20.0),
        Key(ANSWERED, on_ms=120, off_ms=120),
        AwaitRelease(within_s=60.0),
    )
)
ECHOES = Script((AwaitSound(within_s=20.0, loud_ms=200), Key("159", on_ms=400, off_ms=40), AwaitRelease(within_s=60.0)))
"""Sounds because it hears, and not before: so a test call that hears it was heard."""
AGAIN_S = 0.5
T = TypeVar("T")
CABLE = "image-test-cable"
CABLE_UNIT = """\
[Unit]
Description=Two spans end to end, as of a card with a cable from port to port
After=systemd-modules-load.service
Before=branchline.service
[Service]
Type=oneshot
RemainAfterExit=yes
WorkingDirectory=/usr/lib/branchline
ExecStart=/usr/sbin/modprobe dahdi_dynamic_loc
ExecStart=/usr/lib/branchline/build/venv/bin/python -B -c '\
from drivers.dahdi import Control; [Control().create_dynamic("loc", f"1:{end}") for end in (0, 1)]'
"""


ADDRESS, TIME = "10.0.2.15/24", "10.0.2.9"
"""Where QEMU's network leads those who come from outside, and nobody who tells the time."""


def own_address() -> list[str]:
    """What the box need not ask DHCP any more."""
    words = f"address {ADDRESS}", f"gateway {GATEWAY}", "dns 10.0.2.3", f"time {TIME}"
    return [f"set network {one}" for one in words]


def configuration(port: int) -> list[str]:
    """What a technician pastes at the console. `port`: where this host's end of CESoPSN is."""
    spans = {
        "carrier": f"local 0.0.0.0:{BOX_PORT}, remote {GATEWAY}:{port}, frames_per_packet {FRAMES}, "
        f"jitter_ms {JITTER_MS}, channel_order descending",
        "telco": "card_span 1, clock_domain 2, jitter_ms 40",
        "exchange": "card_span 2, clock_domain 2, jitter_ms 40, side network",
    }
    lines = ["configure", "delete headquarters discover", "delete spans unused"]
    for name, keys in spans.items():
        lines.append(f"set spans {name} driver {'cesopsn' if name == 'carrier' else 'dahdi'}")
        lines += [f"set spans {name} {key}" for key in keys.split(", ")]
    lines += ["set tandem 1 span carrier", "set tandem 1 to telco", f"set tandem 1 numbers {NUMBER}"]
    lines += ["set tandem 2 span exchange", "set tandem 2 to carrier"]
    return lines


class FarEnd:
    """The exchange beyond the box's CESoPSN span. It calls from its beginning on, until it is answered."""

    def __init__(self) -> None:
        self.port, self.door = free_port(), free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._exchange: Exchange | None = None
        self._calling: asyncio.Task[tuple[CallResult, CallResult]] | None = None

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        self._do(self._start(), 30.0)
        return self

    def __exit__(self, *_: object) -> None:
        """End as a power cut would."""
        self._do(self._stop(), 30.0)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def first_call(self, seconds: float) -> tuple[CallResult, CallResult]:
        """The first that was answered, as caller and called saw it. Raises TimeoutError."""
        return self._do(self._first_call(), seconds)

    def next_answered(self, seconds: float) -> CallResult:
        """A call that came here. Raises TimeoutError."""
        return self._do(self._here().answered.get(), seconds)

    def state(self) -> str:
        """For who wonders why there is no call."""
        here = self._here()
        alarms = "+".join(str(alarm.name) for alarm in here.span_status().alarms) or "no alarm"
        return f"{alarms}, D-channel {'up' if here.established else 'down'}, {here.span_status().counters}"

    def _do(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(seconds)

    def _here(self) -> Exchange:
        if self._exchange is None:
            raise RuntimeError("the far end has not begun")
        return self._exchange

    async def _start(self) -> None:
        settings = ExchangeSettings((HOST, self.port), (HOST, self.door), FRAMES, jitter_ms=JITTER_MS)
        here = self._exchange = Exchange(settings)
        here.answer(NUMBER, Answerer(CALLED))
        here.answer(TESTED, Answerer(ECHOES))
        await here.start()
        self._calling = asyncio.create_task(self._call(here))

    async def _stop(self) -> None:
        if self._calling is not None:
            self._calling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._calling
        await self._here().close()

    async def _first_call(self) -> tuple[CallResult, CallResult]:
        if self._calling is None:
            raise RuntimeError("the far end has not begun")
        return await asyncio.shield(self._calling)

    async def _call(self, here: Exchange) -> tuple[CallResult, CallResult]:
        while True:
            with contextlib.suppress(NotInServiceError):
                while not here.answered.empty():
                    here.answered.get_nowait()
                caller = await here.call(NUMBER, "02512345678", CALLER)
                if caller.answered is not None:
                    return caller, await here.answered.get()
            await asyncio.sleep(AGAIN_S)

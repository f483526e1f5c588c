# SPDX-License-Identifier: GPL-2.0-only
"""Analogue lines of a card under a line worker: over a real engine with chips of registers, and configured ones."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance.line.worker import LineWorker
from appliance.media.events import SignalHeard, SignalKind, ToneKind
from appliance.signalling.fxo.settings import Answer, CallerId, HangUp, Settings
from appliance.wire import legs
from appliance.wire.alarms import AlarmRaised
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.spans import Alarm, ChannelState, SpanChanged
from drivers.model import Timeslot
from tests.drivers.spi.board import Clock
from tests.drivers.spi.fake_si3050 import FakeSi3050
from tests.line.card_office import EXCHANGE, NUMBERS, card, highway
from tests.line.cas_boxes import Socket
from tests.line.site import CONFIGURATION, LINE
from tests.line.test_r2_process import worker as process
from tests.media.rig import Side, engine_thread
from tests.ports import HOST, free_port
from tests.wire.conformance import Attachment, attached

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

PATIENCE_S = 15.0
FAR = Timeslot(EXCHANGE, 1).port
SETTINGS = Settings(
    zone="us", hang_up=(HangUp.CPC,), answer=Answer.POLARITY, caller_id=CallerId.NONE, timers={"guard": 0.3}
)


class RealClock(Clock):
    """The machine's."""

    def __init__(self) -> None:
        """Nothing is kept."""

    @property
    def now_s(self) -> float:  # type: ignore[override]
        """Now."""
        return time.monotonic()


class Scene:
    """A worker with a chip, the exchange's end of its pair, a controller."""

    def __init__(self, folder: Path, side: Side) -> None:
        self.side = side
        self.chip = FakeSi3050(RealClock())
        self.digits = ""
        self._folder = folder
        self._exchange = side.ivr.engine
        self.worker = self._new_worker()

    def _new_worker(self) -> LineWorker:
        sealer = Sealer(Identity.take("BR-0001", "line1"))
        made = card({1: self.chip}, SETTINGS, time.monotonic)
        return LineWorker(self._folder / "leg.sock", sealer, self.side.engine, [made], self._folder / "performance")

    async def live(self) -> None:
        """Another life of the worker; the last one's end is told to nobody."""
        await self.worker.close()
        self.worker = self._new_worker()
        await self.worker.start()

    def exchange_hears(self) -> None:
        """Digits on its end of the pair."""
        self._exchange.open_timeslot(FAR)
        self._exchange.hear_signals(FAR, [SignalKind.DTMF])

    def gives(self, kind: ToneKind) -> None:
        """A tone of the exchange's."""
        self._exchange.tone(FAR, kind, "us")

    async def until(self, happened: Callable[[], object]) -> None:
        """Wait for what the chip or the exchange shows."""
        async with asyncio.timeout(PATIENCE_S):
            while not happened():
                for event in self.side.ivr.engine.take_events():
                    if isinstance(event, SignalHeard) and event.on:
                        self.digits += chr(event.code)
                await asyncio.sleep(0.01)


@asynccontextmanager
async def started(folder: Path, lay: Callable[[Side], None]) -> AsyncIterator[Scene]:
    """In service; `lay` opens the spans of the card and of the exchange."""
    with engine_thread() as host:
        scene = Scene(folder, Side(host))
        lay(scene.side)
        scene.exchange_hears()
        await scene.worker.start()
        try:
            yield scene
        finally:
            await scene.worker.close()


async def idle(client: Attachment, span: int = 1) -> None:
    """Every line is."""
    while True:
        told = (await client.expect(SpanChanged)).span
        if told.span == span and set(told.channels.values()) == {ChannelState.IDLE}:
            return


async def story(folder: Path, lay: Callable[[Side], None]) -> None:
    """A call out, the worker's death in it, a call in."""
    async with started(folder, lay) as scene:
        async with attached(Socket(folder / "leg.sock")) as client:
            await idle(client)
            leg = client.ids.leg()
            await client.done(legs.PlaceLeg(leg=leg, to="955", contact="contact-1", clid=None, trunk="lines"))
            await scene.until(lambda: scene.chip.off_hook)
            scene.gives(ToneKind.DIAL)
            await scene.until(lambda: scene.digits)
            scene.gives(ToneKind.RINGBACK)
            await scene.until(lambda: scene.digits == "955")
            scene.chip.reverse()
            await client.expect(legs.LegAnswered, leg)
        await scene.live()
        await scene.until(lambda: not scene.chip.off_hook)
        async with attached(Socket(folder / "leg.sock")) as client:
            await idle(client)
            assert await client.snapshot() == {}
            scene.chip.ring()
            offered = (await client.expect(legs.LegOffered)).leg
            assert (offered.dnis, offered.channel) == (NUMBERS[1], "span 1 timeslot 1")
            await client.done(legs.AnswerLeg(leg=offered.leg))
            await scene.until(lambda: scene.chip.off_hook)
            await client.done(legs.ReleaseLeg(leg=offered.leg))
            await client.expect(legs.LegReleased, offered.leg)
            await scene.until(lambda: not scene.chip.off_hook)


def test_a_worker_calls_dies_in_the_call_and_is_called(tmp_path: Path) -> None:
    asyncio.run(story(tmp_path, highway))


CARD = """  - name: lines
    driver: si3050
    sound_card: 31
    analogue: {number: 5551230}
    lines:
      - {spi: /dev/spidev99.0, timeslot: 1}
      - {spi: /dev/spidev99.1, timeslot: 2, interrupt: "/dev/gpiochip99:1"}
"""


def test_a_configured_board_that_is_not_there_is_alarms_and_the_other_span_serves(tmp_path: Path) -> None:
    ends = {"local": f"{HOST}:{free_port()}", "remote": f"{HOST}:{free_port()}"}
    telco = LINE.format(name="telco", kind="e1", profile="euroisdn", t309_s=6, **ends)
    secret = tmp_path / "token"
    secret.touch(mode=0o600)
    text = CONFIGURATION.format(spans=CARD + telco, prompts=tmp_path, secret=secret)
    (tmp_path / "branch.yaml").write_text(text)
    sockets = [tmp_path / "run" / f"leg.line{number}.sock" for number in (1, 2)]

    async def scene() -> None:
        with engine_thread() as host:
            async with process(tmp_path, host, "line1"), process(tmp_path, host, "line2"):
                async with asyncio.timeout(PATIENCE_S):
                    while not all(socket.exists() for socket in sockets):  # noqa: ASYNC110 - other processes'
                        await asyncio.sleep(0.02)
                async with attached(Socket(sockets[0])) as client, attached(Socket(sockets[1])) as other:
                    alarms: dict[tuple[str, str], str] = {}
                    while len(alarms) < 3:
                        alarm = await client.expect(AlarmRaised)
                        alarms[alarm.code, alarm.address] = alarm.sentence
                    assert alarms["span.fault", "span 1"].startswith("the card of lines does not answer")
                    for slot in (1, 2):
                        assert "Opening" in alarms["line.fault", f"span 1 timeslot {slot}"]
                    span = (await client.expect(SpanChanged)).span
                    assert (span.name, set(span.channels)) == ("lines", {1, 2})
                    assert Alarm.FAULT in span.alarms
                    assert (await other.expect(SpanChanged)).span.name == "telco"

    asyncio.run(scene())

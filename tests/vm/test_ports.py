# SPDX-License-Identifier: GPL-2.0-only
"""Analogue lines by DAHDI's kernel: two timeslots are FXO ports, which signal by bits over a cable in it.

At its other end our own line worker is the exchange (kewl start). No voltage is in it: what a port's chip measures.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from appliance.line.card import CardLine
from appliance.line.cas import CasLine
from appliance.line.channels import Order
from appliance.line.switch import TrunkPlan
from appliance.line.worker import LineWorker
from appliance.media.events import Client
from appliance.signalling.cas.channel import Wants
from appliance.signalling.cas.circuit import trunks
from appliance.signalling.cas.variant import load
from appliance.signalling.fxo.card_circuit import lines
from appliance.signalling.fxo.settings import Answer, CallerId, HangUp, Settings
from appliance.wire import legs
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.legs import ReleasedBy
from appliance.wire.spans import ChannelState, SpanChanged
from drivers.dahdi import Control, DahdiDriver, DahdiSettings, E1Line, SpanChannels
from drivers.dahdi.abi import Use
from drivers.dahdi.lines import DahdiLineDriver, DahdiLineSettings
from drivers.model import Alarm, Cas, Timeslot
from tests.media.rig import Side, engine_thread, noise, until
from tests.vm.cable import FAR, JITTER_MS, NEAR, SECONDS
from tests.wire.conformance import Attachment, Socket, attached

pytestmark = [pytest.mark.vm, pytest.mark.timeout(240)]

PORTS = (1, 2)
CLIENTS = {NEAR: Client.LINE1, FAR: Client.LINE2}
DNIS, OWN = "9558", "5551230"
SETTINGS = Settings(zone="us", hang_up=(HangUp.CPC,), answer=Answer.DIALLED, caller_id=CallerId.NONE)


@pytest.fixture
def pairs(control: Control) -> Iterator[tuple[SpanChannels, SpanChannels]]:
    """The ports' channels, and the exchange's."""
    spans = [control.create_dynamic("loc", f"1:{end}", 31) for end in (NEAR, FAR)]
    for span in spans:
        control.configure(span, E1Line(signalling="cas"), Use.CAS, 0b0101)
    control.configure_lines(spans[NEAR], PORTS)
    ends = SpanChannels(control, spans[NEAR], PORTS), SpanChannels(control, spans[FAR])
    yield ends
    for channels in ends:
        channels.close()
    for end in (NEAR, FAR):
        control.destroy_dynamic("loc", f"1:{end}")


class Scene:
    """An engine with both ends, a worker on each."""

    def __init__(self, folder: Path, side: Side, pairs: tuple[SpanChannels, SpanChannels]) -> None:
        self.side = side
        self._folder = folder
        self._ports = pairs[NEAR]
        for end, channels in enumerate(pairs):
            settings = DahdiSettings(
                channels.descriptors, channels.reference, jitter_ms=JITTER_MS, analogue=end == NEAR
            )
            owner = side.host.engine(CLIENTS[end])
            DahdiDriver(owner).configure(end, settings, None, Cas(0b0101) if end == FAR else None)
        exchange = CasLine(
            FAR,
            "exchange",
            trunks(load("fxs_kewl_e1"), Wants(dnis_digits=len(DNIS)), "us"),
            TrunkPlan(),
            Order.ASCENDING,
            timeslots=PORTS,
        )
        self.exchange = self._worker(FAR, exchange)
        self.worker = self._worker(NEAR, self._card())

    def _worker(self, end: int, line: CasLine) -> LineWorker:
        sealer = Sealer(Identity.take(f"BR-000{end}", "line1"))
        engine = self.side.host.engine(CLIENTS[end])
        return LineWorker(self.socket(end), sealer, engine, [line], self._folder / f"performance{end}")

    def socket(self, end: int) -> Path:
        """A worker's."""
        return self._folder / f"{end}.sock"

    def _card(self) -> CardLine:
        driver = DahdiLineDriver()
        for line, fd in self._ports.descriptors.items():
            driver.configure(line, DahdiLineSettings(fd))
        made = lines(driver, dict.fromkeys(PORTS, SETTINGS), time.monotonic)
        around = TrunkPlan(), Order.ASCENDING
        numbers = dict.fromkeys(PORTS, OWN)
        return CardLine(NEAR, "lines", made, *around, timeslots=PORTS, driver=driver, numbers=numbers)

    async def live(self) -> None:
        """Another life of the worker with the ports; the channels are still open."""
        await self.worker.close()
        self.worker = self._worker(NEAR, self._card())
        await self.worker.start()


@asynccontextmanager
async def started(folder: Path, pairs: tuple[SpanChannels, SpanChannels]) -> AsyncIterator[Scene]:
    """In service."""
    with engine_thread() as host:
        scene = Scene(folder, Side(host), pairs)
        until(lambda: all(scene.side.engine.span_status(end).counters.received for end in (NEAR, FAR)), SECONDS)
        until(lambda: {scene.side.engine.span_status(end).alarms for end in (NEAR, FAR)} == {Alarm.NONE}, SECONDS)
        await scene.exchange.start()
        await scene.worker.start()
        try:
            yield scene
        finally:
            await scene.worker.close()
            await scene.exchange.close()


async def idle(client: Attachment) -> None:
    """Both channels are."""
    while True:
        if set((await client.expect(SpanChanged)).span.channels.values()) == {ChannelState.IDLE}:
            return


async def talk(caller: Attachment, called: Attachment, to: str) -> tuple[str, legs.Leg]:
    """A call, answered."""
    leg = caller.ids.leg()
    await caller.done(legs.PlaceLeg(leg=leg, to=to, contact="contact-1", clid=None))
    offered = (await called.expect(legs.LegOffered)).leg
    await called.done(legs.AnswerLeg(leg=offered.leg))
    await caller.expect(legs.LegAnswered, leg)
    return leg, offered


def test_ports_ring_answer_dial_and_hang_up_and_a_dead_worker_s_goes_on_hook(
    tmp_path: Path, pairs: tuple[SpanChannels, SpanChannels]
) -> None:
    async def story() -> None:
        async with started(tmp_path, pairs) as scene, attached(Socket(scene.socket(FAR))) as far:
            async with attached(Socket(scene.socket(NEAR))) as near:
                await idle(near)
                await idle(far)
                leg, offered = await talk(far, near, "")
                assert (offered.dnis, offered.channel) == (OWN, "span 1 timeslot 1")
                await far.done(legs.ReleaseLeg(leg=leg))
                assert (await near.expect(legs.LegReleased, offered.leg)).by is ReleasedBy.PEER
                await idle(near)
                await idle(far)
                _, offered = await talk(near, far, DNIS)
                assert offered.dnis == DNIS
            await scene.live()
            assert (await far.expect(legs.LegReleased, offered.leg)).by is ReleasedBy.PEER
            async with attached(Socket(scene.socket(NEAR))) as near:
                await idle(near)
                assert await near.snapshot() == {}

    asyncio.run(story())


@pytest.mark.parametrize("ends", [1, 2])
def test_a_port_that_hangs_up_takes_no_sound_of_the_other_s(
    tmp_path: Path, pairs: tuple[SpanChannels, SpanChannels], ends: int
) -> None:
    """Port 1 shows the engine the card's clock."""

    async def story() -> None:
        async with (
            started(tmp_path, pairs) as scene,
            attached(Socket(scene.socket(NEAR))) as near,
            attached(Socket(scene.socket(FAR))) as far,
        ):
            await idle(near)
            await idle(far)
            offers = [(await talk(far, near, ""))[1] for _ in PORTS]
            assert [offer.channel for offer in offers] == ["span 1 timeslot 1", "span 1 timeslot 2"]
            before = scene.side.engine.span_status(NEAR).counters.resyncs
            sound, side = noise(2), scene.side
            here, there = (Timeslot(end, 3 - ends).port for end in (NEAR, FAR))
            side.recorder.engine.record(1, here, there, 0)
            for port, way in ((there, 1), (here, 2)):
                side.ivr.engine.play(port, way, [side.arena.add_alaw(sound)])
            gone = offers[ends - 1].leg
            await near.done(legs.ReleaseLeg(leg=gone))
            await near.expect(legs.LegReleased, gone)
            end = side.engine.samples + 3 * 8000
            await asyncio.to_thread(until, lambda: side.engine.samples >= end, SECONDS)
            assert [sound in side.recorder.left(1), sound in side.recorder.right(1)] == [True, True]
            assert scene.side.engine.span_status(NEAR).counters.resyncs == before

    asyncio.run(story())

# SPDX-License-Identifier: GPL-2.0-only
"""Analogue lines of a card on a real kernel: their sound by an ALSA device, a bus where no chip answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.config.cas import AnalogueLine
from appliance.config.lines import ChipLine, Si3050Card
from appliance.line.worker import LineWorker
from appliance.media.events import Client
from appliance.processes import lines
from appliance.wire.alarms import AlarmRaised
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from drivers.model import Alarm
from drivers.spi.tdm import TdmSettings
from tests.drivers.spi.test_devices import spidev
from tests.drivers.spi.test_tdm import WAIT_MS, loopback_card
from tests.line.card_office import CARD, EXCHANGE
from tests.line.card_story import story
from tests.media.rig import Side, engine_thread, until
from tests.wire.conformance import Socket, attached

__all__ = ["spidev"]

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(120)]


def sound_devices(side: Side) -> None:
    """The card's highway on one end of the kernel's loopback, the exchange on the other; four timeslots."""
    number = loopback_card()
    for span in (CARD, EXCHANGE):
        side.engine.open_span(span, TdmSettings(number, span, WAIT_MS, channels=1, analogue=True), None)
    until(lambda: all(side.engine.span_status(span).open for span in (CARD, EXCHANGE)))
    until(lambda: {side.engine.span_status(span).alarms for span in (CARD, EXCHANGE)} == {Alarm.NONE}, 10)


def test_a_worker_calls_dies_in_the_call_and_is_called_over_a_sound_device(tmp_path: Path) -> None:
    asyncio.run(story(tmp_path, sound_devices))


@pytest.mark.usefixtures("spidev")
def test_a_configured_chip_that_does_not_answer_is_an_alarm_of_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "SPI_MODE", 0)  # the guest's bus has no other
    chip = ChipLine(spi="/dev/spidev0.0", timeslot=3)
    known = AnalogueLine(number="5551230")
    card = Si3050Card(name="lines", sound_card=loopback_card(), jitter_ms=WAIT_MS, analogue=known, lines=(chip,))

    async def scene() -> None:
        with engine_thread() as host:
            engine = host.engine(Client.LINE1)
            engine.open_span(CARD, lines.sound(card), None)
            sealer = Sealer(Identity.take("BR-0001", "line1"))
            made = lines.line(CARD, card, {})
            worker = LineWorker(tmp_path / "leg.sock", sealer, engine, [made], tmp_path / "performance")
            await worker.start()
            try:
                async with attached(Socket(tmp_path / "leg.sock")) as client:
                    alarm = await client.expect(AlarmRaised)
                    assert (alarm.code, alarm.address) == ("line.fault", "span 1 timeslot 3")
                    assert "Control 2 reads 0x00 after reset, not 0x03" in alarm.sentence
                    until(lambda: engine.span_status(CARD).alarms == Alarm.NONE, 10)
            finally:
                await worker.close()

    asyncio.run(scene())

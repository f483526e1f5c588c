# SPDX-License-Identifier: GPL-2.0-only
"""Analogue lines of a card under a line worker: over a real engine with chips of registers, and configured ones."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from appliance.wire.alarms import AlarmRaised
from appliance.wire.spans import Alarm, SpanChanged
from tests.line.card_office import highway
from tests.line.card_story import PATIENCE_S, story
from tests.line.site import CONFIGURATION, LINE
from tests.line.test_r2_process import worker as process
from tests.media.rig import engine_thread
from tests.ports import HOST, free_port
from tests.wire.conformance import Socket, attached

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]


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

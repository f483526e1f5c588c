# SPDX-License-Identifier: GPL-2.0-only
"""What analogue lines have learned, as a technician reads it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
import pytest

from appliance.cli import learned as pages
from appliance.line.cas import CasLine
from appliance.line.channels import Order
from appliance.line.learning import Kept
from appliance.line.switch import TrunkPlan
from appliance.line.worker import LineWorker
from appliance.signalling.cas.station_circuit import stations
from appliance.signalling.cas.variant import load
from appliance.signalling.fxo.learning.learned import Learned
from appliance.signalling.fxo.settings import CallerId, HangUp, Place
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.learning import Contradiction, LineLearned, LinesLearned, Proof
from tests.cli.test_line import typed
from tests.line.fake_engine import FakeEngine
from tests.signalling.fxo.learning_rig import LEARNS

LEARNED = Learned(
    hang_up=(HangUp.CPC, HangUp.TONE),
    busy_ms=(350, 350),
    caller_id=CallerId.DTMF,
    place=Place.BEFORE_RING,
    calls=2,
    proofs=(Proof(1_795_392_000_000_000_000, "a whole message by dtmf, before ring", "振铃前收到完整的DTMF来电显示"),),
)


@pytest.mark.system
def test_what_a_former_life_has_learned_is_shown_in_two_languages(tmp_path: Path) -> None:
    async def scene() -> None:
        (tmp_path / "run").mkdir()
        (tmp_path / "learned").mkdir()
        (tmp_path / "learned" / "span1.json").write_bytes(msgspec.json.encode(Kept("bank", {2: LEARNED})))
        line = CasLine(
            0, "bank", stations(load("fxo_loop_e1"), LEARNS), TrunkPlan(), Order.ASCENDING, timeslots=range(1, 4)
        )
        socket, engine = tmp_path / "run" / "leg.line1.sock", FakeEngine()
        sealer = Sealer(Identity.take("BR-0001", "line1"))
        worker = LineWorker(socket, sealer, engine, [line], tmp_path / "performance")
        await worker.start()
        words = "line", "learned", "span", "1"
        shown = await asyncio.gather(*(typed(tmp_path, *words, language=spoken) for spoken in ("en", "zh_CN")))
        await worker.close()
        engine.close()
        (status, english, _), (_, chinese, _) = shown
        lines = english.splitlines()
        assert (status, lines[:5]) == (
            0,
            [
                "span 1 · bank",
                "line 2, 2 calls answered",
                "  hang-up: cpc, tone; busy tone 350 ms on, 350 ms off",
                "  caller ID: dtmf before ring",
                "  impedance: set in the branch file, in the channel bank or by the card's module (opermode)",
            ],
        )
        assert lines[5].endswith("  a whole message by dtmf, before ring")
        assert "  挂机：环路断开（CPC）、忙音；忙音响350毫秒停350毫秒" in chinese
        assert "振铃前收到完整的DTMF来电显示" in chinese

    asyncio.run(scene())


@pytest.mark.unit
def test_what_is_not_known_and_what_contradicts_is_said() -> None:
    wrong = Contradiction("hang_up", "cpc", "polarity")
    told = LinesLearned(span=2, name="bank", lines=(LineLearned(timeslot=5, calls=1, contradictions=(wrong,)),))
    page = pages.page(told, chinese=False)
    assert "  hang-up: not known yet\n  caller ID: not known yet\n" in page
    known = msgspec.structs.replace(
        told, lines=(LineLearned(timeslot=5, impedance="900"), LineLearned(6, impedance=""))
    )
    page_of_card = pages.page(known, chinese=False)
    assert "  impedance: 900\n" in page_of_card
    assert page_of_card.endswith("  impedance: not known yet")
    assert "  ! set to hang_up cpc, its calls bring polarity" in page
    assert "各线路尚未学到任何内容" in pages.page(LinesLearned(span=2, name="bank", lines=()), chinese=True)

# SPDX-License-Identifier: GPL-2.0-only
"""Analogue lines of a channel bank learn from the calls they serve: through the line worker's span and the engine."""

import asyncio
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from appliance.line.cas import CasLine
from appliance.line.channels import Order
from appliance.line.learning import Kept
from appliance.line.switch import TrunkPlan
from appliance.line.worker import LineWorker
from appliance.signalling.cas.station_circuit import stations
from appliance.signalling.cas.variant import load
from appliance.signalling.fxo.events import Feed
from appliance.signalling.fxo.settings import CallerId, HangUp
from appliance.wire import legs
from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.learning import LinesLearned
from appliance.wire.spans import ChannelState, SpanChanged
from dsp.prbs import Pattern
from tests.line.bank import BITS, OURS, RINGS, SLOT, Bank
from tests.line.fake_engine import FakeEngine
from tests.media.virtual import virtual_engine
from tests.signalling.fxo.learning_rig import LEARNS
from tests.signalling.fxo.simulated_line import SimulatedLine
from tests.wire.conformance import Socket, attached

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]


def test_a_minute_s_call_is_learned_shown_used_and_outlives_a_kill(tmp_path: Path) -> None:
    simulated = SimulatedLine(72, "CHINA", held_out=True)
    truth = simulated.truth
    assert (str(truth.caller_id), str(truth.place)) == ("dtmf", "before_ring")
    assert truth.hang_up == {HangUp.CPC, HangUp.TONE}
    with virtual_engine() as host:
        bank = Bank(host, tmp_path, LEARNS)
        first_s = bank.call(simulated)
        assert first_s < 60
        line = bank.line()
        assert (line.timeslot, line.calls, line.caller_id, line.place) == (SLOT, 1, "dtmf", "before_ring")
        assert set(line.hang_up) == truth.hang_up
        assert truth.busy_ms is not None
        assert line.busy_ms == pytest.approx(truth.busy_ms, abs=10)
        assert "a whole message by dtmf, before ring" in [proof.sentence for proof in line.proofs]
        assert bank.offered()[0].leg.clid is None, "nobody knew how to read it yet"
        bank.lessons.close()
        bank.live(LEARNS)
        assert bank.line() == line
        assert bank.call(simulated) < first_s - 2, "the loop's opening is known to be the end"
        assert bank.offered()[1].leg.clid
        assert not bank.alarms


def test_a_line_that_was_tested_listens_again_and_a_call_has_its_sound(tmp_path: Path) -> None:
    with virtual_engine() as host:
        bank = Bank(host, tmp_path, LEARNS)
        bank.span.lend(SLOT)
        bank.side.engine.open_timeslot(OURS)
        bank.side.engine.test(OURS, Pattern.PRBS15)
        bank.seconds(0.1)
        bank.side.engine.close_port(OURS)
        bank.span.take_back(SLOT)
        bank.seconds(0.1)
        assert bank.side.engine.port_status(OURS).kind == "timeslot"
        bank.call(SimulatedLine(30, "CHINA", held_out=True))
        assert bank.line().caller_id == "dtmf"


def test_an_alarm_says_that_the_line_is_another_than_it_is_set_to(tmp_path: Path) -> None:
    simulated = SimulatedLine(30, "CHINA", held_out=True)
    setting = replace(LEARNS, learns=("hang_up",), caller_id=CallerId.BELL202)
    with virtual_engine() as host:
        bank = Bank(host, tmp_path, setting)
        bank.call(simulated)
        (alarm,) = bank.alarms
        assert isinstance(alarm, AlarmRaised)
        assert (alarm.code, alarm.address) == ("line.caller-id", f"span 1 timeslot {SLOT}")
        assert alarm.sentence.startswith(
            f"span 1 line {SLOT} is set to caller_id bell202 after_ring, its calls bring dtmf after_ring: "
        )
        bank.span.change(LEARNS, "5551234")
        bank.seconds(0.1)
        assert bank.alarms[1:] == [AlarmCleared(code=alarm.code, address=alarm.address)]


def test_the_worker_tells_and_writes_what_a_call_has_shown(tmp_path: Path) -> None:
    setting = replace(LEARNS, learns=("hang_up",), caller_id=CallerId.NONE, timers={"settling": 0, "guard": 0})
    line = CasLine(
        0,
        "bank",
        stations(load("fxo_loop_e1"), setting),
        TrunkPlan(),
        Order.ASCENDING,
        "5551234",
        range(SLOT, SLOT + 1),
    )

    async def scene() -> None:
        engine, socket = FakeEngine(), tmp_path / "leg.sock"
        sealer = Sealer(Identity.take("BR-0001", "line1"))
        worker = LineWorker(socket, sealer, engine, [line], tmp_path / "performance")
        await worker.start()
        async with attached(Socket(socket)) as client:
            assert (await client.expect(LinesLearned)).lines == ()
            engine.show_bits(OURS, BITS[Feed.NORMAL])
            while ChannelState.IDLE not in (await client.expect(SpanChanged)).span.channels.values():
                pass
            engine.show_bits(OURS, RINGS)
            leg = (await client.expect(legs.LegOffered)).leg.leg
            assert OURS not in engine.sounding, "how callers are told is set"
            await client.done(legs.AnswerLeg(leg=leg))
            assert OURS in engine.sounding
            await client.done(legs.ReleaseLeg(leg=leg))
            (told,) = (await client.expect(LinesLearned)).lines
            assert (told.timeslot, told.calls) == (SLOT, 1)
        await worker.close()
        engine.close()
        kept = msgspec.json.decode((tmp_path / "learned" / "span1.json").read_bytes(), type=Kept)
        assert kept.lines[SLOT].calls == 1

    asyncio.run(scene())

# SPDX-License-Identifier: GPL-2.0-only
"""The shell of the IVR over a fake engine that obeys the handle's contract: one end for every play and collect."""

import asyncio
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from appliance.ivr.prompts import PromptFolders
from appliance.ivr.treatments import Treatments
from appliance.media.events import CommandKind, CommandRefused, DigitsCollected, EngineEvent, PlayEnded, Sound, ToneKind
from appliance.wire import treatments as t
from appliance.wire.alarms import AlarmRaised
from appliance.wire.envelope import Body, Sealer
from appliance.wire.ids import Identity
from appliance.wire.service import CommandRefusedError

pytestmark = pytest.mark.unit


class FakeEngine:
    """Keeps the ids it was given."""

    def __init__(self) -> None:
        self.plays: list[tuple[int, int, bool]] = []  # port, id, stop_on_digit
        self.collects: list[tuple[int, int]] = []
        self.stopped: list[int] = []
        self.tones: list[tuple[int, ToneKind]] = []
        self.records: list[tuple[int, int]] = []
        self.ended: list[int] = []
        self.samples = 0
        self.speaks = False

    def play(self, port: int, play_id: int, sounds: list[Sound], repeat: int = 1, *, stop_on_digit: bool) -> None:
        assert sounds
        assert repeat in {0, 1}
        self.plays.append((port, play_id, stop_on_digit))

    def tone(self, port: int, kind: ToneKind) -> None:
        self.tones.append((port, kind))

    def collect(self, port: int, collect_id: int, *_: object, clear_type_ahead: bool = False) -> None:
        assert clear_type_ahead == bool(self.records and not self.collects)
        self.collects.append((port, collect_id))

    def record(self, recording: int, left: int, right: int, from_sample: int) -> None:
        assert (left, from_sample) == (right, self.samples)
        self.records.append((recording, left))

    def stop_recording(self, recording: int) -> None:
        self.ended.append(recording)

    def port_status(self, port: int) -> SimpleNamespace:
        assert port == 5
        return SimpleNamespace(speaks=self.speaks)

    def stop(self, port: int) -> None:
        self.stopped.append(port)


class FakeArena:
    def load(self, source: Path) -> Sound:
        return Sound(len(source.name), 8000)


class Rig:
    def __init__(self, folder: Path) -> None:
        (folder / "hello.wav").write_bytes(b"")
        self.engine = FakeEngine()
        self.said: list[Body] = []
        prompts = PromptFolders((folder,))
        self.ivr = Treatments(self.engine, FakeArena(), prompts, self.said.append)  # type: ignore[arg-type]
        self.sealer = Sealer(Identity.take("BR-1", "call"))

    def command(self, body: Body) -> None:
        self.ivr.handle(self.sealer.seal(body))

    def closed(self) -> EngineEvent:
        """The end that the engine tells when the port of the command it has is closed."""
        if self.engine.collects:
            (port, number) = self.engine.collects[-1]
            return DigitsCollected(port=port, collect_id=number, digits="", reason="closed", terminator="")
        (port, number, _) = self.engine.plays[-1]
        return PlayEnded(port=port, play_id=number, reason="closed", played_octets=80)

    def refused(self) -> EngineEvent:
        """The refusal of the command it was given, because its port is not open."""
        if self.engine.collects:
            (port, number) = self.engine.collects[-1]
            return CommandRefused(CommandKind.COLLECT, port, number, "ENOTCONN")
        (port, number, _) = self.engine.plays[-1]
        return CommandRefused(CommandKind.PLAY, port, number, "ENOTCONN")


def test_treatment_runs_in_the_engine_and_reports_its_digits(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.command(t.RunTreatment(treatment="t", port=5, verbs=(t.Play(("hello",)), t.Collect(("hello",)))))
    (_, play, _) = rig.engine.plays[0]
    rig.ivr.engine_said(PlayEnded(port=5, play_id=play, reason="finished", played_octets=8000))
    (_, collect) = rig.engine.collects[0]
    rig.ivr.engine_said(DigitsCollected(port=5, collect_id=collect, digits="2", reason="full", terminator=""))
    assert rig.said == [
        t.TreatmentStep(treatment="t", verb=0),
        t.TreatmentStep(treatment="t", verb=1),
        t.TreatmentEnded(treatment="t", reason="done", digits="2"),
    ]


def test_same_treatment_sent_again_has_no_second_effect(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    command = t.RunTreatment(treatment="t", port=5, verbs=(t.Play(("hello",)),))
    rig.command(command)
    rig.command(command)
    assert len(rig.engine.plays) == 1


def test_end_of_a_former_lifes_play_is_not_ours(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.command(t.RunTreatment(treatment="t", port=5, verbs=(t.Play(("hello",)),)))
    rig.ivr.engine_said(PlayEnded(port=5, play_id=4, reason="stopped", played_octets=10))
    assert rig.said == [t.TreatmentStep(treatment="t", verb=0)]


def test_missing_prompt_is_an_alarm_and_is_skipped(tmp_path: Path) -> None:
    async def story() -> None:
        rig = Rig(tmp_path)
        rig.command(t.RunTreatment(treatment="t", port=5, verbs=(t.Play(("helo",)), t.Play(("hello",)))))
        await asyncio.sleep(0)
        assert [type(body) for body in rig.said] == [t.TreatmentStep, AlarmRaised, t.TreatmentStep]
        assert len(rig.engine.plays) == 1
        assert any(isinstance(body, AlarmRaised) for body in rig.ivr.snapshot())

    asyncio.run(story())


@pytest.mark.parametrize("verb", [t.Play(("hello",)), t.Collect(()), t.Music(("hello",))])
def test_port_that_closes_or_is_gone_already_ends_the_treatment_as_closed(tmp_path: Path, verb: t.Verb) -> None:
    for gone in (False, True):
        rig = Rig(tmp_path)
        rig.command(t.RunTreatment(treatment="t", port=5, verbs=(verb, t.Play(("hello",)))))
        rig.ivr.engine_said(rig.refused() if gone else rig.closed())
        assert rig.said == [
            t.TreatmentStep(treatment="t", verb=0),
            t.TreatmentEnded(treatment="t", reason="closed"),
        ]


def test_stop_silences_the_port_and_answers(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.command(t.RunTreatment(treatment="t", port=5, verbs=(t.Play(("hello",)),)))
    rig.command(t.StopTreatment(treatment="t"))
    rig.command(t.StopTreatment(treatment="t"))
    assert rig.engine.stopped == [5]
    assert rig.said[-1] == t.TreatmentEnded(treatment="t", reason="stopped")


def test_verb_number_beyond_the_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandRefusedError, match="no verb number 3 in 1"):
        Rig(tmp_path).command(t.RunTreatment(treatment="t", port=5, verbs=(t.Play(("hello",)),), first=3))


def test_the_ringing_tone_is_the_engines_and_ends_with_the_treatment(tmp_path: Path) -> None:
    async def rung() -> Rig:
        rig = Rig(tmp_path)
        rig.command(t.RunTreatment(treatment="t", port=5, verbs=(t.Ringing(seconds=60),)))
        rig.command(t.StopTreatment(treatment="t"))
        return rig

    rig = asyncio.run(rung())
    assert (rig.engine.tones, rig.engine.stopped) == ([(5, ToneKind.RINGBACK)], [5])
    assert rig.said == [t.TreatmentStep(treatment="t", verb=0), t.TreatmentEnded(treatment="t", reason="stopped")]


MESSAGE = t.RunTreatment(treatment="t", port=5, verbs=(t.Voicemail("card", silence_s=5),), recording=161)


def test_a_message_is_recorded_until_its_terminator_and_other_digits_are_of_it(tmp_path: Path) -> None:
    async def story() -> Rig:
        rig = Rig(tmp_path)
        rig.command(MESSAGE)
        rig.engine.speaks = True
        await asyncio.sleep(0.15)
        for digits, reason, terminator in (("7", "full", ""), ("", "terminator", "#")):
            (port, number) = rig.engine.collects[-1]
            rig.ivr.engine_said(
                DigitsCollected(port=port, collect_id=number, digits=digits, reason=reason, terminator=terminator)  # type: ignore[arg-type]
            )
        return rig

    rig = asyncio.run(story())
    assert (rig.engine.records, rig.engine.ended) == ([(161, 5)], [161])
    assert len(rig.engine.collects) == 2
    assert rig.said == [
        t.TreatmentStep(treatment="t", verb=0),
        t.TreatmentEnded(treatment="t", reason="recorded"),
    ]


def test_nobody_who_speaks_leaves_no_message(tmp_path: Path) -> None:
    async def story() -> Rig:
        rig = Rig(tmp_path)
        rig.command(MESSAGE)
        rig.engine.samples += 5 * 8000
        await asyncio.sleep(0.15)
        return rig

    rig = asyncio.run(story())
    assert rig.engine.ended == [161]
    assert rig.said[-1] == t.TreatmentEnded(treatment="t", reason="silent")


@pytest.mark.parametrize(("error", "reason"), [("ENOSPC", "failed"), ("ENOTCONN", "closed"), ("EEXIST", "recorded")])
def test_a_recording_that_cannot_be_had_fails_and_one_of_a_former_life_goes_on(
    tmp_path: Path, error: str, reason: str
) -> None:
    async def story() -> Rig:
        rig = Rig(tmp_path)
        rig.engine.samples = 80_000
        rig.command(msgspec.structs.replace(MESSAGE, since=72_000))
        rig.ivr.engine_said(CommandRefused(CommandKind.RECORD, 5, 161, error))
        if reason == "recorded":
            rig.engine.samples += 5 * 8000
            await asyncio.sleep(0.15)
        return rig

    assert asyncio.run(story()).said[-1] == t.TreatmentEnded(treatment="t", reason=reason)

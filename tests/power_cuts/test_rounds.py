# SPDX-License-Identifier: GPL-2.0-only
"""The judge of the rounds, with a box that is told what to say: a loss is seen, and rounds go on where they stood."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest

from appliance.recording import wav
from tests.power_cuts import __main__ as rounds
from tests.power_cuts.__main__ import Progress, ProgressError, Round, Run, proved
from tests.power_cuts.box import Env, Standing
from tests.power_cuts.looks import Look, LostError
from tests.power_cuts.phone import RATE_HZ, tone
from tests.power_cuts.talk import Cut, judged
from tests.sound.alaw import Linear, encode

pytestmark = pytest.mark.unit
TONE = np.array(tone(), dtype=np.int16)


class FakeBox:
    """Always in service; what it is asked for comes true, unless `lost` says how it is instead."""

    def __init__(self, *_: Any, fresh: bool, efi: bool) -> None:
        self.fresh, self.efi, self.good, self.called, self.lost = fresh, efi, "A", "Not configured", ""
        self.says, self.lines = True, 0

    def off(self) -> Env:
        return Env(self.good, self.good)

    def switch_on(self, _: int) -> str:
        return self.good

    def lay_line(self) -> None:
        self.lines += 1

    def recordings(self) -> list[str]:
        return ["before.wav"]

    def new_recording(self, known: frozenset[str]) -> Path:
        assert known == {"before.wav"}
        return Path("after.wav")

    def in_service(self) -> None:
        pass

    def settled(self) -> Standing:
        return Standing({"state": "idle"}, self.good, self.good, "")

    def look(self) -> Look:
        return Look(self.good, self.good, "", self.lost or self.called)

    def name(self) -> tuple[str, int]:
        return self.lost or self.called, 1

    def begin_update(self) -> None:
        self.good = "BA"["AB".index(self.good)]

    def until(self, _state: str) -> str:
        return ""

    def chosen(self) -> str:
        return self.good

    def begin_commit(self, name: str) -> int:
        self.called = name
        return 1

    def committed(self, _asked: int, seconds: float) -> bool:
        return self.says and seconds > 1000

    def cut(self) -> None:
        pass


class FakeTalk:
    """Somebody who is answered at once."""

    def __init__(self, *_: Any) -> None:
        self.port = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def answered(self) -> float:
        return 0.0

    def cut(self, known: frozenset[str]) -> Cut:
        return Cut(0.0, 1.0, known)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(rounds, "Box", FakeBox)
    monkeypatch.setattr(rounds, "Talk", FakeTalk)
    monkeypatch.setattr(rounds, "judged", lambda *_: 0.5)
    monkeypatch.setattr("tests.power_cuts.__main__.time.sleep", lambda _: None)
    (tmp_path / "image").write_bytes(b"image")
    return Run(tmp_path, tmp_path / "image", tmp_path / "bundles", 1)


def _again(run: Run, image: bytes = b"image") -> Run:
    folder = run._file.parent
    (folder / "image").write_bytes(image)
    return Run(folder, folder / "image", folder / "bundles", 1)


def test_rounds_take_every_moment_and_go_on_where_they_stood(run: Run) -> None:
    assert {run.round(number).moment for number in range(30)} == set(rounds.MOMENTS)
    assert not any(one.wrong for one in [*run.now.rounds, run.last()])
    assert _again(run).now == run.now
    assert _again(run, b"another image").now.rounds == []


def test_a_round_that_is_broken_off_does_not_count(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_box: FakeBox) -> None:
        raise KeyboardInterrupt

    run.round(0)
    monkeypatch.setattr(FakeBox, "off", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run.round(1)
    assert len(_again(run).now.rounds) == 1


def _until(run: Run, moment: str) -> Any:
    """Rounds up to one of that moment, which is judged by the next start; the box."""
    number = 0
    while run.round(number).moment != moment:
        number += 1
    return run._box


def test_a_configuration_that_is_lost_is_told(run: Run) -> None:
    _until(run, "commit").lost = "Not configured"
    assert "the configuration is lost: its name is 'Not configured'" in run.last().wrong


def test_a_slot_that_nobody_confirmed_is_told(run: Run) -> None:
    box = _until(run, "commit")
    box.good = "BA"["AB".index(run.now.good)]
    assert "which was never confirmed" in run.last().wrong


def test_a_cut_off_update_may_have_been_confirmed(run: Run) -> None:
    _until(run, "install")
    assert run.last().wrong == ""
    assert run.now.good == "B"


def test_one_commit_of_three_is_cut_off_when_it_has_been_told(run: Run) -> None:
    made = [one for one in map(run.round, range(15)) if one.moment == "commit"]
    assert [one.told for one in made] == [True, False, False]
    assert proved([*run.now.rounds, run.last()]) == ""


def test_a_commit_that_is_never_told_is_wrong(run: Run) -> None:
    run._box.says = False  # type: ignore[attr-defined]  # the fake's
    _until(run, "commit")
    assert "was not told" in run.now.rounds[-1].wrong


def test_what_was_told_is_in_force_after_the_cut(run: Run) -> None:
    box = _until(run, "commit")
    assert (run.now.name, run.now.doubtful) == (box.called, "")


def test_rounds_that_prove_nothing_do_not_pass() -> None:
    talked = Round("commit", 1.0)
    assert proved([talked, Round("nothing", 0.0)]) == "no commit was told before its cut"
    assert proved([Round("commit", 1.0, told=True), Round("nothing", 0.0)]) == "no recording was looked at"


def test_even_seeds_start_by_efi_and_an_old_box_goes_on_by_bios(run: Run, tmp_path: Path) -> None:
    image = tmp_path / "image"
    assert run._box.efi is False  # type: ignore[attr-defined]  # the fake's
    (tmp_path / "even").mkdir()
    assert Run(tmp_path / "even", image, image, 2)._box.efi is True  # type: ignore[attr-defined]
    old = f'{{"seed": 2, "image": "{run.now.image}", "rounds": [{{"moment": "commit", "after_s": 6.5}}], "looks": 3}}'
    (tmp_path / "even" / "progress.json").write_text(old)
    stood = Run(tmp_path / "even", image, image, 2).now
    assert isinstance(stood, Progress)
    assert (stood.efi, len(stood.rounds), stood.looks) == (False, 1, 3)


def test_progress_that_cannot_be_read_is_refused_with_a_sentence(run: Run, tmp_path: Path) -> None:
    (tmp_path / "progress.json").write_text('{"seed": 1, "rounds"')
    with pytest.raises(ProgressError, match="take the folder away to begin anew"):
        _again(run)


def _recorded(folder: Path, caller: Linear) -> Path:
    file = folder / "0123.wav"
    left = encode(caller)
    file.write_bytes(wav.head(len(left)) + wav.interleave(left, bytes([wav.SILENCE]) * len(left)))
    return file


def _cut(cut_s: float) -> Cut:
    return Cut(100.0, cut_s, frozenset())


def test_a_recording_that_ends_a_second_before_the_cut_is_taken_and_two_are_not(tmp_path: Path) -> None:
    file = _recorded(tmp_path, TONE[: RATE_HZ * 20])
    assert judged(file, _cut(120.9)) == pytest.approx(0.9, abs=0.2)
    with pytest.raises(LostError, match=r"ends 2\.\d s before the mains failed"):
        judged(file, _cut(122.2))


def test_a_talk_beyond_the_tone_s_first_rise_is_judged_too(tmp_path: Path) -> None:
    said = np.concatenate([TONE, TONE[: RATE_HZ * 10]])
    assert judged(_recorded(tmp_path, said), _cut(230.5)) == pytest.approx(0.5, abs=0.2)


def test_a_recording_that_is_silent_or_not_whole_is_lost(tmp_path: Path) -> None:
    with pytest.raises(LostError, match="not what the caller said"):
        judged(_recorded(tmp_path, np.zeros(RATE_HZ * 20, dtype=np.int16)), _cut(120.5))
    file = _recorded(tmp_path, TONE[: RATE_HZ * 20])
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(LostError, match="is not whole"):
        judged(file, _cut(120.5))

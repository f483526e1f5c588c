# SPDX-License-Identifier: GPL-2.0-only
"""Every prompt that a number, an amount, a date or a time can become is there to be played, in both languages."""

import datetime as dt
import itertools
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from appliance.ivr.prompts import PromptFolders
from appliance.ivr.synthesis import main, spoken
from appliance.ivr.words import WORDS, Word
from appliance.media.arena import alaw_of_wav
from appliance.script.speech.forms import Form
from appliance.script.speech.forms import spoken as said
from tests.sound.alaw import decode as linear

DEBIAN = Path("/usr/share/asterisk/sounds/en_US_f_Allison")


def everything(language: str) -> Iterator[str]:
    numbers = [Decimal(10**power * digit) for power in range(12) for digit in range(1, 10)]
    numbers += [Decimal(one) / 100 for one in range(-1999, 2000, 7)]
    for number in numbers:
        yield from said(Form.NUMBER, number, language)
        yield from said(Form.AMOUNT, number, language)
        yield from said(Form.DURATION, number, language)
        yield from said(Form.COUNT, abs(number // 1), language)
        yield from said(Form.AGENTS, abs(number // 1), language)
    for days in range(366):
        yield from said(Form.DATE, (dt.date(2026 + days, 1, 1) + dt.timedelta(days)).isoformat(), language)
    for hour, minute in itertools.product(range(24), range(60)):
        yield from said(Form.TIME, f"{hour:02}:{minute:02}", language)
    yield from said(Form.DIGITS, "0123456789*#", language)


@pytest.mark.unit
@pytest.mark.parametrize("language", ["en", "zh"])
def test_whatever_is_said_has_a_prompt(language: str) -> None:
    folder = PromptFolders((DEBIAN,))
    known = {name for name in set(everything(language)) if name in WORDS[language] or language == "en"}
    assert known == set(everything(language))
    for name in sorted(known - WORDS[language].keys()):
        assert folder.find(name, language).is_file()


@pytest.mark.system
@pytest.mark.timeout(60)
def test_prompts_are_spoken_once_as_the_ivr_plays_them_and_what_was_recorded_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = {
        "zh": {"digits/10": Word("十", "shi2"), "queue-thankyou": WORDS["zh"]["queue-thankyou"]},
        "en": {"digits/point": Word("point", "point")},
    }
    monkeypatch.setattr("appliance.ivr.synthesis.WORDS", words)
    recorded = tmp_path / "zh" / "digits" / "10.wav"
    recorded.parent.mkdir(parents=True)
    recorded.write_bytes(b"recorded")
    assert main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"2 prompts were spoken into {tmp_path}\n"
    assert recorded.read_bytes() == b"recorded"
    found = PromptFolders((tmp_path, DEBIAN)).find("queue-thankyou", "zh")
    sound = linear(alaw_of_wav(found.read_bytes()))
    assert 1.0 < len(sound) / 8000 < 3.5
    assert np.sqrt(np.mean(sound.astype(float) ** 2)) > 1000


@pytest.mark.system
@pytest.mark.timeout(30)
def test_two_words_differ_and_nothing_above_the_telephone_band_folds_back() -> None:
    two, ten = (linear(alaw_of_wav(spoken(word, "cmn-latn-pinyin"))).astype(float) for word in ("er4", "shi2"))
    size = min(len(two), len(ten))
    assert abs(np.corrcoef(two[:size], ten[:size])[0, 1]) < 0.5
    spectrum = np.abs(np.fft.rfft(ten)) ** 2
    hz = np.fft.rfftfreq(len(ten), 1 / 8000)
    assert spectrum[hz > 3800].sum() < 0.02 * spectrum.sum()

# SPDX-License-Identifier: GPL-2.0-only
"""Chinese prompts are read as they are written: by a second table of readings, and by espeak-ng's own phonemes."""

import itertools
import re
import subprocess
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from appliance.ivr.prompts import PromptFolders
from appliance.ivr.synthesis import PEAK, VOICES, speak
from appliance.ivr.words import WORDS
from tests.sound.alaw import level_dbm0
from tests.sound.speech import FOLDER, read_wav

READINGS = """
零líng 一yī 二èr 三sān 四sì 五wǔ 六liù 七qī 八bā 九jiǔ 十shí 两liǎng 百bǎi 千qiān 万wàn 亿yì 点diǎn 负fù 星xīng 号hào
井jǐng 上shàng 下xià 午wǔ 年nián 月yuè 日rì 分fēn 钟zhōng 元yuán 角jiǎo 整zhěng 不bú 到dào 您nín 目mù 前qián 排pái
在zài 第dì 位wèi 有yǒu 坐zuò 席xí 为wèi 服fú 务wù 如rú 需xū 回huí 电diàn 请qǐng 按àn 我wǒ 们men 会huì 给gěi 预yù 计jì
等děng 待dài 时shí 间jiān 感gǎn 谢xiè 的de 耐nài 心xīn 全quán 忙máng 稍shāo 后hòu 再zài 拨bō 好hǎo 欢huān 迎yíng 致zhì
输shū 入rù 工gōng 见jiàn 误wù 来lái 秒miǎo
"""
"""Xiandai Hanyu Cidian; 不 as before a fourth tone."""
OTHER = {("预计等待时间为", "为"): "wéi"}
"""It amounts to; in 为您服务 it is done for you."""
TONES = {"\u0304": "1", "\u0301": "2", "\u030c": "3", "\u0300": "4"}
CONTOURS = {"1": {"55"}, "2": {"35"}, "3": {"214", "21"}, "4": {"51"}, "5": {"11", "22", "33", "44"}}
"""Of espeak-ng, in Chao's figures: a third tone is low before another syllable."""
INITIALS = "b:p p:ph m:m f:f d:t t:th n:n l:l g:k k:kh h:X j:tS; q:tS;h x:S; zh:ts. ch:ts.h sh:s. r:z. z:ts c:tsh s:s"
SOUND_OF = dict(re.findall(r"(\w+):(\S+)", INITIALS))
LEVEL_DBM0, SPREAD_DB = -14.5, 2.5


def numbered(syllable: str) -> str:
    """líng → ling2."""
    letters = unicodedata.normalize("NFD", syllable)
    tone = next((TONES[one] for one in letters if one in TONES), "5")
    return "".join(one for one in letters if one not in TONES) + tone


def pinyin(text: str) -> list[str]:
    known = {one[0]: numbered(one[1:]) for one in READINGS.split()}
    characters = re.sub(r"[, ]", "", text)
    return [numbered(OTHER[text, one]) if (text, one) in OTHER else known[one] for one in characters]


@pytest.mark.unit
def test_each_character_has_its_reading() -> None:
    for name, word in WORDS["zh"].items():
        assert re.findall(r"[a-z]+[1-5]", word.read) == pinyin(word.text), name


@pytest.mark.system
@pytest.mark.timeout(30)
def test_espeak_reads_each_syllable_with_its_initial_and_its_tone_and_spells_none() -> None:
    words = [word.read for word in WORDS["zh"].values()]
    command = ["espeak-ng", "-q", "-x", "-v", VOICES["zh"], "\n\n".join(words)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    sounds = [one for one in re.split(r"_\||\s+", told.replace("'", "")) if one]
    syllables = re.findall(r"[a-z]+[1-5]", " ".join(words))
    assert "(en)" not in told, "spelled as English letters"
    assert len(sounds) == len(syllables)
    for syllable, sound in zip(syllables, sounds, strict=True):
        assert "".join(re.findall(r"\d+", sound)) in CONTOURS[syllable[-1]], (syllable, sound)
        initial = next((one for one in (syllable[:2], syllable[0]) if one in SOUND_OF), None)
        if initial is not None:
            heard = max((one for one in SOUND_OF.values() if sound.startswith(one)), key=len)
            assert heard == SOUND_OF[initial], (syllable, sound)


@pytest.mark.system
@pytest.mark.timeout(60)
def test_one_word_is_as_loud_as_another_and_none_clips(tmp_path: Path) -> None:
    assert speak(tmp_path) == sum(map(len, WORDS.values()))
    for path in sorted(tmp_path.rglob("*.wav")):
        sound = read_wav(path)
        assert np.abs(sound.astype(int)).max() <= PEAK, path
        pieces = [sound[at : at + 160] for at in range(0, len(sound) - 159, 160)]
        level = level_dbm0(np.concatenate([one for one in pieces if level_dbm0(one) > -40]))
        assert abs(level - LEVEL_DBM0) < SPREAD_DB, (path, level)


@pytest.mark.unit
def test_scripts_that_we_deliver_have_every_prompt_in_both_languages() -> None:
    scripts = [path.read_text() for path in Path("appliance/simulator/site/scripts").glob("*.yaml")]
    lists = itertools.chain.from_iterable(re.findall(r"(?:prompts|hold|wrong): \[(.*?)\]", one) for one in scripts)
    names = {name.strip() for one in lists for name in one.split(",")} - {"silence/5"}
    assert len(names) > 5
    assert names <= WORDS["zh"].keys()
    for name in names - WORDS["en"].keys():
        assert PromptFolders((FOLDER,)).find(name, "en").is_file()

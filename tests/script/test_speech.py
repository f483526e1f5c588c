# SPDX-License-Identifier: GPL-2.0-only
"""Numbers, amounts, dates and times as a caller hears them, in Chinese and English."""

from decimal import Decimal

import pytest

from appliance.script.expression import Value
from appliance.script.speech.forms import LARGEST, Form, read, spoken

pytestmark = pytest.mark.unit

ZH = {
    **{f"digits/{digit}": word for digit, word in enumerate("零一二三四五六七八九十")},
    "digits/two": "两",
    "digits/hundred": "百",
    "digits/thousand": "千",
    "digits/ten-thousand": "万",
    "digits/hundred-million": "亿",
    "digits/point": "点",
    "digits/minus": "负",
    "digits/star": "星",
    "digits/a-m": "上午",
    "digits/p-m": "下午",
    "digits/oclock": "点",
    "currency/yuan": "元",
    "currency/jiao": "角",
    "currency/fen": "分",
    "currency/whole": "整",
    "date/year": "年",
    "date/month": "月",
    "date/day": "日",
    "date/minute": "分",
    "minutes": "分钟",
    "seconds": "秒",
    "queue-less-than": "不到",
    "agents": "位坐席",
}


def zh(form: Form, value: Value | int | str) -> str:
    return "".join(ZH[prompt] for prompt in spoken(form, _value(value), "zh"))


def en(form: Form, value: Value | int | str) -> str:
    said = (prompt.rpartition("/")[2] for prompt in spoken(form, _value(value), "en"))
    return " ".join(said)


def _value(value: Value | int | str) -> Value:
    return Decimal(value) if isinstance(value, int) else value


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "零"),
        (2, "二"),
        (10, "十"),
        (15, "十五"),
        (20, "二十"),
        (105, "一百零五"),
        (110, "一百一十"),
        (250, "二百五十"),
        (1005, "一千零五"),
        (1050, "一千零五十"),
        (1234, "一千二百三十四"),
        (2000, "两千"),
        (2005, "两千零五"),
        (10_005, "一万零五"),
        (10_500, "一万零五百"),
        (12_000, "一万二千"),
        (22_222, "两万二千二百二十二"),
        (105_000, "十万五千"),
        (150_000, "十五万"),
        (1_050_000, "一百零五万"),
        (100_120_000, "一亿零一十二万"),
        (120_000_000, "一亿二千万"),
        (100_000_005, "一亿零五"),
        (1_000_500_000, "十亿零五十万"),
        (LARGEST - 1, "九千九百九十九亿九千九百九十九万九千九百九十九"),
        (-7, "负七"),
    ],
)
def test_a_number_in_chinese(number: int, said: str) -> None:
    assert zh(Form.NUMBER, number) == said


def test_what_is_counted_and_paid_in_chinese() -> None:
    assert [zh(Form.COUNT, one) for one in (2, 12, 22)] == ["两", "十二", "二十二"]
    assert zh(Form.NUMBER, Decimal("3.14")) == "三点一四"
    amounts = {"0": "零元整", "2": "两元整", "1234.56": "一千二百三十四元五角六分", "100.05": "一百元零五分"}
    amounts |= {"0.5": "五角", "0.02": "两分", "-20.2": "负二十元两角"}
    assert {one: zh(Form.AMOUNT, Decimal(one)) for one in amounts} == amounts


@pytest.mark.parametrize(
    ("number", "place", "wait", "staff"),
    [
        (1, "第一位", "一分钟", "一位坐席"),
        (2, "第二位", "两分钟", "两位坐席"),
        (10, "第十位", "十分钟", "十位坐席"),
        (12, "第十二位", "十二分钟", "十二位坐席"),
        (20, "第二十位", "二十分钟", "二十位坐席"),
        (22, "第二十二位", "二十二分钟", "二十二位坐席"),
        (102, "第一百零二位", "一百零二分钟", "一百零二位坐席"),
        (105, "第一百零五位", "一百零五分钟", "一百零五位坐席"),
        (110, "第一百一十位", "一百一十分钟", "一百一十位坐席"),
        (112, "第一百一十二位", "一百一十二分钟", "一百一十二位坐席"),
        (200, "第二百位", "二百分钟", "二百位坐席"),
        (2002, "第两千零二位", "两千零二分钟", "两千零二位坐席"),
    ],
)
def test_places_waits_and_agents_in_chinese(number: int, place: str, wait: str, staff: str) -> None:
    """An ordinal is a number, 第二位; what has a measure word is counted: 两分钟, 两位."""
    assert f"第{zh(Form.NUMBER, number)}位" == place
    assert zh(Form.DURATION, number * 60) == wait
    assert zh(Form.AGENTS, number) == staff


@pytest.mark.parametrize(
    ("seconds", "chinese", "english"),
    [
        (0, "不到一分钟", "queue-less-than 1 minute"),
        (59, "不到一分钟", "queue-less-than 1 minute"),
        (60, "一分钟", "1 minute"),
        (74, "一分钟", "1 minute"),
        (75, "一分三十秒", "1 minute 30 seconds"),
        (105, "两分钟", "2 minutes"),
        (150, "两分三十秒", "2 minutes 30 seconds"),
        (284, "四分三十秒", "4 minutes 30 seconds"),
        (299, "五分钟", "5 minutes"),
        (329, "五分钟", "5 minutes"),
        (330, "六分钟", "6 minutes"),
        (7300, "一百二十二分钟", "1 hundred 20 2 minutes"),
    ],
)
def test_a_wait_is_said_to_the_half_minute_while_it_is_short(seconds: int, chinese: str, english: str) -> None:
    assert (zh(Form.DURATION, seconds), en(Form.DURATION, seconds)) == (chinese, english)


def test_agents_in_english() -> None:
    assert [en(Form.AGENTS, one) for one in (0, 1, 22)] == ["0 agents", "1 agent", "20 2 agents"]


def test_days_hours_and_digits_in_chinese() -> None:
    assert zh(Form.DATE, "2026-11-26") == "二零二六年十一月二十六日"
    times = {"09:30": "上午九点三十分", "14:05": "下午两点零五分", "00:00": "上午十二点", "12:15": "下午十二点十五分"}
    assert {one: zh(Form.TIME, one) for one in times} == times
    assert zh(Form.DIGITS, "8001*") == "八零零一星"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0"),
        (13, "13"),
        (21, "20 1"),
        (250, "2 hundred 50"),
        (1005, "1 thousand 5"),
        (12_345_678, "12 million 3 hundred 40 5 thousand 6 hundred 70 8"),
        (-2_000_000_000, "minus 2 billion"),
    ],
)
def test_a_number_in_english(number: int, said: str) -> None:
    assert en(Form.NUMBER, number) == said


def test_amounts_days_and_hours_in_english() -> None:
    amounts = {"0": "0 yuan", "1234.05": "1 thousand 2 hundred 30 4 yuan vm-and 5 fen", "0.5": "50 fen"}
    assert {one: en(Form.AMOUNT, Decimal(one)) for one in amounts} == amounts
    days = {
        "2026-11-26": "mon-10 20 h-6 20 20 6",
        "1900-12-20": "mon-11 h-20 19 hundred",
        "2005-01-30": "mon-0 h-30 2 thousand 5",
        "1999-05-02": "mon-4 h-2 19 90 9",
    }
    assert {one: en(Form.DATE, one) for one in days} == days
    assert [en(Form.TIME, one) for one in ("09:00", "00:07", "23:45")] == ["9 oclock a-m", "12 oh 7 a-m", "11 40 5 p-m"]


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (Form.NUMBER, Decimal(LARGEST)),
        (Form.COUNT, Decimal("1.5")),
        (Form.COUNT, Decimal(-1)),
        (Form.AGENTS, Decimal("0.5")),
        (Form.DIGITS, "12a"),
        (Form.DIGITS, "１"),
        (Form.DATE, "2026-02-30"),
        (Form.TIME, "25:00"),
        (Form.NUMBER, True),
    ],
)
def test_what_cannot_be_said_is_refused(form: Form, value: Value) -> None:
    with pytest.raises(ValueError, match=r"."):
        spoken(form, value, "zh")


def test_a_form_among_prompts_is_told_from_a_prompts_name() -> None:
    assert read("number(position())") == ("number", "position()")
    assert read("digits/1") is None

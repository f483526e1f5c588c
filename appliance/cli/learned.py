# SPDX-License-Identifier: GPL-2.0-only
"""What a span's analogue lines have learned, as a page: each line's hang-up and caller ID, with the evidence."""

import time
from collections.abc import Iterator

from appliance.wire.learning import LineLearned, LinesLearned

NOTHING = ("no line of it has shown anything yet", "各线路尚未学到任何内容")
LINE = ("line {slot}, {calls} calls answered", "线路{slot}，已接{calls}个电话")
HANG_UP = ("  hang-up: {}", "  挂机：{}")
CALLER = ("  caller ID: {}", "  来电显示：{}")
IMPEDANCE = ("  impedance: {}", "  阻抗：{}")
NOT_LEARNED = (
    "set in the branch file, in the channel bank or by the card's module (opermode)",
    "由配置文件、信道机（channel bank）或板卡模块（opermode）设定",
)
UNKNOWN = ("not known yet", "尚未确定")
AGAINST = ("  ! set to {key} {set_to}, its calls bring {brings}", "  ！设定为{key} {set_to}，来电实为{brings}")
CHINESE = {
    "polarity": "极性反转",
    "cpc": "环路断开（CPC）",
    "tone": "忙音",
    "silence": "静音",
    "none": "无",
    "before_ring": "振铃前",
    "after_ring": "第一次振铃后",
    "bell202": "Bell 202",
    "v23": "V.23",
    "v23_jp": "V.23（NTT）",
    "dtmf": "DTMF",
}


def page(told: LinesLearned, *, chinese: bool) -> str:
    """All of it."""
    return "\n".join(_lines(told, chinese=chinese))


def _lines(told: LinesLearned, *, chinese: bool) -> Iterator[str]:
    yield f"span {told.span} · {told.name}"
    if not told.lines:
        yield NOTHING[chinese]
    for line in told.lines:
        yield LINE[chinese].format(slot=line.timeslot, calls=line.calls)
        yield HANG_UP[chinese].format(_hang_up(line, chinese=chinese))
        yield CALLER[chinese].format(_caller(line, chinese=chinese))
        yield IMPEDANCE[chinese].format(_impedance(line, chinese=chinese))
        for one in line.contradictions:
            yield AGAINST[chinese].format(key=one.key, set_to=one.set_to, brings=one.brings)
        for proof in line.proofs:
            at = time.strftime("%m-%d %H:%M:%S", time.localtime(proof.at_ns / 1e9))
            yield f"    {at}  {proof.chinese if chinese else proof.sentence}"


def _hang_up(line: LineLearned, *, chinese: bool) -> str:
    if not line.hang_up:
        return UNKNOWN[chinese]
    told = (", ", "、")[chinese].join(_word(way, chinese=chinese) for way in line.hang_up)
    if line.busy_ms is None:
        return told
    on, off = line.busy_ms
    return told + (f"; busy tone {on} ms on, {off} ms off", f"；忙音响{on}毫秒停{off}毫秒")[chinese]


def _caller(line: LineLearned, *, chinese: bool) -> str:
    if not line.caller_id:
        return UNKNOWN[chinese]
    return " ".join(_word(word, chinese=chinese) for word in (line.caller_id, line.place) if word)


def _impedance(line: LineLearned, *, chinese: bool) -> str:
    return NOT_LEARNED[chinese] if line.impedance is None else line.impedance or UNKNOWN[chinese]


def _word(word: str, *, chinese: bool) -> str:
    return CHINESE[word] if chinese else word.replace("_", " ")

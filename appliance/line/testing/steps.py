# SPDX-License-Identifier: GPL-2.0-only
"""The steps of a line test, each judged by what was read: passed, failed or open, why, and what to do. No I/O."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

from appliance.line.performance import verdict
from appliance.line.performance.evidence import gather
from appliance.line.performance.look import Look
from appliance.line.performance.seconds import Second, near
from appliance.media.events import PatternStatus
from appliance.wire.line_tests import LineStep, Result
from appliance.wire.performance import Verdict
from drivers.model import Alarm, Defect, LineErrors

ERRORED_PERCENT = 4
"""G.826's objective of errored seconds, 1.5 to 5 Mbit/s."""
INSERTED = 10
"""Errors put into each pattern that comes back: who does not see them sees no others."""


def signal(alarms: Alarm) -> LineStep:
    """No alarm stands."""
    if not alarms:
        return LineStep("signal", Result.PASS, "a good signal, no alarm", "信号正常，无告警")
    names = ", ".join(str(alarm.name) for alarm in Alarm if alarm in alarms and alarm.name)
    return LineStep(
        "signal",
        Result.FAIL,
        f"{names} stands: the step `verdict` below says whose fault it is",
        f"存在告警{names}：责任见下方verdict",
    )


def d_channel(up: bool | None) -> LineStep:  # noqa: FBT001 - the span's own word
    """The data link is established."""
    if up is None:
        return LineStep("d-channel", Result.OPEN, "this span has none", "本接口没有D信道")
    if up:
        return LineStep("d-channel", Result.PASS, "the data link is established", "数据链路已建立")
    return LineStep(
        "d-channel",
        Result.FAIL,
        "the data link is down: compare `d_channel`, `side` and `profile` with the far end",
        "数据链路未建立：请与对端核对d_channel、side和profile",
    )


def loop(synced: Sequence[int], lent: Sequence[int]) -> LineStep:
    """The pattern comes back from somewhere."""
    if not lent:
        return LineStep("loop", Result.OPEN, "calls hold every timeslot that was wanted", "所选时隙均被通话占用")
    if not synced:
        return LineStep(
            "loop",
            Result.OPEN,
            f"a pattern went out on {len(lent)} timeslots and none came back: have the far end loop them "
            "(`line loop span N` there), then test again",
            f"在{len(lent)}个时隙发送码型，均未返回：请对端环回（在对端执行line loop span N）后重测",
        )
    return LineStep(
        "loop",
        Result.PASS,
        f"the pattern comes back on {len(synced)} of {len(lent)} timeslots",
        f"{len(lent)}个时隙中有{len(synced)}个返回码型",
    )


def card_loop(synced: Sequence[int], lent: Sequence[int]) -> LineStep:
    """The pattern comes back from the card's own framer on every timeslot."""
    well = len(synced) == len(lent) > 0
    return LineStep(
        "card-loop",
        Result.PASS if well else Result.FAIL,
        f"looped in the card, the pattern comes back on {len(synced)} of {len(lent)} timeslots"
        + ("" if well else ": the card, its driver or its seat, not the line"),
        f"板卡内环回，{len(lent)}个时隙中有{len(synced)}个返回码型"
        + ("" if well else "：故障在板卡、驱动或插接，不在线路"),
    )


def defect(kind: Defect, before: LineErrors | None, after: LineErrors | None) -> LineStep:
    """An error that was sent into the loop is counted."""
    name = {Defect.FRAME: "framing_errors", Defect.CRC: "crc_errors"}[kind]
    counted = getattr(after, name) - getattr(before, name) if before and after else 0
    return LineStep(
        f"{kind}-errors",
        Result.PASS if counted > 0 else Result.FAIL,
        f"of one {kind} error that was sent the framer counted {counted}"
        + ("" if counted > 0 else ": it would not see the line's either"),
        f"发送1个{kind}误码，成帧器计数{counted}" + ("" if counted > 0 else "：线路误码也会漏计"),
    )


def no_defect(kind: Defect, why: str) -> LineStep:
    """The framer sends no such errors."""
    return LineStep(f"{kind}-errors", Result.OPEN, f"none could be sent: {why}", f"无法发送：{why}")


def pattern(counted: Mapping[int, PatternStatus]) -> LineStep:
    """Bit errors of the timeslots that were looped; those inserted are known."""
    errors = {slot: status.counters.errors - INSERTED for slot, status in counted.items()}
    blind = [slot for slot, extra in errors.items() if extra < 0]
    extra = sum(max(0, one) for one in errors.values())
    bits = sum(status.counters.bits for status in counted.values())
    losses = sum(status.counters.losses for status in counted.values())
    slips = sum(status.counters.slips for status in counted.values())
    if extra or losses or blind:
        return LineStep(
            "bit-errors",
            Result.FAIL,
            f"{extra} bit errors in {bits} bits, the pattern was lost {losses} times, {slips} of them slips; on "
            f"{len(blind)} timeslots inserted errors were not seen: follow the step `verdict`",
            f"{bits}比特中误码{extra}个，码型失步{losses}次，其中滑码{slips}次；{len(blind)}个时隙未检出插入的误码：见verdict",
        )
    return LineStep(
        "bit-errors",
        Result.PASS,
        f"none in {bits} bits of {len(counted)} timeslots; the {INSERTED} inserted into each were all seen",
        f"{len(counted)}个时隙{bits}比特无误码；每时隙插入的{INSERTED}个误码均被检出",
    )


def seconds(looks: Sequence[Look]) -> LineStep:
    """Errored seconds while it was watched."""
    watched = [second for before, now in pairwise(looks) if (second := near(before, now)) is not None]
    if not watched:
        return LineStep(
            "seconds",
            Result.OPEN,
            "no second was seen: is the media engine alive?",
            "未观测到任何一秒：媒体引擎是否在运行？",
        )
    errored, severe = sum(map(_errored, watched)), sum(map(_severe, watched))
    well = not severe and 100 * errored <= ERRORED_PERCENT * len(watched)
    return LineStep(
        "seconds",
        Result.PASS if well else Result.FAIL,
        f"{errored} errored and {severe} severely errored of {len(watched)} s (G.826: {ERRORED_PERCENT} %, none)",
        f"{len(watched)}秒中误码秒{errored}个，严重误码秒{severe}个（G.826：至多{ERRORED_PERCENT}%，0个）",
    )


def _errored(second: Second) -> bool:
    return second.errored


def _severe(second: Second) -> bool:
    return second.severe


def clock(looks: Sequence[Look]) -> LineStep:
    """Followed, within tolerance, without a slip."""
    e = gather(looks)
    locked = looks[-1].span.clock_locked
    well = locked and abs(e.ppm) < verdict.TOLERANCE_PPM and not e.slips
    followed = ("followed", "已跟随") if locked else ("not followed", "未跟随")
    return LineStep(
        "clock",
        Result.PASS if well else Result.FAIL,
        f"{followed[0]}, off by {e.ppm:.1f} ppm (G.703: 50), {e.slips} slips in {e.seconds} s",
        f"{followed[1]}，偏差{e.ppm:.1f} ppm（G.703：50），{e.seconds}秒内滑码{e.slips}次",
    )


def host(looks: Sequence[Look]) -> LineStep:
    """The machine kept time."""
    e = gather(looks)
    well = e.late_ticks < verdict.LATE_A_SECOND * max(e.seconds, verdict.LEAST_S) and not e.skipped_ticks
    return LineStep(
        "host",
        Result.PASS if well else Result.FAIL,
        f"the engine was late {e.late_ticks} times and missed {e.skipped_ticks} ticks in {e.seconds} s",
        f"{e.seconds}秒内媒体引擎迟到{e.late_ticks}次、漏拍{e.skipped_ticks}次",
    )


def fault(looks: Sequence[Look]) -> LineStep:
    """Whose fault it is, by the last minutes."""
    found = verdict.judge(looks)
    if found is None:
        wanted = f"it takes {verdict.LEAST_S} s of looking on; {len(looks) - 1} s were seen"
        return LineStep("verdict", Result.OPEN, wanted, f"判定需{verdict.LEAST_S}秒，已观测{len(looks) - 1}秒")
    result = Result.PASS if found.verdict is Verdict.SOUND else Result.FAIL
    return LineStep("verdict", result, f"{found.verdict}: {found.sentence}", f"{NAMES[found.verdict]}：{found.chinese}")


NAMES = {
    Verdict.SOUND: "正常",
    Verdict.TELCO: "运营商",
    Verdict.CABLE: "电缆",
    Verdict.CLOCK: "时钟",
    Verdict.HOST: "主机",
    Verdict.CONFIGURATION: "配置",
}

# SPDX-License-Identifier: GPL-2.0-only
"""Whose fault it is: TABLE, read from above; the first row that is so names it.

Rows that explain others stand before them: packets of a wrong size are LOS as well, AIS silences the D-channel, a late
machine loses packets. A row's sentence gives the counters that say so, and what to do.
"""

from collections.abc import Callable, Sequence

import msgspec

from appliance.line.performance.evidence import Evidence, gather
from appliance.line.performance.look import Look
from appliance.wire.performance import Verdict

STANDS_S = 3
"""An alarm of fewer seconds in the window is not what ails the line."""
PATIENCE_S = 10
"""Data links come up within this time."""
WINDOW_S = 300
LEAST_S = 60
"""A window of fewer seconds has no verdict."""
TOLERANCE_PPM = 60.0
"""G.703 allows a 2048 kbit/s clock 50; the machine's own crystal is not exact either."""
DRIFT_PPM = 4.0
LATE_A_SECOND = 0.1
LOSS_PERCENT = 0.015


class Row(msgspec.Struct, frozen=True):
    """One fault."""

    code: str
    verdict: Verdict
    is_so: Callable[[Evidence], bool]
    sentence: str
    """`e` is the evidence."""
    chinese: str


class Finding(msgspec.Struct, frozen=True):
    """What was found."""

    code: str
    verdict: Verdict
    sentence: str
    chinese: str
    seconds: int


def judge(looks: Sequence[Look]) -> Finding | None:
    """What ails the line by its looks, one a second; None: there are too few."""
    if len(looks) <= LEAST_S:
        return None
    e = gather(looks)
    row = next(row for row in TABLE if row.is_so(e))
    return Finding(row.code, row.verdict, row.sentence.format(e=e), row.chinese.format(e=e), e.seconds)


def _nothing_fits(e: Evidence, name: str) -> bool:
    """Packets come, nearly all of which are counted under that name."""
    return e.packets[name] > 10 * e.seconds and e.packets["received"] < 0.05 * e.packets[name]


def _late(e: Evidence) -> bool:
    """The machine was late, and not beside losses that have another cause."""
    often = e.late_ticks >= LATE_A_SECOND * e.seconds or e.skipped_ticks * 5 > 200
    return often and 2 * e.lost_on_time <= e.packets["lost"]


def _crc_missing(e: Evidence) -> bool:
    crc = e.framer.get("crc_errors", 0)
    return crc > 850 * e.seconds and 20 * e.framer["code_violations"] < crc and 20 * e.framer["framing_errors"] < crc


def _bit_errors(e: Evidence) -> bool:
    return bool(e.framer) and e.errored_s >= max(3.0, 0.03 * e.seconds)


def _own_section(e: Evidence) -> bool:
    return _bit_errors(e) and 4 * e.framer["code_violations"] >= e.framer["crc_errors"]


def _silent(e: Evidence) -> bool:
    return e.down_s >= PATIENCE_S


def _lossy(e: Evidence) -> bool:
    return e.packets["lost"] >= 3 and e.loss_percent >= LOSS_PERCENT


TABLE = (
    Row(
        "packet-size",
        Verdict.CONFIGURATION,
        lambda e: _nothing_fits(e, "malformed"),
        "{e.packets[malformed]} packets came and {e.packets[received]} were good: the far end sends another size; "
        "frames_per_packet, rtp_header and CAS must be as they are there",
        "收到{e.packets[malformed]}个包，合格的只有{e.packets[received]}个：对端包长不同；frames_per_packet、rtp_header"
        "和随路信令须与对端一致",
    ),
    Row(
        "far-address",
        Verdict.CONFIGURATION,
        lambda e: _nothing_fits(e, "stray"),
        "{e.packets[stray]} packets came from another address than the configured one, {e.packets[received]} from it: "
        "correct `remote`",
        "{e.packets[stray]}个包来自非配置地址，来自配置地址的有{e.packets[received]}个：请更正remote",
    ),
    Row(
        "unsendable",
        Verdict.HOST,
        lambda e: e.packets["send_errors"] >= 3 and e.unsent_percent >= 0.2,
        "the kernel did not take {e.packets[send_errors]} packets ({e.unsent_percent:.1f} %): look at this box's "
        "network interface and routes",
        "内核拒发{e.packets[send_errors]}个包（{e.unsent_percent:.1f}%）：请检查本机网卡和路由",
    ),
    Row(
        "card",
        Verdict.HOST,
        lambda e: e.fault_s >= STANDS_S,
        "the card did not answer for {e.fault_s} of {e.seconds} s: look at its seat, its driver and its supply",
        "{e.seconds}秒中有{e.fault_s}秒板卡无应答：请检查板卡插接、驱动和供电",
    ),
    Row(
        "ais",
        Verdict.TELCO,
        lambda e: e.ais_s >= STANDS_S,
        "AIS for {e.ais_s} of {e.seconds} s: the carrier's own line has failed, call the carrier",
        "{e.seconds}秒中有{e.ais_s}秒AIS：运营商线路故障，请联系运营商",
    ),
    Row(
        "signal",
        Verdict.CABLE,
        lambda e: e.los_s >= STANDS_S,
        "no signal for {e.los_s} of {e.seconds} s: check the cable and that the far end is switched on",
        "{e.seconds}秒中有{e.los_s}秒无信号：请检查电缆，并确认对端已开机",
    ),
    Row(
        "framing",
        Verdict.CONFIGURATION,
        lambda e: e.lfa_s >= STANDS_S and e.violations < e.seconds,
        "a signal but no frame for {e.lfa_s} of {e.seconds} s with {e.violations} code violations: set the framing "
        "(CRC-4, multiframe, E1 or T1) alike at both ends",
        "{e.seconds}秒中有{e.lfa_s}秒有信号而无帧同步，编码违例{e.violations}个：两端帧结构（CRC-4、复帧、E1或T1）须一致",
    ),
    Row(
        "alignment",
        Verdict.CABLE,
        lambda e: e.lfa_s >= STANDS_S,
        "frame alignment was lost for {e.lfa_s} of {e.seconds} s with {e.violations} code violations: noise on our own "
        "section; check plugs, grounding, line code and the cable's length",
        "{e.seconds}秒中有{e.lfa_s}秒失帧，编码违例{e.violations}个：本段线路有干扰；请检查接头、接地、线路码和电缆长度",
    ),
    Row(
        "one-way",
        Verdict.CABLE,
        lambda e: e.rai_s >= STANDS_S,
        "we hear the far end, it does not hear us (RAI for {e.rai_s} of {e.seconds} s): check the pair that we send on",
        "能收到对端，对端收不到我们（{e.seconds}秒中有{e.rai_s}秒RAI）：请检查发送线对",
    ),
    Row(
        "late",
        Verdict.HOST,
        _late,
        "the engine was late {e.late_ticks} times and missed {e.skipped_ticks} ticks in {e.seconds} s, an idle thread "
        "beside it was late {e.machine_late} times, {e.packets[lost]} packets were lost: relieve the machine",
        "{e.seconds}秒内媒体引擎迟到{e.late_ticks}次、漏拍{e.skipped_ticks}次，旁边的空闲线程迟到{e.machine_late}次，"
        "丢包{e.packets[lost]}个：请减轻主机负载",
    ),
    Row(
        "contact",
        Verdict.CABLE,
        lambda e: e.resyncs_on_time >= 2,
        "the signal was lost and found {e.resyncs_on_time} times in {e.seconds} s, this machine kept time: a bad "
        "contact, or a switch port that flaps",
        "{e.seconds}秒内信号丢失又恢复{e.resyncs_on_time}次，而本机准时：接触不良，或交换机端口时断时续",
    ),
    Row(
        "no-crc4",
        Verdict.CONFIGURATION,
        _crc_missing,
        "CRC-4 fails in {e.framer[crc_errors]} of {e.seconds} thousand submultiframes with {e.violations} "
        "code violations: the far end sends none; set CRC-4 alike at both ends",
        "{e.seconds}千个子复帧中{e.framer[crc_errors]}个CRC-4出错，编码违例仅{e.violations}个："
        "对端未发CRC-4；两端须一致",
    ),
    Row(
        "noise",
        Verdict.CABLE,
        _own_section,
        "{e.violations} code violations and {e.framer[crc_errors]} CRC errors in {e.errored_s} of "
        "{e.seconds} s: noise on our own section; check plugs, grounding and the cable's length",
        "{e.seconds}秒中有{e.errored_s}秒出错，编码违例{e.violations}个、CRC错误{e.framer[crc_errors]}个："
        "本段线路有干扰；请检查接头、接地和电缆长度",
    ),
    Row(
        "upstream",
        Verdict.TELCO,
        _bit_errors,
        "{e.framer[crc_errors]} CRC errors in {e.errored_s} of {e.seconds} s with {e.violations} code "
        "violations: the errors arise beyond our section, call the carrier",
        "{e.seconds}秒中有{e.errored_s}秒CRC错误，共{e.framer[crc_errors]}个，编码违例{e.violations}个："
        "误码来自本段之外，请联系运营商",
    ),
    Row(
        "slips",
        Verdict.CLOCK,
        lambda e: e.slips >= 2 or abs(e.drift_ppm) >= DRIFT_PPM,
        "{e.slips} slips in {e.seconds} s, the buffer drifts by {e.drift_ppm:.0f} ppm: two clocks that nobody ties "
        "together; one end must take the other's (`clock: recovered`), or have a clock_domain of its own",
        "{e.seconds}秒内滑码{e.slips}次，缓冲漂移{e.drift_ppm:.0f} ppm：两端时钟未同步；一端须跟随另一端"
        "（clock: recovered），或单设clock_domain",
    ),
    Row(
        "tolerance",
        Verdict.CLOCK,
        lambda e: abs(e.ppm) >= TOLERANCE_PPM,
        "the far end's clock is off by {e.ppm:.0f} ppm, G.703 allows 50: it runs free; have its reference restored",
        "对端时钟偏差{e.ppm:.0f} ppm，G.703允许50：对端失去参考；请其恢复时钟源",
    ),
    Row(
        "unlocked",
        Verdict.CLOCK,
        lambda e: 2 * e.unlocked_s > e.seconds,
        "the far end's clock could not be followed for {e.unlocked_s} of {e.seconds} s: it wanders; have its reference "
        "checked",
        "{e.seconds}秒中有{e.unlocked_s}秒无法跟随对端时钟：时钟漂移；请对端检查时钟源",
    ),
    Row(
        "timeslot",
        Verdict.CONFIGURATION,
        lambda e: _silent(e) and e.frames_ever == 0,
        "the signal is good, and in {e.down_s} s as ever before 0 frames came in the D-channel: is `d_channel` the "
        "right timeslot, and is the line ISDN?",
        "信号正常，但D信道{e.down_s}秒内和此前收到的帧均为0：请核对d_channel时隙，并确认线路为ISDN",
    ),
    Row(
        "side",
        Verdict.CONFIGURATION,
        lambda e: _silent(e) and e.frames_down > 0,
        "{e.frames_down} frames came in the D-channel in {e.down_s} s and the link stays down: `side` is the same "
        "at both ends, or the far end refuses us",
        "D信道{e.down_s}秒内收到{e.frames_down}帧，但链路不通：两端side相同，或对端拒绝",
    ),
    Row(
        "exchange",
        Verdict.TELCO,
        _silent,
        "the signal is good, the D-channel has been silent for {e.down_s} s after {e.frames_ever} frames: the "
        "exchange's end has stopped, call the carrier",
        "信号正常，D信道在收到{e.frames_ever}帧后已静默{e.down_s}秒：交换机侧停止，请联系运营商",
    ),
    Row(
        "buffer",
        Verdict.CONFIGURATION,
        lambda e: _lossy(e) and e.packets["late"] >= 0.6 * e.packets["lost"],
        "{e.packets[late]} of {e.packets[lost]} lost packets came too late, this machine kept time: the network "
        "jitters more than `jitter_ms` allows; raise it",
        "丢失的{e.packets[lost]}个包中有{e.packets[late]}个只是迟到，而本机准时：网络抖动超过jitter_ms；请调大",
    ),
    Row(
        "loss",
        Verdict.TELCO,
        _lossy,
        "{e.packets[lost]} packets ({e.loss_percent:.2f} %) never came, this machine kept time: the packet network "
        "loses them; call who runs it",
        "{e.packets[lost]}个包（{e.loss_percent:.2f}%）未到，而本机准时：分组网络丢包；请联系网络运营方",
    ),
    Row(
        "sound",
        Verdict.SOUND,
        lambda _: True,
        "nothing ails it: {e.packets[lost]} packets lost, {e.slips} slips in {e.seconds} s",
        "线路正常：{e.seconds}秒内丢包{e.packets[lost]}个，滑码{e.slips}次",
    ),
)

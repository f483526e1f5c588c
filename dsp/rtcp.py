# SPDX-License-Identifier: GPL-2.0-only
"""RTCP of two parties: compounds, when to send them, the round trip. Law and figures: dsp/include/rtcp.h."""

from typing import Any

import msgspec

from dsp._core import ffi, lib
from dsp.rtp import RtpSource
from dsp.state import check

UNAVAILABLE = 127
SECOND = 1 << 32
"""Of NTP time, in which all times here are."""


class ReportBlock(msgspec.Struct, frozen=True):
    """RFC 3550 §6.4.1."""

    ssrc: int
    fraction_lost: int
    lost: int
    highest: int
    jitter: int
    lsr: int
    dlsr: int


class VoipMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 3611 §4.7."""

    ssrc: int
    loss_rate: int = 0
    discard_rate: int = 0
    burst_density: int = 0
    gap_density: int = 0
    burst_ms: int = 0
    gap_ms: int = 0
    round_trip_ms: int = 0
    end_system_ms: int = 0
    signal_dbm0: int = UNAVAILABLE
    noise_dbm0: int = UNAVAILABLE
    rerl_db: int = UNAVAILABLE
    gmin: int = 16
    r_factor: int = UNAVAILABLE
    external_r_factor: int = UNAVAILABLE
    mos_lq: int = UNAVAILABLE
    mos_cq: int = UNAVAILABLE
    rx_config: int = 0
    jitter_nominal_ms: int = 0
    jitter_most_ms: int = 0
    jitter_limit_ms: int = 0


class SenderInfo(msgspec.Struct, frozen=True):
    """What an SR has and an RR has not."""

    ntp: int
    rtp_timestamp: int
    packets: int
    octets: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A compound."""

    ssrc: int
    sender: SenderInfo | None = None
    block: ReportBlock | None = None
    voip: VoipMetrics | None = None
    cname: bytes = b""
    bye: bool = False


def _read(kind: type[Any], c: Any) -> Any:
    return kind(**{name: int(getattr(c, name)) for name in kind.__struct_fields__})


def _fill(c: Any, value: Any) -> None:
    for name in value.__struct_fields__:
        setattr(c, name, getattr(value, name))


def _report(r: Any) -> Report:
    return Report(
        ssrc=r.ssrc,
        sender=_read(SenderInfo, r) if r.sender else None,
        block=_read(ReportBlock, r.block) if r.has_block else None,
        voip=_read(VoipMetrics, r.voip) if r.has_voip else None,
        cname=bytes(ffi.buffer(r.cname, r.cname_length)),
        bye=bool(r.bye),
    )


def parse(octets: bytes, about: int) -> Report | None:
    """Read a compound, of its blocks the one about this SSRC; None when it is none."""
    report = ffi.new("struct bl_rtcp_report *")
    return None if lib.bl_rtcp_parse(report, about, octets, len(octets)) else _report(report)


def serialise(report: Report) -> bytes:
    """Octets of a compound. Raises: ValueError when a value does not fit its field."""
    r, out = ffi.new("struct bl_rtcp_report *"), bytearray(lib.BL_RTCP_OCTETS_MAX)
    try:
        r.ssrc, r.bye, r.cname_length = report.ssrc, report.bye, len(report.cname)
        r.cname[0 : len(report.cname)] = [bytes([octet]) for octet in report.cname]
        for part, has, where in (
            (report.sender, "sender", r),
            (report.block, "has_block", r.block),
            (report.voip, "has_voip", r.voip),
        ):
            if part is not None:
                _fill(where, part)
                setattr(r, has, 1)
    except OverflowError as error:
        raise ValueError(f"rtcp: {error}") from error
    return bytes(out[: check(lib.bl_rtcp_write(ffi.from_buffer("uint8_t[]", out), len(out), r), "rtcp: too long")])


class Rtcp:
    """One party's side."""

    def __init__(self, ssrc: int, cname: str, now: int, bandwidth_bps: int = 80000, seed: int = 1) -> None:
        """Raises: ValueError when the CNAME is not of 1 to 63 octets or the bandwidth makes no sense."""
        self._state = ffi.new("struct bl_rtcp *")
        octets = cname.encode()
        cfg = ffi.new("struct bl_rtcp_cfg *", (ssrc, bandwidth_bps, seed, min(len(octets), 255), octets[:63]))
        check(lib.bl_rtcp_init(self._state, cfg, now), f"rtcp: CNAME {cname!r}, {bandwidth_bps} bit/s")

    def due(self, now: int) -> bool:
        """A report is due."""
        return bool(lib.bl_rtcp_due(self._state, now))

    @property
    def next(self) -> int:
        """When the next report is due."""
        return int(self._state.next)

    def take(self, octets: bytes, now: int) -> Report | None:
        """A datagram of the other party; None when it is not believed."""
        report = ffi.new("struct bl_rtcp_report *")
        return None if lib.bl_rtcp_take(self._state, octets, len(octets), now, report) else _report(report)

    def build(
        self,
        now: int,
        packets: int = 0,
        octets: int = 0,
        rtp_timestamp: int = 0,
        *,
        source: RtpSource | None = None,
        remote: int = 0,
        voip: VoipMetrics | None = None,
        bye: bool = False,
    ) -> bytes:
        """The report that is due."""
        out, metrics = bytearray(lib.BL_RTCP_OCTETS_MAX), ffi.NULL
        if voip is not None:
            metrics = ffi.new("struct bl_rtcp_voip *")
            _fill(metrics, voip)
        sending = ffi.new("struct bl_rtcp_sending *", (packets, octets, rtp_timestamp))
        received = (source.state if source else ffi.NULL, remote)
        to = (ffi.from_buffer("uint8_t[]", out), len(out))
        return bytes(out[: lib.bl_rtcp_build(self._state, now, sending, *received, metrics, bye, *to)])

    @property
    def round_trip_ms(self) -> float | None:
        """None while it is not known."""
        ms = float(lib.bl_rtcp_round_trip_ms(self._state))
        return None if ms < 0 else ms

    @property
    def bye_came(self) -> bool:
        """The other party has left."""
        return bool(self._state.bye_came)

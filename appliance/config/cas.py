# SPDX-License-Identifier: GPL-2.0-only
"""What a span says of its signalling by bits (CAS): a trunk's numbers, an analogue line's ways. Keys are the file's."""

from collections.abc import Iterator
from typing import Literal, get_args

import msgspec

from appliance.config.scalars import Number, suggestion
from drivers.model import DigitalLine
from drivers.spi.line_modes import IMPEDANCES

# fmt: off
R2Variant = Literal["ar", "br", "cn", "co", "cz", "ec", "id", "itu", "mx", "ph", "ve"]
StationVariant = Literal[
    "fxo_ground", "fxo_ground_e1", "fxo_loop", "fxo_loop_e1"
]
TrunkVariant = Literal[
    "em_immediate_e1", "em_immediate_t1", "em_wink_e1", "em_wink_t1",
    "fxs_ground", "fxs_ground_e1", "fxs_kewl", "fxs_kewl_e1", "fxs_loop", "fxs_loop_e1", "fxs_reversal_e1"
]
CasVariant = Literal[StationVariant, TrunkVariant]
ToneZone = Literal[
    "ar", "at", "au", "be", "bg", "br", "ch", "cl", "cn", "cz", "de", "dk", "ee", "es", "fi", "fr", "gb", "gr", "hu",
    "id", "il", "in", "it", "jp", "lt", "mx", "my", "nl", "no", "nz", "pa", "ph", "pl", "pt", "ru", "se", "sg", "th",
    "tr", "tw", "us", "ve", "za", "e180"
]
LineMode = Literal[
    "FCC", "TBR21", "ARGENTINA", "AUSTRALIA", "AUSTRIA", "BAHRAIN", "BELGIUM", "BRAZIL", "BULGARIA", "CANADA",
    "CHILE", "CHINA", "COLOMBIA", "CROATIA", "CYPRUS", "CZECH", "DENMARK", "ECUADOR", "EGYPT", "ELSALVADOR",
    "FINLAND", "FRANCE", "GERMANY", "GREECE", "GUAM", "HONGKONG", "HUNGARY", "ICELAND", "INDIA", "INDONESIA",
    "IRELAND", "ISRAEL", "ITALY", "JAPAN", "JORDAN", "KAZAKHSTAN", "KUWAIT", "LATVIA", "LEBANON", "LUXEMBOURG",
    "MACAO", "MALAYSIA", "MALTA", "MEXICO", "MOROCCO", "NETHERLANDS", "NEWZEALAND", "NIGERIA", "NORWAY", "OMAN",
    "PAKISTAN", "PERU", "PHILIPPINES", "POLAND", "PORTUGAL", "ROMANIA", "RUSSIA", "SAUDIARABIA", "SINGAPORE",
    "SLOVAKIA", "SLOVENIA", "SOUTHAFRICA", "SOUTHKOREA", "SPAIN", "SWEDEN", "SWITZERLAND", "SYRIA", "TAIWAN",
    "THAILAND", "UAE", "UK", "USA", "YEMEN"
]
# fmt: on
MULTIFRAME = {"e1": 16, "t1": 24}  # frames that have all bits of CAS


class Trunk(msgspec.Struct, frozen=True):
    """An E&M trunk, or a line of ours towards a station (FXS). `zone`: of the tones that its caller is given."""

    zone: ToneZone = "cn"
    digits: Literal["dtmf", "mf"] = "dtmf"
    ani: bool = False
    """The caller's number comes and goes before the called one, *ani*dnis* by DTMF."""
    gives_way: bool = True
    """When both ends seize at once our call gives way; the far end must be set otherwise."""
    number: Number | None = None
    """What is called by who seizes alone and dials nothing, as from a hotline."""


class AnalogueLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of an exchange (FXO), each timeslot one of a hunt group."""

    number: Number
    """Theirs: what callers have dialled, for the line does not tell."""
    mode: LineMode = "FCC"
    """What the chip of a card's line is set to; a channel bank's are set there."""
    impedance: str = "learn"
    """Likewise; learn: what returns least echo, the mode's until then; mode: the mode's; or a name such as 600,
    200+680||100n or global."""
    zone: ToneZone = "cn"
    """The exchange's tones."""
    caller_id: Literal["learn", "none", "bell202", "v23", "v23_jp", "dtmf"] = "learn"
    """learn: as the line's own calls show, bell202 until then; likewise `place`."""
    place: Literal["before_ring", "polarity", "after_ring"] = "after_ring"
    """Where caller ID is sent; polarity: before the ring, told by a reversal."""
    hang_up: tuple[Literal["learn", "polarity", "cpc", "tone", "silence"], ...] = ("learn",)
    """What says that the far end has hung up; learn, alone: as the line's own calls show, any of them until then."""
    answer: Literal["polarity", "ringback", "dialled"] = "ringback"
    """What says that the called party has answered."""
    dial_by: Literal["dtmf", "pulse"] = "dtmf"
    dial_tone: bool = True
    """It is waited for."""


class Bits(msgspec.Struct, frozen=True):
    """What a span says that matters here, by its keys."""

    line: DigitalLine
    signalling: str
    variant: str | None
    frames_per_packet: int
    dnis_digits: int
    trunk: Trunk | None
    analogue: AnalogueLine | None


def faults(span: Bits) -> Iterator[tuple[str, str]]:
    """Mistakes of meaning: key and sentence."""
    yield from _variant_faults(span)
    by_bits = span.signalling in ("r2", "cas")
    multiframe = MULTIFRAME[span.line]
    if by_bits and multiframe % span.frames_per_packet:
        *parts, last = [frames for frames in range(1, multiframe + 1) if multiframe % frames == 0]
        frames, kind = span.frames_per_packet, span.signalling.upper()
        told = f"{', '.join(map(str, parts))} or {last} with {kind}"
        yield "frames_per_packet", f"{frames} frames are no even part of a multiframe: {told}"
    yield from _line_faults(span)


def _variant_faults(span: Bits) -> Iterator[tuple[str, str]]:
    if span.signalling == "r2" and span.variant not in get_args(R2Variant):
        sentence = f"R2 is a country's: add the key variant, one of {', '.join(get_args(R2Variant))}"
        yield "signalling", sentence
    elif span.signalling == "cas" and span.variant not in get_args(CasVariant):
        yield "signalling", f"CAS is of many kinds: add the key variant, one of {', '.join(get_args(CasVariant))}"
    elif span.signalling == "cas" and _line_of(span.variant) != span.line:
        others = [name for name in get_args(CasVariant) if _line_of(name) == span.line]
        yield "variant", f"{span.variant} is of another line; of an {span.line} are: {', '.join(others)}"
    elif span.signalling == "pri" and span.variant is not None:
        kind = "cas" if span.variant in get_args(CasVariant) else "r2"
        yield "variant", f"ISDN has profiles, no variants; add signalling: {kind}, or leave the key out"


def _line_of(variant: str | None) -> DigitalLine:
    return "e1" if variant is not None and variant.endswith("_e1") else "t1"


def _line_faults(span: Bits) -> Iterator[tuple[str, str]]:
    station = span.signalling == "cas" and span.variant in get_args(StationVariant)
    if station and span.analogue is None:
        yield "variant", "an analogue line tells no called number: add analogue: {number: …}"
    if not station and span.analogue is not None:
        yield (
            "analogue",
            f"an analogue line is CAS with variant {', '.join(get_args(StationVariant))}; leave the key out",
        )
    if span.trunk is not None and (station or span.signalling != "cas"):
        yield "trunk", f"a trunk is CAS with variant {', '.join(get_args(TrunkVariant))}; leave the key out"
    if station and span.dnis_digits:
        yield "dnis_digits", "an analogue line tells no called number; leave the key out"
    if span.analogue is not None:
        yield from analogue_faults(span.analogue)
    if span.trunk is not None and span.trunk.number and span.dnis_digits:
        yield "dnis_digits", "who calls the trunk's number dials nothing; leave one of both keys out"
    if span.trunk is not None and span.trunk.ani and span.trunk.digits == "mf":
        yield "trunk", "*ani*dnis* is a form of DTMF, by MF a number comes alone; leave ani out"


def analogue_faults(line: AnalogueLine) -> Iterator[tuple[str, str]]:
    """Mistakes of meaning of a line, whatever it comes by."""
    if line.caller_id == "v23_jp" and line.place != "polarity":
        yield "analogue", "caller_id v23_jp is told by a reversal: add place: polarity"
    if "learn" in line.hang_up and len(line.hang_up) > 1:
        yield "analogue", "hang_up is learned or set: leave learn out, or the others"
    if line.impedance not in (*IMPEDANCES, "learn", "mode"):
        known = suggestion(line.impedance, (*IMPEDANCES, "learn", "mode"))
        yield "analogue", f"impedance {line.impedance!r} is not known; {known}"

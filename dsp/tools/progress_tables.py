# SPDX-License-Identifier: GPL-2.0-only
"""What the call progress receiver looks for in each zone, from the same tone_zones.toml that the generator plays.

A pitch is one to four lines, seen through one row of the front: its lines' turns against that row over eight hops,
made orthonormal, so that the share of energy they hold is a sum of squares. A cadence is told once as many of its
pieces have been heard as no other cadence of the zone has in a row.

Law: waiting tones are not listened for (they come with speech), nor a kind that sounds like one before it.
"""

import cmath
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from dsp.tools.ctable import float_literal, header
from dsp.tools.front_tables import HOPS_A_SECOND, ROWS_HZ
from dsp.tools.tone_zones import KINDS, SILENCE, Pitch, ToneStep, parsed, zones

HOPS = 8
LINES = 4
HEARD = ("dial", "ringback", "busy", "congestion", "information", "unobtainable")  # the first of equals is told
SHORT_MS = 60  # a pause below is none
PIECES = 16  # BL_PROGRESS_PIECES
NEAR_HZ = 60
HOLD_MS = 1500
QUICK_MS = 1500
SETS, STEPS = 10, 12
PAUSE = 255
SPREAD_FROM_HZ, SPREAD_HZ = 800, 33


class Piece(NamedTuple):
    """Part of a cadence."""

    pitch: Pitch
    ms: int


class Cadence(NamedTuple):
    """A tone as it is listened for: after `needed` pieces, or after `hold_ms` of its one endless piece."""

    kind: str
    pieces: tuple[Piece, ...]
    needed: int
    hold_ms: int


class Lines(NamedTuple):
    """A pitch as it is listened for: the frequencies that span it; modulated: its level may swing."""

    hz: tuple[float, ...]
    modulated: bool


def lines(pitch: Pitch, others: Iterable[Pitch] = ()) -> Lines:
    """What a pitch is listened for by; `others` are those of its zone.

    The tones of special information may be 50 Hz off (E.180 clause 7): four lines span most of it, fewer hertz where
    another tone of the zone is near.
    """
    if pitch.am_hz:
        return Lines((pitch.low_hz - pitch.am_hz, pitch.low_hz, pitch.low_hz + pitch.am_hz), modulated=True)
    if pitch.high_hz or pitch.low_hz < SPREAD_FROM_HZ:
        return Lines(tuple(hz for hz in pitch[:2] if hz), modulated=False)
    near = min((abs(other.low_hz - pitch.low_hz) for other in others if other != pitch), default=1000)
    spread = min(SPREAD_HZ, 0.35 * near)
    return Lines(tuple(pitch.low_hz + spread * part for part in (-1, -1 / 3, 1 / 3, 1)), modulated=False)


def row_of(of: Lines) -> int:
    """The row nearest to the middle of the lines."""
    middle = sum(of.hz) / len(of.hz)
    return min(range(len(ROWS_HZ)), key=lambda row: (abs(ROWS_HZ[row] - middle), row))


def _turn(off_hz: float) -> list[complex]:
    return [cmath.exp(-2j * math.pi * off_hz * ago / HOPS_A_SECOND) for ago in range(HOPS)]


def _inner(a: Sequence[complex], b: Sequence[complex]) -> complex:
    return sum(x.conjugate() * y for x, y in zip(a, b, strict=True))


def basis(of: Lines) -> list[list[complex]]:
    """Orthonormal turns of the lines against their row, the last hop first (Gram and Schmidt)."""
    made: list[list[complex]] = []
    for hz in of.hz:
        vector = _turn(hz - ROWS_HZ[row_of(of)])
        for other in made:
            along = _inner(other, vector)
            vector = [x - along * y for x, y in zip(vector, other, strict=True)]
        size = math.sqrt(abs(_inner(vector, vector)))
        made.append([x / size for x in vector])
    return made


def regain(of: Lines) -> float:
    """What a hop takes of the lines' power since they lie off their row, undone: mean of 1 / sinc^2."""

    def lost(hz: float) -> float:
        angle = math.pi * (hz - ROWS_HZ[row_of(of)]) / HOPS_A_SECOND
        return (math.sin(angle) / angle) ** 2 if angle else 1.0

    return sum(1 / lost(hz) for hz in of.hz) / len(of.hz)


def pieces(tone: str) -> tuple[Piece, ...]:
    """A tone without its short pauses, whose time goes to the sound before."""
    steps: list[ToneStep] = parsed(tone)[0]
    result: list[Piece] = []
    for pitch, ms in steps:
        if pitch == SILENCE and ms < SHORT_MS and result:
            result[-1] = Piece(result[-1].pitch, result[-1].ms + ms)
        else:
            result.append(Piece(pitch, ms))
    return tuple(result)


def tolerance_ms(ms: int) -> float:
    """By how much a piece may be longer or shorter: 12 % and 15 ms, as the receiver does."""
    return 0.12 * ms + 15


def _like(a: Piece, b: Piece) -> bool:
    return a.pitch == b.pitch and abs(a.ms - b.ms) <= tolerance_ms(a.ms)


def _around(cadence: Sequence[Piece], first: int, count: int) -> list[Piece]:
    return [cadence[(first + at) % len(cadence)] for at in range(count)]


def _confused(own: Sequence[Piece], other: Sequence[Piece], count: int) -> bool:
    """Whether `count` pieces of the other could be taken for as many of our own."""
    starts = itertools.product(range(len(own)), range(len(other)))
    return any(
        all(_like(a, b) for a, b in zip(_around(own, i, count), _around(other, j, count), strict=True))
        for i, j in starts
    )


def needed(own: Sequence[Piece], others: Sequence[Sequence[Piece]]) -> int:
    """Pieces to hear before the tone is told; at most three cadences."""
    sounds = [piece.pitch for piece in own if piece.pitch != SILENCE]
    if len(set(sounds)) > 1:
        count = len(own) - 1
    elif len(own) == 2:
        count = 4 if sum(piece.ms for piece in own) < QUICK_MS else 3
    else:
        count = len(own) + 1
    while any(_confused(own, other, count) for other in others):
        count += 1
        if count > min(3 * len(own), PIECES):
            raise ValueError(f"{own}: not told from another in three cadences")
    return count


def cadences(zone: dict[str, str]) -> list[Cadence]:
    """All that is listened for in a zone."""
    known: dict[str, tuple[Piece, ...]] = {}
    for kind in HEARD:
        own = pieces(zone[kind])
        if not any(len(own) == len(other) and all(map(_like, own, other)) for other in known.values()):
            known[kind] = own
    result = []
    for kind, own in known.items():
        others = [other for name, other in known.items() if name != kind and other[0].ms]
        if own[0].ms:
            result.append(Cadence(kind, own, needed(own, others), 0))
            continue
        longest = max((p.ms for other in others for p in other if p.pitch == own[0].pitch), default=0)
        result.append(Cadence(kind, own, 1, max(HOLD_MS, round(1.25 * longest))))
    return result


def _hops(ms: int) -> int:
    return round(ms * HOPS_A_SECOND / 1000)


def _rows_of(values: Iterable[Sequence[float]]) -> str:
    made = ("{" + ", ".join(float_literal(round(value, 9) + 0.0) for value in row) + "}" for row in values)
    return "{" + ", ".join(made) + "}"


def _set(of: Lines) -> str:
    made = basis(of)
    made += [[0j] * HOPS] * (LINES - len(made))
    re, im = _rows_of([[x.real for x in row] for row in made]), _rows_of([[x.imag for x in row] for row in made])
    return (
        f"\t{{{row_of(of)}, {len(of.hz)}, {int(of.modulated)}, {int(beats(of))}, {rows(of):#010x}u, "
        f"{float_literal(regain(of))},\n"
        f"\t {re},\n\t {im}}}, /* {', '.join(f'{hz:g}' for hz in of.hz)} Hz */"
    )


def _cadence(cadence: Cadence, number: Mapping[Pitch, int]) -> str:
    steps = ", ".join(f"{{{number[piece.pitch]}, {_hops(piece.ms)}}}" for piece in cadence.pieces)
    kind = KINDS.index(cadence.kind)
    head = f"{kind}, {len(cadence.pieces)}, {cadence.needed}, {_hops(cadence.hold_ms)}"
    return f"\t\t{{{head}, {{{steps}}}}}, /* {cadence.kind} */"


def _pitches(listened: Iterable[Cadence]) -> dict[Pitch, Lines]:
    """Those of a zone, and what each is listened for by."""
    own = {piece.pitch for cadence in listened for piece in cadence.pieces} - {SILENCE}
    return {pitch: lines(pitch, own) for pitch in own}


def beats(of: Lines) -> bool:
    """Whether the lines are so far apart that they beat within a hop, each row about them being strong by turns."""
    return of.hz[0] < SPREAD_FROM_HZ and len(of.hz) > 1


def rows(of: Lines) -> int:
    """Rows that are strong while the lines sound, bit by bit."""
    near = [row for row, hz in enumerate(ROWS_HZ) if any(abs(hz - line) <= NEAR_HZ for line in of.hz)]
    return sum(1 << row for row in {row_of(of), *(near if beats(of) else ())})


def _rows(pitches: Iterable[Lines], *, beating: bool) -> int:
    result = 0
    for of in pitches:
        result |= rows(of) if beats(of) == beating else 0
    return result


def _zone(name: str, listened: Sequence[Cadence], sets: Sequence[Lines]) -> str:
    pitches = _pitches(listened)
    number = {pitch: sets.index(of) for pitch, of in pitches.items()} | {SILENCE: PAUSE}
    own = sorted(set(number.values()) - {PAUSE})
    if len(own) > SETS:
        raise ValueError(f"tone_zones.toml: [{name}] more than {SETS} pitches")
    strong = [f"{_rows(pitches.values(), beating=beating):#010x}u" for beating in (False, True)]
    pause = max((p.ms for c in listened for p in c.pieces if p.pitch == SILENCE), default=0)
    return (
        f"\t{{{{{', '.join(strong)}}}, {_hops(pause)}, {len(own)}, {len(listened)}, "
        f"{{{', '.join(map(str, own))}}}, {{ /* {name} */\n"
        + "\n".join(_cadence(c, number) for c in listened)
        + "\n\t}},"
    )


def render() -> str:
    """Text of dsp/tables/progress_tables.h."""
    listened = {name: cadences({kind: str(zone[kind]) for kind in KINDS}) for name, zone in zones().items()}
    sets = sorted({of for each in listened.values() for of in _pitches(each).values()})
    body = [
        f"static const struct progress_set progress_sets[{len(sets)}] = {{",
        *map(_set, sets),
        f"}};\n\nstatic const struct progress_zone progress_zones[{len(listened)}] = {{",
        *(_zone(name, each, sets) for name, each in listened.items()),
        "};\n",
    ]
    says = "Call progress tones of tone_zones.toml as the receiver sees them. Include progress_match.h before it."
    return header("progress_tables", "progress_tables", says, body)

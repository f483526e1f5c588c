# SPDX-License-Identifier: GPL-2.0-only
"""Low-pass filters of the sampling rate converters, equiripple, in the order their loops read them.

Law: a prototype of rates * taps coefficients at the higher rate; an interpolator's output phase p takes every
rates-th from p on, times the rate; a decimator's input phase i every rates-th from rates - 1 - i on.
"""

from dataclasses import dataclass

from scipy.signal import remez

from dsp.tools.ctable import array, float_literal, header


@dataclass(frozen=True, slots=True)
class Filter:
    """Between a rate and `rates` times it; edges in Hz."""

    name: str
    rates: int
    taps: int
    high_hz: int
    pass_hz: int
    stop_hz: int

    def prototype(self) -> list[float]:
        """Coefficients at the higher rate, their sum 1."""
        edges = [0, self.pass_hz, self.stop_hz, self.high_hz / 2]
        made = remez(
            self.rates * self.taps, edges, [1, 0], weight=[1, 200], fs=self.high_hz, maxiter=500, grid_density=32
        )
        return [round(float(value / made.sum()), 10) for value in made]


FILTERS = (
    Filter("2", 2, 60, 16000, 3400, 4000),
    Filter("3", 3, 60, 48000, 6800, 8000),
    Filter("3_short", 3, 10, 48000, 4000, 12000),
)


def up(made: Filter) -> list[float]:
    """Tap by tap, all output phases of a tap together."""
    return [made.rates * value for value in made.prototype()]


def down(made: Filter) -> list[float]:
    """Input phase by input phase."""
    values = made.prototype()
    return [values[made.rates * tap + made.rates - 1 - i] for i in range(made.rates) for tap in range(made.taps)]


def render() -> str:
    """Text of dsp/tables/resample_tables.h."""
    tables = []
    for made in FILTERS:
        for way, values in (("up", up(made)), ("down", down(made))):
            tables.append(
                array("float", f"bl_resample_{way}_{made.name}", [float_literal(value) for value in values], 6)
            )
    return header(
        "resample_tables",
        "resample_tables",
        "Equiripple low-pass filters between a rate and 2 or 3 times it: an interpolator's with all output phases of\n"
        "a tap together, a decimator's input phase by input phase.",
        tables,
    )

# SPDX-License-Identifier: GPL-2.0-only
"""The canceller's tone disabler by its limits: what switches it off, what holds it off, what lets it go.

G.168 clause 7 with the figures of G.164 and G.165, from memory of them as in test_echo_g168.py: 2100 Hz ± 21 Hz of
−31 dBm0 or more, reversed every 450 ± 25 ms, within a second; held while either direction sounds, released when both
have been quiet for 250 ± 150 ms. The times of the product itself are narrower, and are held too.
"""

import numpy as np
import pytest

from dsp.echo import BLOCK, EchoCanceller, EchoMode
from tests.dsp.echo_rig import RATE, coded, noise, path
from tests.dsp.test_echo import join
from tests.dsp.tone_sound import Sound, answer, silence, sine
from tests.dsp.tone_sound import noise as room

pytestmark = [pytest.mark.unit, pytest.mark.timeout(30)]

IN_FAR, IN_NEAR = "far", "near"
BETWEEN_TICKS = 13
"""Samples: an answer tone does not begin with a tick."""


class Watched:
    """A canceller whose disabler is looked at in every tick."""

    def __init__(self) -> None:
        self.canceller = EchoCanceller(mode=EchoMode.NLP_OFF)
        self.ms = 0.0
        self.changes: list[tuple[float, bool]] = []

    def hear(self, sound: Sound, where: str = IN_NEAR, other: Sound | None = None) -> None:
        """Sound in one direction, and other sound or silence in the other."""
        sounded = coded(sound)
        against = coded(np.zeros(len(sound)) if other is None else other)
        far, near = (sounded, against) if where == IN_FAR else (against, sounded)
        for at in range(0, len(sound) // BLOCK * BLOCK, BLOCK):
            before = self.disabled
            self.canceller.process(far[at : at + BLOCK].tobytes(), near[at : at + BLOCK].tobytes())
            self.ms += 5
            if self.disabled is not before:
                self.changes.append((self.ms, self.disabled))

    @property
    def disabled(self) -> bool:
        return self.canceller.read().disabled


def disabled_after_ms(sound: Sound, where: str = IN_NEAR) -> float | None:
    """When it was switched off; None: never."""
    watched = Watched()
    watched.hear(join(np.zeros(BETWEEN_TICKS), sound), where)
    return watched.changes[0][0] if watched.changes else None


@pytest.fixture
def disabled() -> Watched:
    """By an answer tone that ends now."""
    watched = Watched()
    watched.hear(answer(1000, every_ms=450))
    assert watched.disabled
    watched.ms, watched.changes = 0, []
    return watched


@pytest.mark.parametrize("where", [IN_FAR, IN_NEAR])
@pytest.mark.parametrize("every_ms", [425, 450, 475])
@pytest.mark.parametrize("off_hz", [-21, 0, 21])
def test_g168_7_reversals_at_every_limit_disable_within_a_second(off_hz: float, every_ms: float, where: str) -> None:
    for level_dbm0 in (-31, -3):
        sound = answer(1500, hz=2100 + off_hz, level_dbm0=level_dbm0, every_ms=every_ms)
        told_ms = disabled_after_ms(sound, where)
        assert told_ms is not None
        assert 2 * every_ms < told_ms < 1000


@pytest.mark.parametrize("every_ms", [300, 380, 520, 600])
def test_g168_7_reversals_at_other_times_do_not(every_ms: float) -> None:
    assert disabled_after_ms(answer(3000, every_ms=every_ms)) is None


@pytest.mark.parametrize("off_hz", [-60, -40, 40, 60])
def test_g168_7_reversals_of_another_tone_do_not(off_hz: float) -> None:
    assert disabled_after_ms(answer(3000, hz=2100 + off_hz, every_ms=450)) is None


@pytest.mark.parametrize("where", [IN_FAR, IN_NEAR])
def test_g164_tone_below_the_level_does_not(where: str) -> None:
    assert disabled_after_ms(answer(3000, level_dbm0=-33, every_ms=450), where) is None


@pytest.mark.parametrize(("degrees", "disables"), [(155, True), (205, True), (110, False), (250, False)])
def test_g168_7_turn_that_is_a_reversal_and_one_that_is_not(degrees: float, *, disables: bool) -> None:
    assert (disabled_after_ms(answer(3000, every_ms=450, turn_degrees=degrees)) is not None) is disables


def test_g168_7_one_reversal_alone_and_none_do_not() -> None:
    assert disabled_after_ms(join(answer(450), -answer(2500))) is None
    assert disabled_after_ms(answer(3000)) is None


def test_reversals_that_the_two_directions_have_between_them_do_not() -> None:
    watched = Watched()
    for where in (IN_NEAR, IN_FAR) * 2:
        watched.hear(join(answer(450), -answer(450)), where)
    assert not watched.changes


@pytest.mark.parametrize(("snr_db", "disables"), [(15, True), (11, True), (0, False)])
def test_g165_noise_beside_the_tone(snr_db: float, *, disables: bool) -> None:
    """A guard band: energy elsewhere as great as the tone's is no answer tone."""
    for seed in range(3):
        sound = answer(3000, level_dbm0=-15, every_ms=450) + room(-15 - snr_db, 3000, seed)
        assert (disabled_after_ms(sound) is not None) is disables


@pytest.mark.parametrize("level_dbm0", [-31, -12])
@pytest.mark.parametrize("depth", [0.15, 0.2, 0.25])
def test_v8_modulation_hides_no_reversal(depth: float, level_dbm0: float) -> None:
    """ANSam with reversals; its level is that of the tone without modulation."""
    told_ms = disabled_after_ms(answer(3000, level_dbm0=level_dbm0, every_ms=450, depth=depth))
    assert told_ms is not None
    assert told_ms < 1000


def test_g168_7_released_when_both_directions_have_been_quiet_for_250_ms(disabled: Watched) -> None:
    disabled.hear(silence(1000))
    ((ms, on),) = disabled.changes
    assert not on
    assert ms == pytest.approx(250, abs=10)


@pytest.mark.parametrize("gap_ms", [75, 95])
def test_g168_7_gap_of_a_modem_does_not_release_it(disabled: Watched, gap_ms: float) -> None:
    """250 − 150 ms: V.25's and V.8's own silences of 75 ms lie below that."""
    for _ in range(5):
        disabled.hear(silence(gap_ms))
        disabled.hear(room(-20, 200), IN_FAR)
    assert not disabled.changes


@pytest.mark.parametrize("where", [IN_FAR, IN_NEAR])
@pytest.mark.parametrize("hz", [390, 700, 1000, 2000, 3000])
def test_g164_held_by_a_sine_of_either_direction(disabled: Watched, hz: float, where: str) -> None:
    disabled.hear(sine(hz, -31, 2000), where)
    assert not disabled.changes


@pytest.mark.parametrize("where", [IN_FAR, IN_NEAR])
def test_g164_not_held_by_what_is_below_36_dbm0(disabled: Watched, where: str) -> None:
    disabled.hear(sine(1000, -38, 1000), where, other=room(-40, 1000))
    assert [on for _, on in disabled.changes] == [False]


def test_while_held_nothing_is_changed_and_afterwards_the_line_is_learned_anew(disabled: Watched) -> None:
    """The path is another one than before: it was a call that was transferred."""
    canceller, far = disabled.canceller, coded(noise(4, -16))
    hybrid = path("d4", 12)

    def heard() -> tuple[Sound, Sound]:
        echo = coded(np.convolve(far, hybrid)[: len(far)])
        out = np.array(canceller.process(far.tobytes(), echo.tobytes()), dtype=float)
        return echo.astype(float), out

    echo, out = heard()
    assert np.array_equal(echo, out), "bit for bit"
    disabled.hear(silence(300))
    assert not disabled.disabled
    echo, out = heard()
    settled = slice(2 * RATE, None)
    assert 10 * np.log10(np.mean(echo[settled] ** 2) / np.mean(out[settled] ** 2)) > 27

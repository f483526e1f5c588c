# SPDX-License-Identifier: GPL-2.0-only
"""ITU-T G.107, G.113 appendix I, RFC 3611 §4.7.2."""

import numpy as np
import pytest

from dsp.emodel import Losses, leg_quality, mos, rate

pytestmark = pytest.mark.unit


def test_g107_7_7_all_defaults() -> None:
    rating = rate()
    assert rating.r == pytest.approx(93.2, abs=0.05)
    assert (rating.ro, rating.simultaneous, rating.delay) == pytest.approx((94.77, 1.41, 0.15), abs=0.01)


@pytest.mark.parametrize(("r", "expected"), [(93.2, 4.41), (90, 4.34), (80, 4.03), (70, 3.60), (60, 3.10), (50, 2.58)])
def test_g107_table_b_1(r: float, expected: float) -> None:
    assert mos(r) == pytest.approx(expected, abs=0.01)


def test_g107_annex_b_ends_of_the_scale() -> None:
    assert [mos(r) for r in (-10, 0, 3, 100, 120)] == [1, 1, 1, 4.5, 4.5]


@pytest.mark.parametrize(
    ("percent", "published"), [(0, 11), (0.5, 13), (1, 15), (1.5, 17), (2, 19), (3, 23), (4, 26), (8, 36), (16, 49)]
)
def test_g113_table_i_3_g729a_under_random_loss(percent: float, published: float) -> None:
    """Published whole numbers, to which the formula of 7.5 was fitted."""
    assert leg_quality("G.729A", loss_percent=percent).ie_eff == pytest.approx(published, abs=0.6)
    assert rate(ie=11, bpl=19, ppl=percent).r == pytest.approx(93.2 - published, abs=0.6)


def test_g107_7_4_absolute_delay_costs_nothing_up_to_100_ms() -> None:
    assert rate(ta=100).r == rate().r
    costs = [rate().r - rate(ta=ms).r for ms in (150, 200, 300, 400)]
    assert costs == sorted(costs)
    assert costs[1] == pytest.approx(25 * (2 ** (1 / 6) - 3 * (1 + 3**-6) ** (1 / 6) + 2), abs=1e-9)


def test_g107_7_4_echo_costs_more_the_longer_it_takes_and_the_louder_it_is() -> None:
    late = [rate(t=ms, telr=45).r for ms in (0, 10, 50, 100, 200)]
    loud = [rate(t=50, telr=db).r for db in (65, 55, 45, 35)]
    assert late == sorted(late, reverse=True)
    assert loud == sorted(loud, reverse=True)
    assert rate(t=0).r == rate().r


IMPAIRED = {"qdu": 4, "slr": -5, "nc": -45, "ps": 60, "pr": 60, "stmr": 40, "wepl": 5, "ppl": 1}


@pytest.mark.parametrize("name", IMPAIRED)
def test_g107_7_3_each_impairment_works_on_its_side(name: str) -> None:
    assert rate(**{name: IMPAIRED[name]}).r < rate().r - 1


def test_g107_7_6_advantage_is_added() -> None:
    assert rate(a=10).r == pytest.approx(rate().r + 10)


def test_g107_7_5_losses_in_bursts_are_worse() -> None:
    assert leg_quality("G.711 PLC", loss_percent=3, burst_r=4).r < leg_quality("G.711 PLC", loss_percent=3).r


def test_g107_1_wideband_with_all_defaults_and_g722() -> None:
    wide = leg_quality("G.722", wideband=True)
    assert wide.r == pytest.approx(129 - 13)
    assert wide.mos_cq == pytest.approx(mos(116 / 1.29))
    assert leg_quality("G.722", wideband=True, delay_ms=300).r < wide.r
    assert leg_quality("G.722", wideband=True, delay_ms=300).r_lq == wide.r_lq


def test_listening_quality_knows_no_delay() -> None:
    near, far = leg_quality("G.711", delay_ms=20), leg_quality("G.711", delay_ms=400)
    assert near.mos_lq == far.mos_lq
    assert far.mos_cq < near.mos_cq - 0.5


@pytest.mark.parametrize(
    "figures",
    [{"loss_percent": 101}, {"burst_r": 0.5}, {"delay_ms": -1}, {"delay_ms": float("nan")}, {"wideband": True}],
)
def test_figures_that_are_none_are_refused(figures: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="emodel"):
        leg_quality("G.711", **figures)  # type: ignore[arg-type]


def lost(pattern: str) -> Losses:
    """x: missing, d: discarded, anything else came. The first that comes is the first of all."""
    losses = Losses()
    losses.take(0xFFF0)
    for sequence, packet in enumerate(pattern, 0xFFF1):
        if packet != "x":
            losses.take(sequence, discarded=packet == "d")
    return losses


def test_rfc3611_4_7_2_what_stands_alone_belongs_to_the_gap_and_what_is_near_makes_a_burst() -> None:
    figures = lost("." * 40 + "x" + "." * 40 + "xx.d" + "." * 6 + "x" + "." * 40).figures
    assert (figures.loss_percent, figures.discard_percent) == pytest.approx((400 / 133, 100 / 133), rel=0.001)
    assert figures.burst_packets == 11
    assert figures.burst_percent == pytest.approx(400 / 11)
    assert figures.gap_percent == pytest.approx(100 / (figures.gap_packets * 2))


def test_rfc3611_4_7_2_sixteen_packets_part_two_losses() -> None:
    assert lost("x" + "." * 15 + "x" + "." * 20).figures.burst_packets == 17
    assert lost("x" + "." * 16 + "x" + "." * 20).figures.burst_packets == 0


def test_g107_7_5_burst_ratio_of_random_and_of_clustered_loss() -> None:
    chance = np.random.default_rng(107)
    random = lost("".join("x" if drawn < 0.05 else "." for drawn in chance.random(100_000))).figures
    assert random.burst_r == pytest.approx(1, abs=0.03)
    assert random.loss_percent == pytest.approx(5, abs=0.3)
    runs = lost(("xxx" + "." * 57) * 500).figures
    assert runs.burst_r == pytest.approx(3 * 0.95, rel=0.01)


def test_rfc3611_4_7_1_what_comes_out_of_order_and_is_heard_is_no_loss() -> None:
    losses = Losses()
    for sequence in (0, 2, 1, 3, 6, 5, 4, 7):
        losses.take(sequence)
    assert losses.figures.loss_percent == 0
    losses.take(9)
    assert losses.figures.loss_percent == 10
    losses.take(8, discarded=True)
    assert (losses.figures.loss_percent, losses.figures.discard_percent) == (0, 10)


def test_what_comes_when_it_has_been_counted_as_lost_changes_nothing() -> None:
    losses = Losses()
    for sequence in (0, *range(2, 100)):
        losses.take(sequence)
    losses.take(1)
    assert losses.figures.loss_percent == 1


def test_another_life_of_a_sender_is_no_loss() -> None:
    losses = Losses()
    for sequence in (*range(100), *range(20_000, 20_050), *range(20_051, 20_100)):
        losses.take(sequence)
    assert losses.figures.loss_percent == 0.5

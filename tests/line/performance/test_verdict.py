# SPDX-License-Identifier: GPL-2.0-only
"""The verdict, judged on lines drawn from parameters that it was not made on, and on lines of the real engine."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

import msgspec
import pytest

from appliance.line.performance.look import Host, Look
from appliance.line.performance.verdict import LEAST_S, TABLE, judge
from appliance.wire.performance import Verdict
from drivers.cesopsn import CesopsnSettings
from drivers.vpair import VpairDriver, VpairSettings
from tests.line.performance.faulty_lines import MECHANISMS, Drawn, draw, lines
from tests.media.rig import Side, engine_thread, until
from tests.media.virtual import TICKS_A_SECOND, virtual_engine
from tests.ports import HOST, free_port

RIGHT = 0.95


def found(line: Drawn) -> tuple[str, str]:
    finding = judge(line.looks)
    assert finding is not None
    return finding.verdict, finding.code


def wrongs(count: int, seed: int) -> tuple[float, Counter[tuple[str, str]]]:
    """Share of right verdicts on held-out lines, and the wrong ones by mechanism and row."""
    wrong: Counter[tuple[str, str]] = Counter()
    for line in lines(seed, count, held_out=True):
        verdict, code = found(line)
        if verdict != line.cause:
            wrong[line.mechanism, code] += 1
    return 1 - wrong.total() / count, wrong


@pytest.mark.unit
def test_95_of_100_verdicts_on_held_out_lines_are_right() -> None:
    right, wrong = wrongs(10 * len(MECHANISMS), seed=2026)
    assert right >= RIGHT, wrong


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_95_of_100_verdicts_on_thousands_of_held_out_lines_are_right() -> None:
    right, wrong = wrongs(500 * len(MECHANISMS), seed=1)
    print(f"{100 * right:.2f} % right; {wrong}")
    assert right >= RIGHT, wrong
    assert all(count <= 100 for count in wrong.values()), f"a mechanism that is not known: {wrong}"


@pytest.mark.unit
def test_every_row_is_what_some_line_has_and_is_told_with_its_figures_in_two_languages() -> None:
    rng = random.Random(5)  # noqa: S311 - lines are drawn again by their number
    codes = set()
    for mechanism in MECHANISMS:
        for held_out in (False, True) * 3:
            finding = judge(draw(rng, mechanism, held_out=held_out).looks)
            assert finding is not None
            codes.add(finding.code)
            for sentence in (finding.sentence, finding.chinese):
                assert any(letter.isdigit() for letter in sentence), "no counter says so"
                assert "{" not in sentence
            assert not finding.chinese.isascii()
    assert codes == {row.code for row in TABLE}


@pytest.mark.unit
def test_the_sentence_gives_the_counters_of_this_line() -> None:
    (loss,) = (mechanism for mechanism in MECHANISMS if mechanism.name == "packet loss")
    line = draw(random.Random(3), loss, held_out=False)  # noqa: S311 - likewise
    lost = line.looks[-1].span.counters.lost - line.looks[0].span.counters.lost
    finding = judge(line.looks)
    assert finding is not None
    assert f"{lost} packets" in finding.sentence
    assert f"{lost}个包" in finding.chinese


@pytest.mark.unit
def test_too_short_a_window_has_no_verdict() -> None:
    line = draw(random.Random(3), MECHANISMS[0], held_out=False)  # noqa: S311 - likewise
    assert judge(line.looks[:LEAST_S]) is None
    assert judge(line.looks[: LEAST_S + 1]) is not None


# Of the real engine, whose cable is in memory and whose minutes are seconds.


def cable(driver: VpairDriver, *, far_ppm: float, fault: str = "none", our_ppm: float = 0.0) -> None:
    near = VpairSettings(partner=1, far_ppm=far_ppm, trim_ppm=our_ppm)
    driver.configure(0, near, 16)
    far = msgspec.structs.replace(near, partner=0, clock_priority=8, fault=fault)
    driver.configure(1, far, 16)


def looks(side: Side, ticker: Iterator[None], seconds: int) -> list[Look]:
    """A second each; the D-channel is nobody's here."""
    seen = []
    for _ in range(seconds):
        next(ticker)
        status = side.engine.status()
        host = Host(status.late_ticks, status.skipped_ticks, status.reference_late_ticks)
        seen.append(Look(side.engine.span_status(0), host))
    return seen


@pytest.mark.system
@pytest.mark.parametrize(
    ("fault", "far_ppm", "verdict", "code"),
    [
        ("none", 30.0, Verdict.SOUND, "sound"),
        ("ais", 30.0, Verdict.TELCO, "ais"),
        ("clock_stopped", 30.0, Verdict.CABLE, "signal"),
        ("none", 120.0, Verdict.CLOCK, "tolerance"),
    ],
)
def test_the_engine_s_own_counters_give_the_verdict(fault: str, far_ppm: float, verdict: Verdict, code: str) -> None:
    with virtual_engine() as host:
        side = Side(host)

        def seconds() -> Iterator[None]:
            while True:
                host.tick(TICKS_A_SECOND)
                yield

        cable(VpairDriver(side.engine), far_ppm=far_ppm)
        ticker = seconds()
        looks(side, ticker, 40)
        if fault != "none":
            cable(VpairDriver(side.engine), far_ppm=far_ppm, fault=fault)
        finding = judge(looks(side, ticker, LEAST_S + 1))
    assert finding is not None
    assert (finding.verdict, finding.code) == (verdict, code), finding.sentence


@pytest.mark.system
def test_two_spans_of_one_domain_whose_clocks_differ_are_a_matter_of_the_clock() -> None:
    with virtual_engine() as host:
        side = Side(host)
        driver = VpairDriver(side.engine)
        cable(driver, far_ppm=0.0)
        stray = VpairSettings(partner=3, far_ppm=20.0, clock_priority=8)
        driver.configure(2, stray, 16)
        driver.configure(3, msgspec.structs.replace(stray, partner=2), 16)
        host.tick(10 * TICKS_A_SECOND)
        seen = []
        for _ in range(LEAST_S + 1):
            host.tick(TICKS_A_SECOND)
            seen.append(Look(side.engine.span_status(2)))
    finding = judge(seen)
    assert finding is not None
    assert (finding.verdict, finding.code) == (Verdict.CLOCK, "slips"), finding.sentence


@pytest.mark.system
def test_rfc5086_packets_of_another_size_or_from_another_address_are_a_matter_of_configuration() -> None:
    with engine_thread() as here, engine_thread() as there:
        near, far = Side(here), Side(there)
        doors = [((HOST, free_port()), (HOST, free_port())) for _ in range(2)]
        for span, (local, remote) in enumerate(doors):
            frames, named = ((8, remote), (2, (HOST, free_port())))[span]
            near.engine.open_span(span, CesopsnSettings(local, named, frames_per_packet=frames), 16)
            far.engine.open_span(span, CesopsnSettings(remote, local, frames_per_packet=2, clock="local"), 16)
        seen: dict[int, list[Look]] = {0: [], 1: []}
        for turn in range(LEAST_S + 1):  # a fiftieth of a second each: as many packets as others send in one
            until(lambda turn=turn: near.engine.samples >= turn * 160)  # type: ignore[misc]
            for span, looks in seen.items():
                looks.append(Look(near.engine.span_status(span), d_channel_up=False))
    findings = [judge(looks) for looks in seen.values()]
    assert [finding and (finding.verdict, finding.code) for finding in findings] == [
        (Verdict.CONFIGURATION, "packet-size"),
        (Verdict.CONFIGURATION, "far-address"),
    ]

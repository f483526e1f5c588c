# SPDX-License-Identifier: GPL-2.0-only
"""The echo canceller: what it takes out, what it must not spoil, what cannot break it. Clauses: test_echo_g168.py."""

from collections.abc import Iterator, Sequence

import numpy as np
import pytest
from dsp._core import ffi, lib

from dsp.echo import BLOCK, EchoCanceller, EchoMode, process_many
from dsp.isa import Isa, at_most
from tests.dsp.echo_rig import HYBRIDS, RATE, Line, Run, Signal, cancel, coded, hoth, noise, path, silence, talk, tone
from tests.sound.alaw import level_dbm0

pytestmark = [pytest.mark.unit, pytest.mark.timeout(60)]

FIVE = HYBRIDS[:5]


@pytest.fixture(params=Isa, ids=str)
def form(request: pytest.FixtureRequest) -> Iterator[None]:
    """The test runs with the portable and with the vector form."""
    with at_most(request.param) as runs:
        assert runs == request.param, "this machine has no vector form"
        yield


def five(far: Signal, near: Signal | None = None, erl_db: float = 10.0) -> list[Run]:
    """The hybrids D.2 to D.6, NLP off, 512 taps."""
    return cancel([Line(far, [(0, path(hybrid, erl_db))], near) for hybrid in FIVE])


def mean_erle(runs: Sequence[Run], begin_s: float, end_s: float) -> float:
    return float(np.mean([run.erle_db(begin_s, end_s) for run in runs]))


def join(*parts: Signal) -> Signal:
    return np.concatenate(parts)


@pytest.mark.usefixtures("form")
def test_white_noise_33_db_in_the_second_second() -> None:
    assert mean_erle(five(noise(2, -16)), 1, 2) >= 33


@pytest.mark.parametrize("place", [0, 1, 2])
def test_speech_17_27_33_db(place: int) -> None:
    runs = five(talk(20, -16, place=place))
    assert mean_erle(runs, 1, 2) >= 17
    assert mean_erle(runs, 3, 5) >= 27
    assert mean_erle(runs, 10, 20) >= 33


@pytest.mark.parametrize("near_dbm0", [-22.0, -16.0, -13.0])
def test_double_talk_does_not_spoil_it(near_dbm0: float) -> None:
    near = join(silence(5), talk(5, near_dbm0, "agent"), silence(3))
    runs = five(talk(13, -16), near)
    assert mean_erle(runs, 5, 10) >= 9
    assert mean_erle(runs, 11, 12) >= 20


def test_double_talk_from_the_third_second() -> None:
    near = join(silence(2), talk(4, -16, "agent"), silence(2))
    runs = five(talk(8, -16), near)
    assert mean_erle(runs, 2, 6) >= 9
    assert mean_erle(runs, 7, 8) >= 20


@pytest.mark.parametrize("hz", [(1000.0,), (440.0,), (697.0, 1209.0), (440.0, 480.0)])
def test_after_a_tone_of_five_seconds_32_db(hz: tuple[float, ...]) -> None:
    runs = five(join(noise(3, -16), tone(5, -16, *hz), noise(1, -16)))
    assert mean_erle(runs, 8, 9) >= 32


@pytest.mark.parametrize("tail_ms", [16, 32, 64, 128])
def test_path_of_two_reflections_within_the_tail(tail_ms: int) -> None:
    """Bulk delay, hybrid, and a second reflection 6 dB below at the tail's end."""
    both = path("d2", 16, tail_ms - 9.0)
    first = path("d2", 10, (tail_ms - 9.0) / 3)
    both[: len(first)] += first
    (run,) = cancel([Line(noise(6, -16), [(0, both)])], tail_ms=tail_ms)
    assert run.erle_db(4, 6) >= 27


@pytest.mark.parametrize("mode", EchoMode)
def test_near_end_alone_passes(mode: EchoMode) -> None:
    near = talk(6, -20, "agent")
    (run,) = cancel([Line(silence(6), [(0, path("d2"))], near)], mode=mode)
    assert level_dbm0(run.out - run.near) <= -60


def test_off_is_transparent_bit_for_bit_and_keeps_what_was_learned() -> None:
    canceller = EchoCanceller(mode=EchoMode.NLP_OFF, disabler=False)
    far = noise(3, -16)
    line = [Line(far, [(0, path("d2"))])]
    cancel(line, [canceller])
    canceller.set_mode(EchoMode.OFF)
    (off,) = cancel(line, [canceller])
    assert np.array_equal(off.out, off.near)
    canceller.set_mode(EchoMode.NLP_OFF)
    (again,) = cancel(line, [canceller])
    assert again.erle_db(0.2, 0.5) >= 30


def test_nlp_takes_the_rest_and_opens_for_the_near_end_at_once() -> None:
    far = join(talk(8, -16), silence(1))
    near = join(silence(5), talk(3, -16, "agent"), silence(1))
    (run,) = cancel([Line(far, [(0, path("d4"))], near)], mode=EchoMode.ON)
    assert run.out_dbm0(2, 5) <= -60
    at = run.part(5.2, 8)
    frames = near[at][: 2 * RATE].reshape(-1, 80)
    heard = run.out[at][: 2 * RATE].astype(float).reshape(-1, 80)
    loud = [level_dbm0(frame) > -25 for frame in frames]
    clipped = [level_dbm0(b) < level_dbm0(a) - 6 for a, b, is_loud in zip(frames, heard, loud, strict=True) if is_loud]
    assert sum(loud) > 30
    assert sum(clipped) <= 0.02 * sum(loud)


def test_path_that_changes_is_learned_anew_after_a_transfer() -> None:
    far = talk(14, -16)
    others = FIVE[1:] + FIVE[:1]
    runs = cancel([Line(far, [(0, path(a)), (6, path(b, 8, 10))]) for a, b in zip(FIVE, others, strict=True)])
    assert mean_erle(runs, 4, 6) >= 25
    assert mean_erle(runs, 7, 8) >= 8
    assert mean_erle(runs, 10, 14) >= 25


def test_echo_that_begins_after_a_minute_without_one() -> None:
    """A call to a digital switch is transferred to an analogue phone: its hybrid's echo is new."""
    far, none, both = talk(66, -16), np.zeros(1), np.concatenate([talk(60, -18, "agent", 3), silence(6)])
    lines = [Line(far, [(0, none), (60, path("d2"))], near) for near in (silence(66), hoth(66, -50), both)]
    runs = cancel(lines)
    minute = slice(0, 60 * RATE)
    assert all(np.array_equal(run.out[minute], run.near[minute]) for run in runs)
    assert min(run.erle_db(61, 62) for run in runs) >= 15
    assert mean_erle(runs, 63, 66) >= 25


@pytest.mark.parametrize("slip", [1, -1, 3])
def test_frame_slip_moves_the_path_by_samples(slip: int) -> None:
    far = noise(8, -16)
    moved = [(0.0, path("d3", 10, 4)), (4.0, path("d3", 10, 4 + slip / 8))]
    (run,) = cancel([Line(far, moved)])
    assert run.erle_db(3, 4) >= 30
    assert run.erle_db(4.9, 5.4) >= 15
    assert run.erle_db(6, 8) >= 30


def test_conference_join_brings_a_second_talker_into_far() -> None:
    far = talk(12, -16)
    far[6 * RATE :] += talk(6, -16, "agent", 3)
    runs = five(far)
    assert mean_erle(runs, 7, 12) >= 27


@pytest.mark.parametrize("erl_db", [-6.0, 0.0, 3.0, 6.0, 20.0, 40.0])
def test_any_loss_of_the_path_leaves_no_more_than_came(erl_db: float) -> None:
    runs = five(talk(6, -22), erl_db=erl_db)
    for run in runs:
        assert run.out_dbm0(1, 6) <= max(level_dbm0(run.near[run.part(1, 6)]) + 0.5, -58)


def test_howling_loop_does_not_grow_in_it() -> None:
    """What it sends comes back to it as far end, 20 ms later and 6 dB louder: a loop of gain without a canceller."""
    canceller = EchoCanceller(mode=EchoMode.ON)
    response = path("d2", 6)
    start = coded(noise(0.5, -20))
    far, tail = np.zeros(160), np.zeros(len(response) - 1)
    loudest = 0.0
    for at in range(0, 8 * RATE, 160):
        sent = coded(far + (start[at : at + 160] if at + 160 <= len(start) else 0))
        echo = np.convolve(np.concatenate([tail, sent]), response, "valid")
        tail = np.concatenate([tail, sent])[-len(tail) :]
        out = np.array(canceller.process(sent.tobytes(), coded(echo).tobytes()), dtype=float)
        far = 2 * out
        loudest = float(np.sqrt(np.mean(out**2))) if at > 4 * RATE else 0.0
    assert loudest < 300


def test_clipped_far_end() -> None:
    far = np.clip(talk(8, 0) * 4, -32768, 32767)
    for run in five(far):
        assert run.erle_db(4, 8) >= 20


def _poison(canceller: EchoCanceller, value: float) -> None:
    floats = ffi.cast("float *", canceller.state)
    for place in range(50, ffi.sizeof("float") * (lib.bl_echo_size() // 16) - 40, 7):
        floats[place] = value


@pytest.mark.usefixtures("form")
@pytest.mark.parametrize("value", [float("nan"), float("inf"), 1e30])
def test_torn_state_starts_again_and_harms_no_neighbour(value: float) -> None:
    far = noise(6, -16)
    lines = [Line(far, [(0, path("d2"))])] * 2
    cancellers = [EchoCanceller(mode=EchoMode.NLP_OFF) for _ in lines]
    cancel(lines, cancellers)
    _poison(cancellers[0], value)
    torn, whole = cancel(lines, cancellers)
    assert np.max(np.abs(torn.out.astype(int))) < 16000  # no click either
    assert torn.erle_db(2, 6) >= 30
    assert whole.erle_db(0.2, 6) >= 30


@pytest.mark.parametrize("level", [-10, -22])
def test_two_who_speak_at_once_over_a_line_without_hybrid_pass_bit_for_bit(level: float) -> None:
    """No echo, no change: K4's octets on a line to a digital exchange."""
    for place in range(4):
        line = Line(talk(12, -16, place=place), [], talk(12, level, voice="agent", place=place))
        (run,) = cancel([line], mode=EchoMode.ON)
        assert np.array_equal(run.out, run.near)


def test_batch_gives_what_channels_give_alone() -> None:
    runs = [Line(talk(3, -16, place=k % 6), [(0, path(HYBRIDS[k % 8]))]) for k in range(11)]
    together = cancel(runs, mode=EchoMode.ON)
    for line, run in zip(runs, together, strict=True):
        (alone,) = cancel([line], mode=EchoMode.ON)
        assert np.array_equal(alone.out, run.out)


@pytest.mark.parametrize("in_far", [True, False])
@pytest.mark.parametrize("hz", [2079.0, 2100.0, 2121.0])
def test_answer_tone_with_reversals_disables_within_a_second(hz: float, *, in_far: bool) -> None:
    n = np.arange(round(1.5 * RATE))
    sign = np.where((n // round(0.45 * RATE)) % 2, -1.0, 1.0)
    answer = join(silence(0.2), sign * tone(1.5, -20, hz))
    canceller = EchoCanceller()
    near, far = (silence(1.7), answer) if in_far else (answer, silence(1.7))
    cancel([Line(far[:8000], [(0, path("d2", 20))], near[:8000])], [canceller])
    assert not canceller.read().disabled or in_far
    cancel([Line(far[8000:], [(0, path("d2", 20))], near[8000:])], [canceller])
    assert canceller.read().disabled
    modem = noise(3, -20)
    (held,) = cancel([Line(modem, [(0, path("d2"))], noise(3, -20, 9))], [canceller])
    assert np.array_equal(held.out, held.near)
    cancel([Line(silence(0.1), [(0, path("d2"))])], [canceller])
    assert canceller.read().disabled
    cancel([Line(silence(0.4), [(0, path("d2"))])], [canceller])
    assert not canceller.read().disabled


@pytest.mark.parametrize(
    "sound",
    [tone(5, -12, 2100), np.sign(np.sin(np.arange(5 * RATE) / 900)) * tone(5, -12, 1950), talk(20, -10)],
    ids=["no reversals", "another frequency", "speech"],
)
def test_what_is_no_answer_tone_does_not_disable(sound: Signal) -> None:
    canceller = EchoCanceller()
    cancel([Line(sound, [(0, path("d2"))])], [canceller])
    assert not canceller.read().disabled


def test_report_tells_loss_enhancement_noise_and_double_talk() -> None:
    canceller = EchoCanceller()
    assert not canceller.read().adapted
    room = hoth(12, -55)
    cancel([Line(join(silence(4), talk(8, -16)), [(0, path("d2", 10))], room)], [canceller])
    told = canceller.read()
    assert told.adapted
    assert told.erl_db == pytest.approx(10, abs=3)
    assert told.erle_db >= 20
    assert told.noise_dbm0 == pytest.approx(-55, abs=3)
    assert not told.disabled
    cancel([Line(noise(0.5, -16), [(0, path("d2", 10))], noise(0.5, -16, 7))], [canceller])
    assert canceller.read().double_talk


@pytest.mark.parametrize("tail_ms", [0, 15, 129, 65535])
def test_tail_that_cannot_be_is_refused(tail_ms: int) -> None:
    with pytest.raises(ValueError, match="16 to 128"):
        EchoCanceller(tail_ms)


@pytest.mark.parametrize("n", [1, BLOCK - 1, BLOCK + 1, 160 + 8])
def test_pieces_that_are_no_whole_ticks_are_refused(n: int) -> None:
    with pytest.raises(ValueError, match="whole ticks"):
        EchoCanceller().process(bytes(2 * n), bytes(2 * n))


def test_pieces_of_two_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="pieces of"):
        process_many([EchoCanceller()], [bytes(80)], [bytes(160)])

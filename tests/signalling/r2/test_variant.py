# SPDX-License-Identifier: GPL-2.0-only
"""Variants as files: what stands in them, and what a mistake in one is told as."""

from pathlib import Path

import pytest

from appliance.signalling.r2.causes import ACCEPTING, CAUSE_OF, verdict
from appliance.signalling.r2.variant import FOLDER, Ending, Request, Verdict, load, names
from appliance.signalling.variants import VariantError

pytestmark = pytest.mark.unit

ELEVEN = ["AR", "BR", "CN", "CO", "CZ", "EC", "ID", "ITU", "MX", "PH", "VE"]


def test_the_eleven_are_there_and_say_where_their_figures_come_from() -> None:
    assert names() == ELEVEN
    assert all(load(name).sources for name in ELEVEN)


@pytest.mark.parametrize("name", ELEVEN)
def test_a_variant_can_carry_a_call_with_its_caller(name: str) -> None:
    variant = load(name)
    assert {Request.NEXT_DIGIT, Request.CATEGORY, Request.GROUP_B, Request.CONGESTION} <= variant.a.keys()
    assert Request.NEXT_CALLER in (variant.c or variant.a)
    assert {Verdict.FREE, Verdict.BUSY, Verdict.CONGESTION} <= variant.b.keys()
    assert Ending.END_OF_CALLER in variant.i


def test_q441_table_7_and_8_are_the_international_signals() -> None:
    itu = load("ITU")
    assert [itu.a[request] for request in (Request.NEXT_DIGIT, Request.LAST_BUT_ONE, Request.GROUP_B)] == [1, 2, 3]
    assert [itu.a[request] for request in (Request.CONGESTION, Request.CATEGORY)] == [4, 5]
    assert [itu.a[request] for request in (Request.ADDRESS_COMPLETE, Request.LAST_BUT_TWO)] == [6, 7]
    assert [itu.b[said] for said in (Verdict.SPECIAL_TONE, Verdict.BUSY, Verdict.CONGESTION)] == [2, 3, 4]
    assert [itu.b[said] for said in (Verdict.UNALLOCATED, Verdict.FREE, Verdict.FREE_NO_CHARGE)] == [5, 6, 7]
    assert itu.b[Verdict.OUT_OF_ORDER] == 8


def test_gf002_china_asks_for_the_caller_by_a6_and_a1() -> None:
    china = load("CN")
    assert (china.a[Request.CATEGORY], china.a[Request.NEXT_CALLER], china.a[Request.NEXT_DIGIT]) == (6, 1, 1)
    assert (china.category["ordinary"], china.service["local"]) == (1, 3)
    assert china.bits.cd == "11"


def test_a_table_that_a_file_lacks_is_the_international_one() -> None:
    assert load("CZ").a == load("ITU").a
    assert load("CO").b != load("ITU").b


ITU = (FOLDER / "itu.toml").read_text()
HEAD = 'sources = ["nowhere"]\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[a]\nnext_digit = 1", "sources is missing"),
        (HEAD + "[aa]\n", "'aa' is unknown; did you mean 'a'"),
        (HEAD + "[a]\nnxt_digit = 1", r"\[a\] 'nxt_digit' is unknown; did you mean 'next_digit'"),
        (HEAD + "[b]\nbusy = 16", r"\[b\] busy = 16 is no signal; 1 to 15 are"),
        (HEAD + "[b]\nbusy = true", r"\[b\] busy = True is no signal"),
        (HEAD + "[b]\nfree = 1\ncongestion = 4\nbusy = 4", r"\[b\] busy and congestion are both 4"),
        (HEAD + "[b]\nfree = 1", r"\[b\] lacks congestion"),
        (HEAD + "[a]\nnext_digit = 1\ngroup_b = 3", r"\[a\] lacks congestion"),
        (HEAD + "[c]\nnext_digit = 5", r"\[c\] lacks next_caller"),
        (HEAD + "[i]\nrestricted = 12", r"\[i\] lacks end_of_caller, though"),
        (HEAD + "[category]\n", r"\[category\] is empty"),
        (HEAD + '[bits]\nidle = "2"', r"\[bits\] idle = '2' are not two bits"),
        (HEAD + '[bits]\nidle = ""', r"\[bits\] idle = '' are not two bits"),
        (HEAD + '[bits]\nidel = "10"', r"\[bits\] 'idel' is unknown; did you mean 'idle'"),
        (HEAD + "[timers]\nansver = 3", r"\[timers\] 'ansver' is unknown; did you mean 'answer'"),
        (HEAD + '[timers]\nanswer = "3"', r"\[timers\] answer = '3' are no seconds"),
        (HEAD + 'caller_after = "x"', r"Expected `int`, got `str` - at `\$.caller_after`"),
        ("sources = [", "is not TOML"),
        (HEAD + "bits = 3", r"\[bits\] must be a table"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_nearest_name(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "itu.toml").write_text(ITU)
    (tmp_path / "xx.toml").write_text(text)
    with pytest.raises(VariantError, match=f"^xx.toml: .*{sentence}"):
        load("XX", tmp_path)


def test_an_unknown_variant_is_told_with_the_nearest_name() -> None:
    with pytest.raises(VariantError, match="no R2 variant 'ITV'; did you mean 'ITU'"):
        load("ITV")


def test_a_signal_may_mean_two_things_only_where_the_dialogue_tells_them_apart() -> None:
    for variant in map(load, ELEVEN):
        for group in (variant.a, variant.c):
            shared = [word for word, signal in group.items() if list(group.values()).count(signal) > 1]
            assert not shared or Request.NEXT_CALLER in shared


@pytest.mark.parametrize("name", ELEVEN)
def test_q850_each_cause_is_refused_by_a_verdict_of_the_variant(name: str) -> None:
    variant = load(name)
    for cause in range(1, 128):
        said = verdict(cause, variant.b)
        assert said in variant.b
        assert said not in ACCEPTING


def test_q850_what_has_a_verdict_of_its_own_comes_back_as_itself() -> None:
    every = frozenset(Verdict)
    assert {cause: CAUSE_OF[verdict(cause, every)] for cause in (1, 4, 17, 22, 27, 42)} == {
        cause: cause for cause in (1, 4, 17, 22, 27, 42)
    }
    assert verdict(34, every) is Verdict.CONGESTION
    assert verdict(31, every) is Verdict.SPECIAL_TONE
    assert verdict(1, load("MX").b) is Verdict.BUSY  # Mexico says both by B-2

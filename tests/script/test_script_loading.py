# SPDX-License-Identifier: GPL-2.0-only
"""A script that cannot be followed to its end is refused at its line, before any caller meets it."""

from pathlib import Path

import pytest

from appliance.config import ConfigurationError
from appliance.script.loading import load

pytestmark = pytest.mark.unit

SAMPLE = Path("appliance/simulator/site/scripts/welcome.yaml")
GOOD = """\
start: ask
nodes:
  ask: {do: collect, prompts: [hello-world], next: open}
  choose: {do: switch, on: ced, cases: {"1": card}, otherwise: gone}
  card: {do: queue, skill_group: card, otherwise: gone}
  gone: {do: release, cause: 17}
  rich: {do: if, that: "ced == '1'", then: share, otherwise: open}
  open: {do: if, that: "free('card') > 0 and not holiday('spring')", then: rich, otherwise: ask, failed: gone}
  share: {do: percent, shares: {gone: 70, choose: 30}}
calendars: {spring: [2026-02-16..2026-02-22]}
"""


def script(folder: Path, text: str) -> Path:
    path = folder / "one.yaml"
    path.write_text(text)
    return path


def mistakes(folder: Path, text: str) -> list[tuple[int, str]]:
    with pytest.raises(ConfigurationError) as caught:
        load(script(folder, text), ["card"])
    return [(mistake.line, mistake.sentence) for mistake in caught.value.mistakes]


def test_the_sample_script_loads() -> None:
    assert load(SAMPLE, ["card"]).text.start == "greet"


def test_version_changes_with_the_text_alone(tmp_path: Path) -> None:
    first = load(script(tmp_path, GOOD), ["card"]).version
    assert load(script(tmp_path, GOOD), ["card"]).version == first
    assert load(script(tmp_path, GOOD + "# a word\n"), ["card"]).version != first


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("prompts:", "promts:", 3, "did you mean 'prompts'?"),
        ("do: collect", "do: colect", 3, "did you mean 'collect'?"),
        ("next: open", "next: opn", 3, "did you mean 'open'?"),
        ('{"1": card}', '{"1": crad}', 4, "did you mean 'card'?"),
        ("skill_group: card", "skill_group: cart", 5, "did you mean 'card'?"),
        ("on: ced", "on: cedd", 4, "did you mean 'ced'?"),
        ("cause: 17", "cause: 170", 6, "out of range"),
        ("start: ask", "start: asks", 1, "did you mean 'ask'?"),
        ("start: ask", "start: choose", 3, "cannot be reached"),
        ("on: ced", "on: time", 4, "not a span of time"),
        ("start: ask", "start: ask\nzone: Asia/Shangai", 2, "did you mean 'Asia/Shanghai'?"),
        ("ced == '1'", "cedd == '1'", 7, "column 1: no name 'cedd'; did you mean 'ced'?"),
        ("ced == '1'", "length(ced)", 7, "that is a number, yes or no is needed"),
        ("free('card')", "free('cart')", 8, "column 6: skill group 'cart' is unknown; did you mean 'card'?"),
        ("holiday('spring')", "holiday('sprin')", 8, "calendar 'sprin' is unknown; did you mean 'spring'?"),
        ("then: share", "then: shar", 7, "did you mean 'share'?"),
        ("failed: gone", "failed: gon", 8, "did you mean 'gone'?"),
        ("choose: 30", "chose: 30", 9, "did you mean 'choose'?"),
        ("gone: 70", "gone: 60", 9, "shares are 90 % together, not 100"),
        ("2026-02-16..2026-02-22", "2026-02-22..2026-02-16", 10, "ends before it begins"),
        ("2026-02-16..2026-02-22", "16 February", 10, "is no day such as 2026-10-01"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_nearest_name(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in GOOD
    told = mistakes(tmp_path, GOOD.replace(old, new))
    assert any(at == line and words in sentence for at, sentence in told), told

# SPDX-License-Identifier: GPL-2.0-only
"""The bars are judged as they are written."""

from pathlib import Path

import msgspec
import pytest

from tests.bench import __main__ as bench
from tests.bench.__main__ import Bar

pytestmark = pytest.mark.unit

TIMES = {"case": {"ours": 10.0, "one": 70.0, "other": 50.0}}


@pytest.mark.parametrize(
    ("bar", "passed"),
    [
        (Bar("case", ("one", "other"), at_least=12.0), True),
        (Bar("case", ("one", "other"), at_least=12.1), False),
        (Bar("case", ("one",), at_least=7.0, ours_at_most_ns=10.0), True),
        (Bar("case", ("one",), at_least=7.0, ours_at_most_ns=9.9), False),
    ],
)
def test_bar_is_the_peers_time_by_ours_and_a_limit_of_our_own(
    monkeypatch: pytest.MonkeyPatch, bar: Bar, *, passed: bool
) -> None:
    monkeypatch.setattr(bench, "bars", lambda _: [bar])
    (row,) = bench.rows("block", TIMES)
    assert row.passed is passed


def test_wrong_key_of_a_bar_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bench, "HERE", tmp_path)
    (tmp_path / "bars").mkdir()
    (tmp_path / "bars" / "g711.toml").write_text('[[bar]]\ncase = "x"\nleast = 3.0\n')
    with pytest.raises(msgspec.ValidationError, match="least"):
        bench.bars("g711")

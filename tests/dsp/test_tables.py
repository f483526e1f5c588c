# SPDX-License-Identifier: GPL-2.0-only
"""Committed tables are what their makers print."""

import re

import pytest

from dsp.tools.make_tables import TABLES, makers
from dsp.tools.tone_zones import steps

pytestmark = pytest.mark.unit
MAKERS = makers()


@pytest.mark.parametrize("stem", MAKERS)
def test_committed_table_is_what_its_maker_prints(stem: str) -> None:
    assert (TABLES / f"{stem}.h").read_text(encoding="utf-8") == MAKERS[stem]()


def test_every_table_has_a_maker() -> None:
    assert {path.stem for path in TABLES.glob("*.h")} == set(MAKERS)


@pytest.mark.parametrize(
    ("tone", "sentence"),
    [("4000/100", "a frequency is 0 to 3999 Hz"), (",".join(["450/100"] * 13), "more than 12 steps")],
)
def test_tone_that_c_could_not_play_is_refused(tone: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        steps(tone, -10)

# SPDX-License-Identifier: GPL-2.0-only
"""The box's own test calls in its file: what is refused, and when one may ring."""

import datetime as dt

import pytest

from appliance.config.testing import TestedNumber
from tests.config.test_boxes import Edit, branch, sentences

pytestmark = pytest.mark.unit
__all__ = ["branch"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("number: 110, trunk: telco", "110 is an emergency number: nobody calls it to see"),
        ("number: 117, trunk: telko", "'telko' is neither a span nor a peer; did you mean 'telco'?"),
        ("number: 117", "117 is no phone here, and no way of outbound leads there: name a trunk"),
        ("number: 8001", "8001 is a phone, and would ring by night too: add hours, such as 08:00-20:00"),
        ("number: 8001, hours: 8-20", "'8-20' is no span of the day such as 08:00-20:00"),
        ("number: 8001, hours: 08:00-20:00, zone: Asia/Shanghia",
         "time zone 'Asia/Shanghia' is unknown; did you mean 'Asia/Shanghai'?"),
        ("number: 117, trunk: telco, every_s: 5", "5 is out of range: 60 to 86400"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(branch: Edit, line: str, told: str) -> None:
    (sentence,) = sentences(branch("\nsip:", f"\ntest_calls: [{{name: a, {line}}}]\nsip:"))
    assert sentence.endswith(told)


def test_a_name_is_there_once(branch: Edit) -> None:
    one = "{name: a, number: 117, trunk: telco}"
    (sentence,) = sentences(branch("\nsip:", f"\ntest_calls: [{one}, {one}]\nsip:"))
    assert sentence.endswith("test call 'a' is there twice")


def test_there_are_not_more_than_can_be_made_in_time(branch: Edit) -> None:
    four = ", ".join(f"{{name: {name}, number: 117, trunk: telco}}" for name in "abcd")
    (sentence,) = sentences(branch("\nsip:", f"\ntest_calls: [{four}]\nsip:"))
    assert sentence.endswith("4 test calls; a box makes 3 at most, one after the other")


def test_hours_are_of_the_zone_s_clock() -> None:
    one = TestedNumber(name="front", number="8001", hours="08:00-20:00", zone="Asia/Shanghai")
    at = [dt.datetime(2026, 11, 27, hour, tzinfo=dt.UTC).timestamp() for hour in (23, 0, 11, 12)]
    assert [one.may_ring(int(moment * 1e9)) for moment in at] == [False, True, True, False]
    assert TestedNumber(name="pstn", number="117").may_ring(0)

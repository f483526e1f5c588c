# SPDX-License-Identifier: GPL-2.0-only
"""Who may read a box's metrics: nobody without a word, nobody from outside who is not named."""

import pytest

from appliance.config.diagnostics import Diagnostics, faults, listeners
from appliance.config.scalars import Endpoint, Prefix

pytestmark = pytest.mark.unit
OUTSIDE, INSIDE = Endpoint("192.0.2.10", 9464), Endpoint("127.0.0.1", 9464)
SOURCES = (Prefix.parse("10.1.0.7"),)


@pytest.mark.parametrize(
    ("told", "at", "sentence"),
    [
        (Diagnostics(OUTSIDE), "metrics", "192.0.2.10:9464 is no loopback address"),
        (Diagnostics(OUTSIDE), "metrics", "or name who may in metrics_sources"),
        (Diagnostics(INSIDE, SOURCES), "metrics_sources", "nobody of them comes to 127.0.0.1:9464"),
        (Diagnostics(INSIDE, SOURCES), "metrics_sources", "set diagnostics metrics 0.0.0.0:9464"),
        (Diagnostics(None, SOURCES), "metrics_sources", "which are not set"),
    ],
)
def test_metrics_that_everybody_or_nobody_could_read_are_refused(told: Diagnostics, at: str, sentence: str) -> None:
    (fault,) = faults(told)
    assert fault.keys == ("diagnostics", at)
    assert sentence in fault.sentence


def test_an_address_with_sources_is_taken_and_no_port_for_all() -> None:
    told = Diagnostics(OUTSIDE, SOURCES)
    assert list(faults(told)) == []
    assert [one.guarded for one in listeners(told)] == [True]
    assert [one.guarded for one in listeners(Diagnostics(INSIDE))] == [False]
    assert list(listeners(Diagnostics())) == []


def test_an_address_is_in_its_prefix_and_what_is_none_in_no_prefix() -> None:
    prefix = Prefix.parse("10.1.0.0/16")
    assert [one for one in ("10.1.2.3", "10.2.0.1", "::1", "", None) if one in prefix] == ["10.1.2.3"]

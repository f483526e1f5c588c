# SPDX-License-Identifier: GPL-2.0-only
"""What a second run of a stage may mend, and what it may not."""

from tests.accept.sheet import Sheet


def sheets() -> tuple[Sheet, Sheet]:
    first, again = Sheet("make accept"), Sheet("make accept")
    first.part = "queue"
    return first, again


def test_a_deadline_missed_once_is_kept() -> None:
    first, again = sheets()
    first.at_most("A1", "freed to ringing", 130.0, 100, "ms")
    again.at_most("A1", "freed to ringing", 20.0, 100, "ms")
    assert first.late_parts() == ("queue",)
    first.settle(again)
    assert first.close(None) == 0
    assert [line.value for line in first.lines] == [20.0]


def test_a_deadline_missed_twice_has_failed() -> None:
    first, again = sheets()
    first.at_most("A1", "freed to ringing", 130.0, 100, "ms")
    again.at_most("A1", "freed to ringing", 120.0, 100, "ms")
    first.settle(again)
    assert [line.value for line in first.failed] == [120.0]


def test_a_caller_lost_once_is_lost() -> None:
    first, again = sheets()
    first.equal("I4", "callers lost", 1, 0)
    again.equal("I4", "callers lost", 0, 0)
    assert first.late_parts() == ()
    first.settle(again)
    assert first.close(None) == 1


def test_what_fails_only_the_second_time_has_failed() -> None:
    first, again = sheets()
    first.at_most("A1", "freed to ringing", 130.0, 100, "ms")
    first.equal("I4", "callers lost", 0, 0)
    again.at_most("A1", "freed to ringing", 20.0, 100, "ms")
    again.equal("I4", "callers lost", 1, 0)
    again.equal("F1", "a caller is handed on", "TimeoutError", "carried out")
    first.settle(again)
    assert [line.promise for line in first.failed] == ["callers lost", "a caller is handed on"]

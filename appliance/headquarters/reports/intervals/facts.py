# SPDX-License-Identifier: GPL-2.0-only
"""One contact's visits → what it contributes to which rows."""

from collections.abc import Iterable

from appliance.headquarters.reports.intervals.agents import WrapUp
from appliance.headquarters.reports.intervals.figures import BASE_NS, NONE, Figures, Key
from appliance.headquarters.reports.intervals.story import Kind, Outcome, Visit, visits
from appliance.headquarters.reports.intervals.thresholds import Thresholds
from appliance.wire.envelope import Envelope

_ABANDONED = frozenset({Outcome.ABANDONED_IVR, Outcome.ABANDONED_QUEUE, Outcome.ABANDONED_RINGING})
_NS_IN_MS = 1_000_000


def key_of(visit: Visit) -> Key:
    """Where the visit is counted."""
    at_ns = visit.since.at_ns
    return Key(visit.kind.value, visit.name, at_ns - at_ns % BASE_NS)


def facts(events: Iterable[Envelope], thresholds: Thresholds, wrap_ups: Iterable[WrapUp] = ()) -> dict[Key, Figures]:
    """What one contact contributes, all of whose known events and wrap-ups are given."""
    told: dict[Key, Figures] = {}
    for visit in visits(events, wrap_ups):
        key = key_of(visit)
        told[key] = told.get(key, NONE) + _figures(visit, thresholds)
    return told


def _figures(visit: Visit, thresholds: Thresholds) -> Figures:
    threshold = thresholds.of(visit.kind.value, visit.name, visit.since.at_ns)
    waited_ms = visit.waited_ns // _NS_IN_MS
    counts = {"offered": 1}
    abandoned = visit.outcome in _ABANDONED
    if abandoned and waited_ms < threshold.short_call_s * 1000:
        return Figures(offered=1, short=1)
    counts[visit.outcome.value] = 1
    if visit.outcome is Outcome.ANSWERED:
        talk = {"talk_samples": visit.talk_samples, "longest_talk_samples": visit.longest_talk_samples}
        counts["transferred"] = int(visit.transferred)
        counts |= {"hold_ms": visit.hold_ns // _NS_IN_MS, "wrap_up_ms": visit.wrap_up_ns // _NS_IN_MS}
        counts |= {"answer_wait_ms": waited_ms, "longest_answer_wait_ms": waited_ms, **talk}
    if abandoned:
        counts |= {"abandon_wait_ms": waited_ms, "longest_abandon_wait_ms": waited_ms}
    if visit.kind in (Kind.CALL_TYPE, Kind.QUEUE):
        counts |= _level(visit.outcome, within=waited_ms <= threshold.service_level_s * 1000)
    return Figures(**counts)


def _level(outcome: Outcome, *, within: bool) -> dict[str, int]:
    if outcome is Outcome.WAITING:
        return {}
    if outcome is Outcome.ANSWERED:
        return {"level_offered": 1, "level_answered": int(within)}
    if outcome in _ABANDONED:
        return {"level_offered": 1, "level_abandoned": int(within)}
    return {"level_offered": int(not within)}

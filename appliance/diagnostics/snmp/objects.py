# SPDX-License-Identifier: GPL-2.0-only
"""A box's objects: BRANCHLINE-MIB (the file beside this one), and of DS1-MIB (RFC 4805) what a line worker knows.

Ours stand below the playpen that NET-SNMP-MIB keeps for whoever has no number of its own yet; when we have one, BASE
and the MIB's first lines change, and nothing else.
"""

import time
from collections.abc import Iterable, Iterator

from appliance import VERSION
from appliance.config import AnyBox, Branch
from appliance.config.branch import DahdiSpan, Ds26521Span
from appliance.config.branch import Span as SpanSettings
from appliance.diagnostics.snmp.agentx import Kind, Oid, Value
from appliance.diagnostics.snmp.subagent import Objects
from appliance.diagnostics.watching import Watching
from appliance.wire.performance import QUARTER_S, Figures, Interval, SpanPerformance
from appliance.wire.spans import Alarm, ChannelState, Span

BASE: Oid = (1, 3, 6, 1, 4, 1, 8072, 9999, 9999, 1)
DS1: Oid = (1, 3, 6, 1, 2, 1, 10, 18)
SUBTREES = (BASE, *((*DS1, table) for table in (6, 7, 8, 9)))
TRUE, FALSE = 1, 2
STATUS = {Alarm.RAI: 2, Alarm.AIS: 8, Alarm.LFA: 32, Alarm.LOS: 64, Alarm.FAULT: 4096}
"""dsx1LineStatus; 1 where there is none."""
NO_ALARM = 1
ALARM_BITS = (Alarm.LOS, Alarm.LFA, Alarm.AIS, Alarm.RAI, Alarm.RED, Alarm.FAULT)
"""blSpanAlarms, from bit 0 on."""
DAY_QUARTERS = 96
D4, ESF, E1, E1_CRC = 3, 2, 4, 5
ROBBED_BIT, BIT_ORIENTED, MESSAGE_ORIENTED = 2, 3, 4

Row = tuple[int, tuple[Value, ...]]
"""Index, and the columns from 2 on."""


def objects(box: AnyBox, watching: Watching) -> Objects:
    """All of them now."""
    told = dict(_scalars(box, watching))
    tables = {2: _alarms(watching), 3: _spans(watching), 4: _calls(watching)}
    for number, rows in tables.items():
        for index, row in rows:
            told |= {(*BASE, 1, number, 1, column, index): value for column, value in enumerate(row, 2)}
    if isinstance(box, Branch):
        told |= dict(_ds1(box, watching))
    return Objects(told)


def _scalars(box: AnyBox, watching: Watching) -> Iterator[tuple[Oid, Value]]:
    link = watching.link
    values = (
        _text(box.box),
        _text(box.role),
        _text(VERSION),
        _gauge(len(watching.alarms())),
        _gauge(sum(len(legs.now) for legs in watching.legs.values())),
        _truth(link is not None and link.up),
    )
    for number, value in enumerate(values, 1):
        yield (*BASE, 1, 1, number, 0), value


def _alarms(watching: Watching) -> Iterator[Row]:
    for index, alarm in enumerate(watching.alarms(), 1):
        yield index, (_text(alarm.code), _text(alarm.address), _text(alarm.sentence))


def _spans(watching: Watching) -> Iterator[Row]:
    for number, span in sorted(watching.spans.items()):
        states = list(span.channels.values())
        bits = sum(0x80 >> place for place, alarm in enumerate(ALARM_BITS) if alarm in span.alarms)
        yield (
            number,
            (
                _text(span.name),
                Value(Kind.OCTETS, bytes([bits])),
                _truth(span.d_channel_up),
                *(
                    _gauge(states.count(state))
                    for state in (ChannelState.IDLE, ChannelState.BUSY, ChannelState.BLOCKED)
                ),
                *(_counter(span.counters.get(name, 0)) for name in ("slips", "framer_crc_errors", "frames_received")),
                *(_counter(span.counters.get(name, 0)) for name in ("frames_sent", "fcs_errors")),
            ),
        )


def _calls(watching: Watching) -> Iterator[Row]:
    for index, (worker, legs) in enumerate(watching.legs.items(), 1):
        counts = (legs.offered, legs.placed, legs.answered, legs.released.total())
        yield index, (_text(worker), _gauge(len(legs.now)), *map(_counter, counts))


def _ds1(branch: Branch, watching: Watching) -> Iterator[tuple[Oid, Value]]:
    """Rows of the spans that have told of themselves; the index is the span's number."""
    for number, span in sorted(watching.spans.items()):
        settings = branch.spans[number - 1] if number <= len(branch.spans) else None
        if not isinstance(settings, SpanSettings):
            continue
        told = watching.performance.get(number)
        yield from _config(settings, span, told)
        if told is not None:
            yield from _performance(number, told)


def _config(settings: SpanSettings, span: Span, told: SpanPerformance | None) -> Iterator[tuple[Oid, Value]]:
    """dsx1ConfigTable."""
    quarters = told.quarters if told else ()
    columns = {
        1: _integer(span.span),
        3: _integer(_elapsed(quarters)),
        4: _integer(min(max(len(quarters) - 1, 0), DAY_QUARTERS)),
        5: _integer(_line_type(settings)),
        8: _text(span.name),
        10: _integer(sum(STATUS.get(alarm, 0) for alarm in span.alarms) or NO_ALARM),
        11: _integer({"pri": MESSAGE_ORIENTED, "r2": BIT_ORIENTED}.get(settings.signalling, _bits(settings))),
        12: _integer(2 if settings.clock == "local" else 1),
    }
    for column, value in columns.items():
        yield (*DS1, 6, 1, column, span.span), value


def _performance(number: int, told: SpanPerformance) -> Iterator[tuple[Oid, Value]]:
    """dsx1CurrentTable, dsx1IntervalTable (1 is the one before the present), dsx1TotalTable: what is received."""
    before = told.quarters[-DAY_QUARTERS - 1 : -1]
    for table, figures in ((7, told.quarters[-1].near if told.quarters else Figures()), (9, _sum(before))):
        yield (*DS1, table, 1, 1, number), _integer(number)
        for column, seconds in ((2, figures.es), (3, figures.ses), (5, figures.uas)):
            yield (*DS1, table, 1, column, number), _gauge(seconds)
    for place, one in enumerate(reversed(before), 1):
        columns = {1: _integer(number), 2: _integer(place), 3: _gauge(one.near.es), 4: _gauge(one.near.ses)}
        columns |= {6: _gauge(one.near.uas), 13: _truth(one.near.seconds >= QUARTER_S)}
        yield from (((*DS1, 8, 1, column, number, place), value) for column, value in columns.items())


def _sum(intervals: Iterable[Interval]) -> Figures:
    near = [one.near for one in intervals]
    return Figures(es=sum(x.es for x in near), ses=sum(x.ses for x in near), uas=sum(x.uas for x in near))


def _elapsed(quarters: tuple[Interval, ...]) -> int:
    """Seconds of the present quarter."""
    return max(0, min(QUARTER_S - 1, int(time.time()) - quarters[-1].start_s)) if quarters else 0


def _line_type(settings: SpanSettings) -> int:
    """dsx1LineType."""
    if settings.line == "t1":
        return D4 if getattr(settings, "framing", None) == "d4" else ESF
    crc = getattr(settings, "crc4", None) is not False if isinstance(settings, DahdiSpan | Ds26521Span) else False
    multiframe = settings.signalling != "pri"
    return (E1_CRC if crc else E1) + (2 if multiframe else 0)


def _bits(settings: SpanSettings) -> int:
    return ROBBED_BIT if settings.line == "t1" else BIT_ORIENTED


def _text(text: str) -> Value:
    """DisplayString or SnmpAdminString: 255 octets at most, whole characters."""
    return Value(Kind.OCTETS, text.encode()[:255].decode(errors="ignore").encode())


def _integer(number: int) -> Value:
    return Value(Kind.INTEGER, number)


def _gauge(number: int) -> Value:
    return Value(Kind.GAUGE32, min(number, 0xFFFFFFFF))


def _counter(number: int) -> Value:
    return Value(Kind.COUNTER32, number)


def _truth(so: bool) -> Value:  # noqa: FBT001 - mapped
    return _integer(TRUE if so else FALSE)

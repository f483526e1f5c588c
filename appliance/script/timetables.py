# SPDX-License-Identifier: GPL-2.0-only
"""What is wrong with calendars, and with switches by the clock or a calendar: no day, twice the same, nobody's hour."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from appliance.config import Fault, Keys, clock
from appliance.config.calendars import Calendar
from appliance.config.scalars import suggestion
from appliance.script import moments
from appliance.script.nodes import Field, Switch, Text


def calendar_faults(keys: Keys, calendars: Sequence[Calendar]) -> Iterator[Fault]:
    """Of those of all scripts, which stand at `keys`."""
    for place, one in enumerate(calendars):
        if one.name in {other.name for other in calendars[:place]}:
            yield Fault((*keys, place, "name"), f"calendar {one.name!r} is there twice")
        if wrong := clock.no_zone(one.zone):
            yield Fault((*keys, place, "zone"), wrong)
        yield from _case_faults((*keys, place, "days"), Field.DATE, one.days)


def own_faults(text: Text, calendars: Collection[str]) -> Iterator[Fault]:
    """Of the calendars that a script brings itself, beside those of all."""
    for name, spans in text.calendars.items():
        if name in calendars:
            yield Fault(("calendars", name), f"calendar {name!r} is one of all scripts; choose another name")
        for place, span in enumerate(spans):
            if wrong := moments.no_case(Field.DATE, span):
                yield Fault(("calendars", name, place), wrong)


def switch_faults(keys: Keys, node: Switch, text: Text, calendars: Mapping[str, Calendar]) -> Iterator[Fault]:
    """Cases that are none or hold the same, and what no case holds where nothing is said otherwise."""
    wrong: list[Fault] = []
    if node.on in moments.BY_CLOCK:
        wrong = list(_case_faults((*keys, "cases"), node.on, node.cases))
    elif node.on is Field.HOLIDAY:
        wrong = [Fault((*keys, "cases", one), told) for one in node.cases if (told := _no_day(one, text, calendars))]
    yield from wrong
    if node.otherwise is not None or wrong:
        return
    if node.on not in moments.BY_CLOCK:
        yield Fault(keys, f"key 'otherwise' is missing: other values of {node.on} lead nowhere")
    elif left := moments.gap(node.on, node.cases):
        yield Fault(keys, f"key 'otherwise' is missing: no case holds {left}")


def _case_faults(keys: Keys, field: Field, cases: Collection[str]) -> Iterator[Fault]:
    wrong = [Fault((*keys, case), told) for case in cases if (told := moments.no_case(field, case))]
    yield from wrong
    if not wrong and (both := moments.overlap(field, cases)) is not None:
        yield Fault(
            (*keys, both[1]), f"{both[1]!r} and {both[0]!r} have something in common; one of them has to give way"
        )


def _no_day(case: str, text: Text, calendars: Mapping[str, Calendar]) -> str:
    name, slash, day = case.partition(moments.DAY)
    known = {*text.calendars, *calendars}
    if name not in known:
        return f"calendar {name!r} is unknown; {suggestion(name, known)}"
    days = calendars[name].days.values() if name in calendars else (name,)
    return f"calendar {name!r} has no day {day!r}; {suggestion(day, set(days))}" if slash and day not in days else ""

# SPDX-License-Identifier: GPL-2.0-only
"""Alarms of the spans for people: what stands now, and what has changed since it was told."""

from collections.abc import Iterable
from typing import Protocol

from appliance.wire.alarms import AlarmCleared, AlarmRaised
from drivers.model import Alarm

D_CHANNEL_PATIENCE_S = 5.0


class Watched(Protocol):
    """A span. `up`: its D-channel, true where it has none."""

    number: int
    name: str
    alarms: Alarm

    @property
    def up(self) -> bool:
        """Now."""

    @property
    def troubles(self) -> Iterable[AlarmRaised]:
        """Alarms of its lines, each its own."""


class AlarmBoard:
    """The alarms that stand, by code and address."""

    def __init__(self) -> None:
        self._standing: dict[tuple[str, str], AlarmRaised] = {}
        self._down_since: dict[int, float] = {}

    def standing(self) -> tuple[AlarmRaised, ...]:
        """For snapshots."""
        return tuple(self._standing.values())

    def update(self, spans: Iterable[Watched], now_s: float) -> list[AlarmRaised | AlarmCleared]:
        """What is to be told now."""
        alarms = [alarm for span in spans for alarm in (*self._of(span, now_s), *span.troubles)]
        now = {(alarm.code, alarm.address): alarm for alarm in alarms}
        told: list[AlarmRaised | AlarmCleared] = [
            AlarmCleared(code=code, address=address) for code, address in self._standing.keys() - now.keys()
        ]
        told += [alarm for key, alarm in now.items() if key not in self._standing]
        self._standing = now
        return told

    def _of(self, span: Watched, now_s: float) -> Iterable[AlarmRaised]:
        address = f"span {span.number + 1}"
        if span.up:
            self._down_since.pop(span.number, None)
        silent_s = 0.0 if span.up else now_s - self._down_since.setdefault(span.number, now_s)
        if Alarm.FAULT in span.alarms:
            sentence = f"the card of {span.name} does not answer: look whether it is seated and its driver is loaded"
            yield AlarmRaised(code="span.fault", address=address, sentence=sentence)
        elif Alarm.RED in span.alarms:
            sentence = f"no signal from {span.name}: check the cable, the address of the far end and its equipment"
            yield AlarmRaised(code="span.red", address=address, sentence=sentence)
        elif Alarm.AIS in span.alarms:
            sentence = f"{span.name} sends AIS: the carrier's own line has failed, call the carrier"
            yield AlarmRaised(code="span.ais", address=address, sentence=sentence)
        elif silent_s >= D_CHANNEL_PATIENCE_S:
            sentence = f"{span.name} gives a signal but its D-channel is silent: check timeslot, side and profile"
            yield AlarmRaised(code="span.d-channel-down", address=address, sentence=sentence)

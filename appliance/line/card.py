# SPDX-License-Identifier: GPL-2.0-only
"""The analogue lines of a card, served as circuits of one span: the driver is polled, its sound is the span's.

A chip that dies is an alarm of its line, whose call is over; the others serve. The line of a worker that died stays as
it was until the next life powers its chip up, which puts it on hook: the call is lost, and the exchange sees it end.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from appliance.line.cas import CasLine, CasSpan
from appliance.line.switch import Switch
from appliance.wire.alarms import AlarmRaised
from appliance.wire.envelope import Body
from appliance.wire.legs import Leg
from drivers.model import LineAlarm, Timeslot
from drivers.protocol import LineDriver

POLL_S = 0.01
BATTERY_PATIENCE_S = 5.0
"""An exchange takes the battery away for a second at the end of a call (CPC)."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLine(CasLine):
    """A card to be served; its driver numbers a line as its timeslot. `numbers`: what was called on each."""

    driver: LineDriver[Any]
    numbers: Mapping[int, str] = field(default_factory=dict)


class CardSpan(CasSpan):
    """`clock` is the loop's."""

    def __init__(
        self,
        line: CardLine,
        clock: Callable[[], float],
        switch: Switch,
        new_leg: Callable[[], str],
        tell: Callable[[Body], None],
        ended: Callable[[Leg], None],
    ) -> None:
        super().__init__(line, lambda _port: None, switch, new_leg, tell, ended)
        self._numbers.update(line.numbers)
        self._driver = line.driver
        self._clock = clock
        self._poll_at = clock()
        self._unfed_since: dict[int, float] = {}

    def run(self) -> None:
        """Poll the card, where it is time; timers may be due."""
        now = self._clock()
        if now >= self._poll_at:
            self._poll_at = now + POLL_S
            self._poll(now)
        super().run()

    def due(self) -> float:
        """When `run` must be called next."""
        return min(self._poll_at, super().due() or self._poll_at)

    @property
    def troubles(self) -> Iterable[AlarmRaised]:
        """Alarms of its lines."""
        yield from super().troubles
        for line in self._driver.lines:
            address = str(Timeslot(self.number, line))
            if fault := self._driver.fault(line):
                why = f"its chip does not answer: {fault}. Look whether its board is seated and wired as configured"
                yield AlarmRaised(code="line.fault", address=address, sentence=f"a line of {self.name} is dead, {why}")
            elif self._poll_at - self._unfed_since.get(line, self._poll_at) >= BATTERY_PATIENCE_S:
                sentence = f"a line of {self.name} has no battery: check its cable, then call the exchange"
                yield AlarmRaised(code="line.no-battery", address=address, sentence=sentence)

    def _poll(self, now: float) -> None:
        for line, event in self._driver.poll(now):
            log.debug("line.pair.changed", span=self.number + 1, timeslot=line, happened=event.value)
        unfed = [line for line in self._driver.lines if LineAlarm.NO_BATTERY in self._driver.status(line).alarms]
        self._unfed_since = {line: self._unfed_since.get(line, now) for line in unfed}
        if self.channels.line_up:  # without sound nobody is called, and no caller offered
            self._circuits.look()

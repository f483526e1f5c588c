# SPDX-License-Identifier: GPL-2.0-only
"""Our station on our exchange, over bits alone: calls of both directions by loop, ground and kewl start."""

import heapq
import itertools
from collections.abc import Callable

import pytest

from appliance.signalling.cas import events as cas
from appliance.signalling.cas.channel import Call, Channel, Wants
from appliance.signalling.cas.station import Station
from appliance.signalling.cas.variant import load
from appliance.signalling.cas.words import State
from appliance.signalling.events import SetBits
from appliance.signalling.fxo import events as fxo
from appliance.signalling.fxo.line import Call as Dialled
from appliance.signalling.fxo.settings import Answer, CallerId, HangUp, Settings
from appliance.signalling.fxo.words import State as LineState
from dsp.tone import Kind

pytestmark = pytest.mark.unit

LINES = {
    "fxs_loop": Settings(caller_id=CallerId.NONE, answer=Answer.DIALLED, hang_up=(HangUp.TONE,)),
    "fxs_kewl": Settings(caller_id=CallerId.NONE, answer=Answer.DIALLED, hang_up=(HangUp.CPC,)),
    "fxs_ground": Settings(caller_id=CallerId.NONE, answer=Answer.DIALLED, hang_up=(), ground_start=True),
}
every_start = pytest.mark.parametrize("variant", LINES)


class Loop:
    """Exchange and station, 3 ms of bits apart."""

    def __init__(self, variant: str) -> None:
        self.now = 0.0
        self.exchange = Channel(load(variant), Wants(dnis_digits=3), clock=lambda: self.now)
        start = "ground" if LINES[variant].ground_start else "loop"
        self.station = Station(LINES[variant], load(f"fxo_{start}"), clock=lambda: self.now)
        self.told: list[cas.Event] = []
        self.heard: list[fxo.Event] = []
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self.pass_s(1)

    def pass_s(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            self._settle()
            dues = [self.exchange.due(), self.station.line.due(), self._coming[0][0] if self._coming else None]
            due = min((at for at in dues if at is not None), default=end + 1)
            if due > end:
                break
            self.now = max(self.now, due)
            while self._coming and self._coming[0][0] <= self.now:
                heapq.heappop(self._coming)[2]()
            self.exchange.run()
            self.station.line.run()
        self.now = end

    def last_told(self) -> cas.Event:
        return self.told[-1]

    def last_heard(self) -> fxo.Event:
        return self.heard[-1]

    def idle(self) -> bool:
        return (self.exchange.state, self.station.line.state) == (State.IDLE, LineState.IDLE)

    def _later(self, seconds: float, arrive: Callable[[], None]) -> None:
        heapq.heappush(self._coming, (self.now + seconds, next(self._order), arrive))

    def _settle(self) -> None:
        self.told += self.exchange.take_events()
        self.heard += self.station.line.take_events()
        for order in self.exchange.take_orders():
            match order:
                case SetBits(abcd=abcd):
                    self._later(0.003, lambda abcd=abcd: self.station.see_bits(abcd))  # type: ignore[misc]
                case cas.DialTone(on=on):
                    self._later(0.5, lambda on=on: self.station.line.hear_tone(Kind.DIAL if on else None))  # type: ignore[misc]
        for sent in self.station.line.take_orders():
            match sent:
                case fxo.SetHook(hook=hook):
                    abcd = self.station.hook(hook)
                    self._later(0.003, lambda abcd=abcd: self.exchange.see_bits(abcd))  # type: ignore[misc]
                case fxo.Dial(digits=digits):
                    for at, digit in enumerate(digits):
                        self._later(0.1 * at + 0.1, lambda digit=digit: self.exchange.hear(digit))  # type: ignore[misc]
                    self._later(0.1 * len(digits) + 0.1, self.station.line.dialled)


@every_start
def test_the_exchange_rings_the_station_answers_and_hangs_up(variant: str) -> None:
    loop = Loop(variant)
    loop.exchange.place(Call())
    loop.pass_s(7)
    assert loop.last_heard() == fxo.CallOffered(None, restricted=False, name=None)
    loop.station.line.answer()
    loop.pass_s(2)
    assert loop.last_told() == cas.CallAnswered()
    assert loop.last_heard() == fxo.CallAnswered()
    loop.station.line.release()
    loop.pass_s(5)
    assert loop.last_told() == cas.CallCleared(16, by_peer=True)
    assert loop.last_heard() == fxo.CallCleared(16, by_peer=False)
    assert loop.idle()


@every_start
def test_the_station_dials_and_the_exchange_hangs_up(variant: str) -> None:
    loop = Loop(variant)
    loop.station.line.place(Dialled("101"))
    loop.pass_s(3)
    assert loop.told == [cas.ChannelIdle(), cas.CallSeized(), cas.CallOffered("101", None)]
    loop.exchange.answer()
    loop.pass_s(5)
    loop.exchange.release()
    loop.pass_s(0.3)
    if variant == "fxs_loop":
        loop.station.line.hear_tone(Kind.BUSY)
        loop.pass_s(0.1)
    assert loop.last_heard() == fxo.CallDisconnected(16)
    loop.pass_s(5)
    assert loop.last_heard() == fxo.CallCleared(16, by_peer=True)
    assert loop.last_told() == cas.CallCleared(16, by_peer=False)
    assert loop.idle()


@every_start
def test_a_flash_is_told_to_the_exchange(variant: str) -> None:
    loop = Loop(variant)
    loop.exchange.place(Call())
    loop.pass_s(3)
    loop.station.line.answer()
    loop.pass_s(3)
    loop.station.line.flash()
    loop.pass_s(3)
    assert loop.last_told() == cas.HookFlashed()
    assert loop.station.line.state is LineState.CONNECTED


@pytest.mark.parametrize("variant", ["fxs_loop", "fxs_kewl"])
def test_a_lost_span_ends_the_call_and_the_line_comes_back(variant: str) -> None:
    loop = Loop(variant)
    loop.exchange.place(Call())
    loop.pass_s(3)
    loop.station.line.answer()
    loop.pass_s(3)
    loop.station.line.lose()
    loop.pass_s(0.01)
    assert loop.heard[-2:] == [fxo.CallCleared(27, by_peer=False), fxo.ChannelBlocked()]
    loop.station.see_bits(0b0101)
    loop.pass_s(3)
    assert loop.last_heard() == fxo.ChannelIdle()
    assert loop.idle()

# SPDX-License-Identifier: GPL-2.0-only
"""Our end is the exchange of a station: ringing, dial tone, flash, and what tells the station that a call is over."""

import pytest

from appliance.signalling.cas import events
from appliance.signalling.cas.channel import Call, Channel, Wants
from appliance.signalling.cas.variant import load
from appliance.signalling.cas.words import State

pytestmark = pytest.mark.unit

ON_HOOK, OFF_HOOK, RING_GROUND = 0b0101, 0b1111, 0b0000
every_start = pytest.mark.parametrize("variant", ["fxs_loop", "fxs_kewl", "fxs_ground"])


class Exchange:
    """A channel and its clock; the test is the station."""

    def __init__(self, variant: str) -> None:
        self.now = 0.0
        self.channel = Channel(load(variant), Wants(dnis_digits=3), clock=lambda: self.now)
        self.bits: list[tuple[float, int]] = []
        self.orders: list[events.Order] = []
        self.told: list[events.Event] = []
        self.see(ON_HOOK)
        self.told.clear()

    def see(self, bits: int, seconds: float = 0.1) -> None:
        self.channel.see_bits(bits)
        self.pass_s(seconds)

    def pass_s(self, seconds: float) -> None:
        end = self.now + seconds
        self._take()
        while (due := self.channel.due()) is not None and due <= end:
            self.now = max(self.now, due)
            self.channel.run()
            self._take()
        self.now = end

    def last(self) -> events.Event:
        return self.told[-1]

    def _take(self) -> None:
        self.told += self.channel.take_events()
        orders = self.channel.take_orders()
        self.orders += orders
        self.bits += [(self.now, order.abcd) for order in orders if isinstance(order, events.SetBits)]


@every_start
def test_t1_403_a_station_is_rung_two_seconds_in_six_until_it_answers(variant: str) -> None:
    line = Exchange(variant)
    line.bits.clear()
    line.channel.place(Call())
    line.pass_s(12.5)
    assert line.told == [events.CallAccepted()]
    assert [at - line.bits[0][0] for at, _ in line.bits] == pytest.approx([0, 2, 6, 8, 12])
    assert [bits for _, bits in line.bits] == [0b0000, 0b0101] * 2 + [0b0000]
    line.see(OFF_HOOK)
    assert line.last() == events.CallAnswered()
    assert line.bits[-1][1] == 0b0101
    line.see(ON_HOOK, 3)
    assert line.last() == events.CallCleared(16, by_peer=True)


@every_start
def test_a_station_that_seizes_hears_dial_tone_until_its_first_digit(variant: str) -> None:
    line = Exchange(variant)
    line.orders.clear()
    if variant == "fxs_ground":
        line.see(RING_GROUND)
        assert line.bits[-1][1] == 0b0101, "ground on tip answers ground on ring"
    line.see(OFF_HOOK)
    tones = [order for order in line.orders if isinstance(order, events.DialTone)]
    assert tones == [events.DialTone(on=True)]
    for digit in "101":
        line.channel.hear(digit)
        line.pass_s(0.1)
    assert events.DialTone(on=False) in line.orders
    assert line.told == [events.CallSeized(), events.CallOffered("101", None)]
    line.channel.answer()
    line.pass_s(1)
    assert line.last() == events.CallAnswered()


def test_tia_464_a_loop_opened_for_half_a_second_is_a_flash_and_for_longer_a_hang_up() -> None:
    line = Exchange("fxs_kewl")
    line.channel.place(Call())
    line.see(OFF_HOOK)
    line.see(ON_HOOK, 0.6)
    line.see(OFF_HOOK)
    assert line.last() == events.HookFlashed()
    line.see(ON_HOOK, 2)
    assert line.last() == events.CallCleared(16, by_peer=True)


def test_kewl_start_opens_the_loop_when_the_call_is_over() -> None:
    line = Exchange("fxs_kewl")
    line.channel.place(Call())
    line.see(OFF_HOOK)
    line.channel.release()
    line.pass_s(1)
    (opened, open_bits), (closed, idle_bits) = line.bits[-2:]
    assert (open_bits, idle_bits) == (0b1111, 0b0101)
    assert closed - opened == pytest.approx(0.6)
    line.see(ON_HOOK, 2)
    assert line.last() == events.CallCleared(16, by_peer=False)


def test_ground_start_takes_the_ground_off_tip_when_the_call_is_over() -> None:
    line = Exchange("fxs_ground")
    line.channel.place(Call())
    line.see(OFF_HOOK)
    line.channel.release()
    line.pass_s(1)
    assert line.bits[-1][1] == 0b1111


@pytest.mark.parametrize("variant", ["fxs_ground", "fxs_ground_e1"])
@pytest.mark.parametrize("bits", [RING_GROUND, 0b1010], ids=["t1_403", "dahdi"])
def test_ground_on_ring_asks_for_the_line_by_either_code(variant: str, bits: int) -> None:
    line = Exchange(variant)
    line.see(bits)
    assert line.told == [events.CallSeized()]
    assert line.bits[-1][1] == 0b0101, "ground on tip answers"
    line.see(OFF_HOOK)
    line.see(ON_HOOK, 2)
    assert line.last() == events.CallCleared(16, by_peer=True)


def test_loop_start_has_no_word_for_it_and_waits_for_the_station() -> None:
    line = Exchange("fxs_loop")
    line.channel.place(Call())
    line.see(OFF_HOOK)
    line.channel.release()
    line.pass_s(30)
    assert line.bits[-1][1] == 0b0101
    assert line.channel.state is State.LET_GO
    line.pass_s(60)
    assert line.told[-2:] == [events.CallCleared(16, by_peer=False), events.ChannelBlocked()]
    line.see(ON_HOOK)
    assert line.last() == events.ChannelIdle()

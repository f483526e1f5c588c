# SPDX-License-Identifier: GPL-2.0-only
"""TABLE as a whole, and the variants' files."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.signalling.cas import events
from appliance.signalling.cas.channel import Call, CallStateError, Channel, Wants
from appliance.signalling.cas.states import TABLE, TIMERS
from appliance.signalling.cas.station import Station
from appliance.signalling.cas.variant import FOLDER, load, names
from appliance.signalling.cas.words import Action, Event, State
from appliance.signalling.fxo.settings import Settings
from appliance.signalling.variants import VariantError

pytestmark = pytest.mark.unit

FREE = {State.IDLE, State.BLOCKED}
CELLS = [(state, event) for state, cells in TABLE.items() for event in cells]
TRUNKS = ["em_immediate_e1", "em_immediate_t1", "em_wink_e1", "em_wink_t1"]
EXCHANGES = ["fxs_ground", "fxs_ground_e1", "fxs_kewl", "fxs_kewl_e1", "fxs_loop", "fxs_loop_e1", "fxs_reversal_e1"]
STATIONS = ["fxo_ground", "fxo_ground_e1", "fxo_loop", "fxo_loop_e1"]


def test_every_state_event_and_action_is_used() -> None:
    assert set(TABLE) == set(State) == {State.BLOCKED} | {TABLE[state][event].to for state, event in CELLS}
    assert {event for _, event in CELLS} == set(Event)
    assert {action for state, event in CELLS for action in TABLE[state][event].actions} == set(Action)


def test_a_timer_belongs_to_each_state_that_takes_its_end_and_to_no_other() -> None:
    ended = {state for state in TABLE if Event.TIMEOUT in TABLE[state]}
    assert ended | {State.WINK_SEEN} == set(TIMERS)
    assert {Event.GIVE_WAY, Event.STAY} <= TABLE[State.WINK_SEEN].keys()
    assert all(timer.clause for timer in TIMERS.values())


def test_a_call_is_cleared_where_its_channel_comes_free_or_the_next_call_begins() -> None:
    for state, event in CELLS:
        move = TABLE[state][event]
        seized = Action.TELL_SEIZED in move.actions
        ends = state not in FREE and (move.to in FREE or seized)
        assert move.actions.count(Action.TELL_CLEARED) == int(ends), f"{state} {event}"


def test_every_call_can_be_released_and_lost() -> None:
    assert all({Event.RELEASE, Event.LOSE} <= TABLE[state].keys() for state in set(TABLE) - FREE)


INPUTS = st.one_of(
    st.tuples(st.just("bits"), st.integers(0, 15)),
    st.tuples(st.just("hear"), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.sampled_from((0.0, 0.03, 0.2, 3.0, 20.0, 400.0))),
    st.tuples(st.sampled_from(("place", "answer", "release", "lose", "dialled")), st.just(0)),
)


@given(st.sampled_from(TRUNKS + EXCHANGES), st.lists(INPUTS, max_size=60))
def test_a_random_far_end_and_a_random_user_leave_an_idle_channel(
    variant: str, inputs: list[tuple[str, float]]
) -> None:
    now = 0.0
    channel = Channel(load(variant), Wants(dnis_digits=3), clock=lambda: now)
    told: Counter[type[events.Event]] = Counter()
    placed = 0
    idle = 0b0101 if variant.startswith("fxs") else 0b0001 if variant.endswith("e1") else 0b0000
    closing: list[tuple[str, float]] = [("release", 0), ("wait", 1), ("bits", idle), ("wait", 400.0)]
    for what, value in inputs + 2 * closing:
        try:
            match what:
                case "bits":
                    channel.see_bits(int(value))
                case "hear":
                    channel.hear(str(int(value)))
                case "wait":
                    now += value
                case "place":
                    channel.place(Call("123"))
                    placed += 1
                case _:
                    getattr(channel, what)()
        except CallStateError:
            assert what in ("place", "answer", "release")
        channel.run()
        told.update(map(type, channel.take_events()))
    assert channel.state is State.IDLE
    assert told[events.CallCleared] == placed + told[events.CallSeized]
    assert channel.due() is None


def test_all_are_there_and_say_where_their_figures_come_from() -> None:
    assert names() == sorted(TRUNKS + EXCHANGES + STATIONS)
    assert all(load(name).sources for name in names())


def test_g704_no_variant_of_an_e1_sends_0000() -> None:
    assert all("0000" not in load(name).bits.values() for name in names() if name.endswith("_e1"))


@pytest.mark.parametrize("name", STATIONS)
def test_a_station_is_no_trunk_and_a_trunk_no_station(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} is a station's"):
        Channel(load(name))
    with pytest.raises(ValueError, match="em_wink_e1 is no station's"):
        Station(Settings(), load("em_wink_e1"))
    with pytest.raises(ValueError, match="are not the same start"):
        Station(Settings(ground_start="ground" not in name), load(name))


HEAD = 'sources = ["nowhere"]\nbasis = "em_wink_t1"\n'


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('start = "wink"', "sources is missing"),
        (HEAD + "[bitz]\n", "'bitz' is unknown; did you mean 'bits'"),
        (HEAD + '[bits]\nidel = "0000"', r"\[bits\] 'idel' is unknown; did you mean 'idle'"),
        (HEAD + '[bits]\nidle = "00"', r"\[bits\] idle = '00' are not bits"),
        (HEAD + '[far]\nseize = ["2"]', r"\[far\] seize = \['2'\] are not bits"),
        (HEAD + '[timers]\nwink = "3"', r"\[timers\] wink = '3' are no seconds"),
        (HEAD + "[timers]\nwnk = 3", r"\[timers\] 'wnk' is unknown; did you mean 'wink'"),
        (HEAD + "far = 3", r"\[far\] must be a table"),
        (HEAD + 'start = "ring"', r"\[bits\] lacks pause, which ring start needs"),
        (HEAD + 'start = "station"', r"\[bits\] lacks off_hook, which station start needs"),
        (HEAD + 'start = "wnik"', "Invalid enum value 'wnik'"),
        ('sources = ["x"]\nbasis = "xx"', "is its own basis"),
        ('sources = ["x"]\nstart = "wink"', "Object missing required field `bits`"),
        ("sources = [", "is not TOML"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_nearest_name(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "em_wink_t1.toml").write_text((FOLDER / "em_wink_t1.toml").read_text())
    (tmp_path / "xx.toml").write_text(text)
    with pytest.raises(VariantError, match=f"^xx.toml: .*{sentence}"):
        load("xx", tmp_path)


def test_an_unknown_variant_is_told_with_the_nearest_name() -> None:
    with pytest.raises(VariantError, match="no CAS variant 'em_wink_t2'; did you mean 'em_wink_"):
        load("em_wink_t2")

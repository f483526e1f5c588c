# SPDX-License-Identifier: GPL-2.0-only
"""What a supervisor reads of a contact, by what became of it."""

from fractions import Fraction

import msgspec
import pytest

from appliance.headquarters.reports.intervals.facts import facts
from appliance.headquarters.reports.intervals.figures import BASE_NS, Figures, Key
from appliance.headquarters.reports.intervals.levels import averages_ms, percent, service_levels
from appliance.headquarters.reports.intervals.thresholds import Since, Threshold, Thresholds
from appliance.wire import calls
from appliance.wire.envelope import Envelope
from appliance.wire.legs import Direction, ReleasedBy
from appliance.wire.routes import RingAgent, Tandem
from tests.headquarters.told import (
    ASKS,
    BUSY,
    HOLD,
    TEN_NS,
    S,
    began,
    caller_gone,
    decided,
    ended,
    ring,
    row_of,
    rung,
    story,
    talk,
    talked,
    unanswered,
)

pytestmark = pytest.mark.unit


def counted(events: list[Envelope]) -> dict[Key, Figures]:
    rows = facts(events, Thresholds())
    assert all(row.offered == row.accounted for row in rows.values())
    return rows


def test_a_caller_answered_at_once_is_in_time_everywhere() -> None:
    rows = counted(
        story(
            (0, began()),
            (1, decided(ring())),
            (1, rung()),
            (8, talk()),
            (68, talked(60)),
            (68, caller_gone()),
            (68, ended()),
        )
    )
    answered = {"offered": 1, "answered": 1, "talk_samples": 480_000, "longest_talk_samples": 480_000}
    in_time = {"level_offered": 1, "level_answered": 1}
    assert row_of(rows, "call-type", "card") == {
        **answered,
        **in_time,
        "answer_wait_ms": 8000,
        "longest_answer_wait_ms": 8000,
    }
    seven = {"answer_wait_ms": 7000, "longest_answer_wait_ms": 7000}
    assert row_of(rows, "queue", "gold") == {**answered, **in_time, **seven}
    assert row_of(rows, "agent", "1001") == {**answered, **seven}
    assert row_of(rows, "trunk", "telco")["answered"] == 1


def test_all_is_counted_where_it_was_offered_however_late_it_ends() -> None:
    at_ns = TEN_NS + 299 * S
    rows = counted(story((0, began()), (0, decided(HOLD, "gold")), (400, ended()), at_ns=at_ns))
    assert {key.start_ns for key in rows} == {TEN_NS}
    assert row_of(rows, "queue", "gold")["abandoned_queue"] == 1
    assert next(iter(rows)).start_ns % BASE_NS == 0


def test_who_hangs_up_in_the_menu_is_abandoned_in_the_ivr() -> None:
    rows = counted(story((0, began()), (1, decided(ASKS)), (9, caller_gone()), (10, ended())))
    waited = {"abandon_wait_ms": 9000, "longest_abandon_wait_ms": 9000}
    assert row_of(rows, "call-type", "card") == {
        "offered": 1,
        "abandoned_ivr": 1,
        "level_offered": 1,
        "level_abandoned": 1,
        **waited,
    }
    assert row_of(rows, "trunk", "telco") == {"offered": 1, "abandoned_ivr": 1, **waited}


def test_who_hangs_up_in_the_queue_after_the_threshold_is_late_for_good() -> None:
    rows = counted(story((0, began()), (2, decided(HOLD, "gold")), (42, caller_gone()), (42, ended())))
    assert row_of(rows, "queue", "gold") == {
        "offered": 1,
        "abandoned_queue": 1,
        "level_offered": 1,
        "abandon_wait_ms": 40_000,
        "longest_abandon_wait_ms": 40_000,
    }
    assert row_of(rows, "call-type", "card")["abandoned_queue"] == 1


def test_who_hangs_up_while_the_phone_rings_is_abandoned_ringing() -> None:
    rows = counted(
        story(
            (0, began()),
            (1, decided(HOLD, "gold", "silver")),
            (6, decided(ring(), outcome="waiting")),
            (6, rung()),
            (14, caller_gone()),
            (14, unanswered(cause=16)),
            (14, ended()),
        )
    )
    assert row_of(rows, "agent", "1001")["abandoned_ringing"] == 1
    assert row_of(rows, "queue", "gold")["abandoned_ringing"] == 1
    assert row_of(rows, "queue", "silver")["abandoned_queue"] == 1
    assert row_of(rows, "call-type", "card")["abandoned_ringing"] == 1


def test_who_hangs_up_within_five_seconds_is_a_short_call_and_harms_no_level() -> None:
    rows = counted(story((0, began()), (1, decided(HOLD, "gold")), (4.9, ended())))
    assert row_of(rows, "call-type", "card") == {"offered": 1, "short": 1}
    assert row_of(rows, "queue", "gold") == {"offered": 1, "short": 1}
    rows = counted(story((0, began()), (1, decided(HOLD, "gold")), (5, ended())))
    assert row_of(rows, "call-type", "card")["abandoned_queue"] == 1
    assert row_of(rows, "queue", "gold") == {"offered": 1, "short": 1}


def test_a_caller_sent_on_to_a_second_queue_has_overflowed_the_first() -> None:
    rows = counted(
        story(
            (0, began()),
            (1, decided(HOLD, "gold")),
            (21, decided(HOLD, "gold", outcome="played")),
            (31, decided(HOLD, "silver", outcome="played")),
            (33, decided(ring("silver", "1002"), outcome="waiting")),
            (33, rung(agent="1002")),
            (35, talk()),
        )
    )
    assert row_of(rows, "queue", "gold") == {"offered": 1, "overflow": 1, "level_offered": 1}
    assert row_of(rows, "queue", "silver")["answer_wait_ms"] == 4000
    assert row_of(rows, "call-type", "card")["answer_wait_ms"] == 35_000


def test_a_caller_of_two_queues_answered_by_one_is_redirected_from_the_other() -> None:
    rows = counted(
        story(
            (0, began()),
            (1, decided(HOLD, "gold", "silver")),
            (9, decided(ring("silver"), outcome="waiting")),
            (9, rung()),
            (11, talk()),
        )
    )
    assert row_of(rows, "queue", "gold") == {"offered": 1, "redirected": 1}
    assert row_of(rows, "queue", "silver")["answered"] == 1


def test_an_agent_who_does_not_answer_is_redirected_and_the_caller_waits_on_in_his_queue() -> None:
    rows = counted(
        story(
            (0, began()),
            (1, decided(ring())),
            (1, rung()),
            (21, unanswered()),
            (21, decided(HOLD, "gold", outcome="no-answer")),
            (30, decided(ring(agent="1002"), outcome="waiting")),
            (30, rung("L3", "1002")),
            (33, talk("L3")),
        )
    )
    assert row_of(rows, "agent", "1001") == {"offered": 1, "redirected": 1}
    assert row_of(rows, "agent", "1002")["answered"] == 1
    assert row_of(rows, "queue", "gold")["answer_wait_ms"] == 32_000


def test_a_caller_who_leaves_the_queue_because_its_agent_did_not_answer_is_redirected_from_it() -> None:
    rows = counted(
        story(
            (0, began()),
            (1, decided(ring())),
            (1, rung()),
            (21, unanswered(cause=17)),
            (21, decided(ASKS, outcome="busy")),
            (30, caller_gone()),
            (30, ended()),
        )
    )
    assert row_of(rows, "queue", "gold") == {"offered": 1, "redirected": 1}
    assert row_of(rows, "call-type", "card")["abandoned_ivr"] == 1


def test_a_caller_told_busy_is_released_by_us() -> None:
    busy = caller_gone(ReleasedBy.US)
    rows = counted(
        story((0, began()), (1, decided(HOLD, "gold")), (61, decided(BUSY)), (61, busy), (61, ended("us", 17)))
    )
    assert row_of(rows, "call-type", "card") == {"offered": 1, "released": 1, "level_offered": 1}
    assert row_of(rows, "queue", "gold") == {"offered": 1, "released": 1, "level_offered": 1}


def test_a_caller_lost_by_a_fault_is_released_and_within_the_threshold_no_level_event() -> None:
    rows = counted(story((0, began()), (1, decided(HOLD, "gold")), (3, ended("fault", 41))))
    assert row_of(rows, "queue", "gold") == {"offered": 1, "released": 1}


def test_a_caller_who_still_waits_is_waiting() -> None:
    rows = counted(story((0, began()), (1, decided(HOLD, "gold"))))
    assert row_of(rows, "queue", "gold") == {"offered": 1, "waiting": 1}


def test_a_call_type_changed_by_the_script_has_overflowed_to_the_next() -> None:
    rows = counted(
        story((0, began()), (1, decided(ASKS)), (9, decided(HOLD, "gold", call_type="loans")), (19, ended()))
    )
    assert row_of(rows, "call-type", "card") == {"offered": 1, "overflow": 1}
    assert row_of(rows, "call-type", "loans")["abandon_wait_ms"] == 10_000


def test_a_branch_that_decides_alone_has_answered_without_call_type_and_redirected_from_the_queue() -> None:
    alone = decided(RingAgent(agent="", extension="8001", queue="", token=""), call_type="", by="branch")
    rows = counted(story((0, began()), (1, decided(HOLD, "gold")), (21, alone), (21, rung(agent=None)), (25, talk())))
    assert row_of(rows, "queue", "gold") == {"offered": 1, "redirected": 1, "level_offered": 1}
    assert row_of(rows, "call-type", "card")["answered"] == 1
    assert not [key for key in rows if key.kind == "agent"]
    rows = counted(story((0, began()), (1, alone), (1, rung(agent=None)), (4, talk())))
    assert row_of(rows, "call-type", "")["answered"] == 1


def transfer(by: str, outcome: str, agent: str | None = None) -> calls.TransferEnded:
    return calls.TransferEnded(contact="", by=by, to="95599", outcome=outcome, agent=agent)


def consult(leg: str, seconds: int) -> tuple[calls.TalkBegan, calls.TalkEnded]:
    told = calls.TalkEnded(contact="", sample=0, samples=seconds * 8000, consult=True)
    return calls.TalkBegan(contact="", leg=leg, sample=0, consult=True), told


def test_a_contact_that_is_handed_on_is_answered_twice_and_counted_as_transferred_where_it_was_first() -> None:
    word, end = consult("L3", 20)
    rows = counted(
        story(
            *((0, began()), (1, decided(ring())), (1, rung()), (6, talk()), (66, talked(60))),
            (66, decided(ring("loans", "1002"), outcome="consulting", call_type="loans")),
            *((66, rung("L3", "1002")), (70, word), (90, end), (90, transfer("1001", "completed"))),
            *((90, unanswered("L2", 16)), (90, talk("L3")), (120, talked(30)), (120, caller_gone()), (120, ended())),
        )
    )
    first, second = row_of(rows, "queue", "gold"), row_of(rows, "queue", "loans")
    assert (first["answered"], first["transferred"], first["talk_samples"]) == (1, 1, 480_000)
    assert (second["answered"], second.get("transferred"), second["talk_samples"]) == (1, None, 400_000)
    assert row_of(rows, "agent", "1001")["transferred"] == 1
    assert row_of(rows, "agent", "1002")["talk_samples"] == 400_000
    assert row_of(rows, "call-type", "card")["transferred"] == 1
    loans = row_of(rows, "call-type", "loans")
    assert (loans["answered"], loans["talk_samples"]) == (1, 240_000)
    assert row_of(rows, "trunk", "telco")["talk_samples"] == 720_000, "agents' words are not the caller's"


def test_a_contact_handed_on_blind_whose_caller_gives_up_is_abandoned_in_the_second_queue() -> None:
    rows = counted(
        story(
            *((0, began()), (1, decided(ring())), (1, rung()), (6, talk()), (66, talked(60))),
            (66, decided(HOLD, "loans", outcome="transferred", call_type="loans")),
            *((66, transfer("1001", "completed")), (66, unanswered("L2", 16)), (99, caller_gone()), (99, ended())),
        )
    )
    assert row_of(rows, "queue", "gold")["transferred"] == 1
    assert row_of(rows, "queue", "loans")["abandoned_queue"] == 1
    assert row_of(rows, "call-type", "loans")["abandoned_queue"] == 1


def test_a_contact_that_came_back_to_its_agent_is_one_answer_with_both_talks() -> None:
    rows = counted(
        story(
            *((0, began()), (1, decided(ring())), (1, rung()), (6, talk()), (66, talked(60))),
            (66, decided(ring("", "1002"), outcome="consulting")),
            *((66, rung("L3", "1002")), (86, unanswered("L3")), (86, transfer("1001", "reconnected"))),
            *((86, talk()), (96, talked(10)), (96, caller_gone()), (96, ended())),
        )
    )
    assert row_of(rows, "agent", "1001")["talk_samples"] == 560_000
    assert row_of(rows, "agent", "1002")["redirected"] == 1
    assert "transferred" not in row_of(rows, "agent", "1001")


def test_a_tandem_call_is_its_trunk_s_alone() -> None:
    passes = calls.RouteDecided(contact="", by="branch", latency_ms=0, action=Tandem(trunk="pbx"), reason="")
    far = calls.LegBegan(
        contact="", leg="L2", direction=Direction.OUTGOING, channel="trunk pbx", to="8001", trunk="pbx"
    )
    rows = counted(story((0, began()), (0, passes), (0, far), (3, talk()), (9, talked(6)), (9, ended("called"))))
    assert [key.kind for key in rows] == ["trunk"]
    assert row_of(rows, "trunk", "telco")["talk_samples"] == 48_000


def test_a_caller_who_is_called_back_is_that_in_his_queue_and_call_type_and_the_tries_are_the_agent_s_alone() -> None:
    asked_for = msgspec.structs.replace(decided(ASKS, "gold", outcome="digits"), callback="1.7")
    waited = story(
        (0, began()), (1, decided(HOLD, "gold")), (31, asked_for), (33, caller_gone()), (33, ended()), contact="c1"
    )
    rows = counted(waited)
    for kind, name in (("queue", "gold"), ("call-type", "card"), ("trunk", "telco")):
        assert (row_of(rows, kind, name)["offered"], row_of(rows, kind, name)["callback"]) == (1, 1)
    tries = msgspec.structs.replace(began(), callback="1.7", origin="c1")
    rows = counted(
        story(
            (0, tries),
            (0, decided(ring())),
            (0, rung()),
            (9, talk()),
            (69, talked(60)),
            (69, caller_gone()),
            (69, ended()),
        )
    )
    assert [(key.kind, key.name) for key in rows] == [("agent", "1001")]
    assert row_of(rows, "agent", "1001")["answered"] == 1


def test_who_asks_to_be_called_back_without_having_waited_was_offered_to_the_queue_all_the_same() -> None:
    asked_for = msgspec.structs.replace(decided(ASKS, "gold", outcome="digits"), callback="1.7")
    rows = counted(story((0, began()), (1, decided(ASKS)), (9, asked_for), (12, caller_gone()), (12, ended())))
    assert row_of(rows, "queue", "gold") == {"offered": 1, "callback": 1}


def test_an_agent_lost_in_the_talk_and_a_second_one_are_one_answered_contact_with_both_talks() -> None:
    rows = counted(
        story(
            (0, began()),
            (1, decided(ring())),
            (1, rung()),
            (3, talk()),
            (13, talked(10)),
            (13, unanswered(cause=41)),
            (14, decided(ring("silver", "1002"), outcome="agent-gone")),
            (14, rung("L3", "1002")),
            (15, talk("L3")),
            (45, talked(30)),
            (45, ended("agent")),
        )
    )
    card = row_of(rows, "call-type", "card")
    assert (card["answered"], card["talk_samples"], card["longest_talk_samples"]) == (1, 320_000, 240_000)
    assert row_of(rows, "queue", "gold")["talk_samples"] == 80_000
    assert row_of(rows, "queue", "silver")["talk_samples"] == 240_000
    assert row_of(rows, "agent", "1001")["talk_samples"] == 80_000


def test_a_contact_queued_twice_in_one_queue_is_offered_to_it_twice() -> None:
    rows = counted(
        story(
            (0, began()),
            (1, decided(HOLD, "gold")),
            (7, decided(ASKS, outcome="played")),
            (15, decided(HOLD, "gold", outcome="played")),
            (25, ended()),
        )
    )
    assert row_of(rows, "queue", "gold") == {
        "offered": 2,
        "overflow": 1,
        "abandoned_queue": 1,
        "level_offered": 1,
        "level_abandoned": 1,
        "abandon_wait_ms": 10_000,
        "longest_abandon_wait_ms": 10_000,
    }


def test_a_hold_of_before_queues_were_told_is_a_queue_all_the_same() -> None:
    rows = counted(
        story(
            (0, began()),
            (1, decided(ring())),
            (1, rung()),
            (21, unanswered()),
            (21, decided(HOLD, outcome="no-answer")),
            (31, ended()),
        )
    )
    assert row_of(rows, "queue", "gold")["abandoned_queue"] == 1
    assert row_of(rows, "call-type", "card")["abandoned_queue"] == 1


def test_nothing_is_counted_of_a_contact_whose_beginning_has_not_been_heard() -> None:
    assert counted(story((1, decided(HOLD, "gold")), (9, ended()))) == {}


def test_a_restarted_call_control_goes_on_with_the_contact_and_its_wait_goes_by_utc() -> None:
    before = story((0, began()), (1, decided(HOLD, "gold")))
    after = story((31, decided(ring(), outcome="waiting")), (31, rung()), (33, talk()), life="b")
    rows = counted([*after, *before])
    assert row_of(rows, "queue", "gold")["answer_wait_ms"] == 32_000


def test_a_clock_that_is_set_back_while_the_caller_waits_changes_no_wait() -> None:
    events = story((0, began()), (1, decided(HOLD, "gold")))
    events += story((11, ended()), at_ns=TEN_NS - 3600 * S, first=3)
    rows = counted(events)
    assert row_of(rows, "queue", "gold")["abandon_wait_ms"] == 10_000


def test_a_contact_is_counted_by_the_threshold_of_its_day() -> None:
    held = Thresholds(
        [
            Since("queue", "gold", 0, Threshold(10)),
            Since("queue", "gold", TEN_NS + 100 * S, Threshold(30)),
            Since("", "", 0, Threshold(20, 0)),
        ]
    )
    steps = ((0, began()), (0, decided(HOLD, "gold")), (15, decided(ring())), (15, rung()), (15, talk()))
    for at_ns, in_time in ((TEN_NS, None), (TEN_NS + 100 * S, 1)):
        assert row_of(facts(story(*steps, at_ns=at_ns), held), "queue", "gold").get("level_answered") == in_time
    assert row_of(facts(story((0, began()), (1, ended())), held), "call-type", "")["abandoned_ivr"] == 1


def test_the_four_service_levels_of_one_hundred_contacts() -> None:
    row = Figures(
        offered=105,
        answered=88,
        abandoned_queue=12,
        short=5,
        level_offered=100,
        level_answered=70,
        level_abandoned=10,
        answer_wait_ms=1760_000,
        talk_samples=88 * 8000 * 60,
    )
    assert service_levels(row) == {
        "ignored": Fraction(70, 90),
        "negative": Fraction(70, 100),
        "positive": Fraction(80, 100),
        "handled": Fraction(70, 88),
    }
    assert {name: percent(level) for name, level in service_levels(row).items()} == {
        "ignored": "77.78",
        "negative": "70.00",
        "positive": "80.00",
        "handled": "79.55",
    }
    averages = {"answer_wait": 20_000, "abandon_wait": 0, "talk": 60_000, "hold": 0, "wrap_up": 0, "handle": 60_000}
    assert averages_ms(row) == averages
    assert set(service_levels(Figures()).values()) == {None}
    assert percent(Fraction(1)) == "100.00"

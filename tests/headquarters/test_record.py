# SPDX-License-Identifier: GPL-2.0-only
"""The record tells a call as it was, whatever the order in which its events come."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Select

from appliance.headquarters.reports import store
from appliance.headquarters.reports.intervals.counting import STORED_AT
from appliance.headquarters.reports.reading import Record
from appliance.headquarters.reports.writer import KNOWN, Writer, read_batch
from appliance.wire import calls
from appliance.wire.envelope import Envelope, Sealer, UnknownMessageError, encode
from appliance.wire.ids import Identity
from appliance.wire.legs import Direction, ReleasedBy
from appliance.wire.routes import RingAgent, RouteRequest, Tandem, Treat
from appliance.wire.treatments import Music, Play

pytestmark = pytest.mark.unit

BOX, C = "BR-0001", "BR-0001.x.1"
RING = RingAgent(agent="1001", extension="8001", queue="card", token="e.1")
STORY: tuple[calls.CallEvent, ...] = (
    calls.ContactBegan(contact=C, leg="L1", channel="span 1 timeslot 5", dnis="95588", clid="02155501234"),
    calls.RouteDecided(
        contact=C,
        by="headquarters",
        latency_ms=3.5,
        action=Treat(verbs=(Play(prompts=("hello-world",)),)),
        reason="script welcome treats the caller at ask",
        call_type="card-service",
        script="welcome",
        version="abc",
        path=("greet", "ask"),
    ),
    calls.DigitsEntered(contact=C, ced="1"),
    calls.RouteDecided(
        contact=C,
        by="headquarters",
        latency_ms=2.5,
        action=RING,
        reason="Li Na",
        outcome="digits",
        values={"ced": "1"},
    ),
    calls.LegBegan(contact=C, leg="L2", direction=Direction.OUTGOING, channel="sip 8001", to="8001", agent="1001"),
    calls.LegConnected(contact=C, leg="L2", sample=80_000),
    calls.TalkBegan(contact=C, leg="L2", sample=80_000, recording="0123456789abcdef"),
    calls.TalkEnded(contact=C, sample=120_000, samples=40_000),
    calls.LegEnded(contact=C, leg="L2", cause=16, by=ReleasedBy.US, sample=120_000),
    calls.LegEnded(contact=C, leg="L1", cause=16, by=ReleasedBy.PEER, sample=120_000),
    calls.ContactEnded(contact=C, cause=16, by="caller"),
)
SEALED = calls.RecordingSealed(contact="", recording="0123456789abcdef", samples=40_000, octets=80_058, sha256="0" * 64)


def sealed(*events: calls.CallEvent, process: str = "call") -> list[Envelope]:
    sealer = Sealer(Identity.take(BOX, process))
    return [sealer.seal(event) for event in events]


def record_in(folder: Path) -> tuple[Writer, Record]:
    path = folder / "record.db"
    return Writer(store.open_writer(path)), Record(store.open_reader(path))


def test_a_call_is_told_with_legs_decisions_times_and_recording(tmp_path: Path) -> None:
    writer, record = record_in(tmp_path)
    writer.store(sealed(*STORY))
    writer.store(sealed(SEALED, process="recorder"))
    writer.recording_here("0123456789abcdef", "")
    (row,) = record.calls_before()
    assert (row["clid"], row["dnis"], row["ced"], row["agent"]) == ("02155501234", "95588", "1", "1001")
    assert (row["cause"], row["by"], row["talk_samples"], row["stage"]) == (16, "caller", 40_000, "ended")
    assert row["recording"] == "0123456789abcdef"
    assert row["began_ns"] <= row["queued_ns"] <= row["talk_ns"] <= row["ended_ns"]
    call = record.call(C)
    assert call is not None
    assert [one["reason"] for one in call["decisions"]] == ["script welcome treats the caller at ask", "Li Na"]
    assert call["decisions"][0]["path"] == ["greet", "ask"]
    assert call["decisions"][1]["compared"] == {"ced": "1"}
    assert [(one["leg"], one["cause"]) for one in call["legs"]] == [("L1", 16), ("L2", 16)]
    assert call["recordings"][0]["samples"] == 40_000


def test_the_recording_sealed_before_the_contact_is_heard_of_is_not_lost(tmp_path: Path) -> None:
    writer, record = record_in(tmp_path)
    writer.store(sealed(SEALED, process="recorder"))
    writer.store(sealed(*STORY))
    call = record.call(C)
    assert call is not None
    assert call["recordings"][0]["octets"] == 80_058


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(len(STORY) + 1)), st.integers(1, len(STORY) + 1))
def test_in_any_order_the_finished_call_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], together: int
) -> None:
    """However many of its events come in one batch."""
    writer, record = record_in(tmp_path_factory.mktemp("record"))
    events = [*sealed(*STORY), *sealed(SEALED, process="recorder")]
    for first in range(0, len(order), together):
        writer.store([events[place] for place in order[first : first + together]])
    call = record.call(C)
    assert call is not None
    told = {name: call[name] for name in ("dnis", "ced", "agent", "cause", "by", "talk_samples", "call_type")}
    assert told == {
        "dnis": "95588",
        "ced": "1",
        "agent": "1001",
        "cause": 16,
        "by": "caller",
        "talk_samples": 40_000,
        "call_type": "card-service",
    }
    assert len(call["legs"]) == 2
    assert len(call["decisions"]) == 2


def test_a_batch_sent_again_is_stored_once_and_told_once(tmp_path: Path) -> None:
    writer, _ = record_in(tmp_path)
    batch = sealed(*STORY)
    assert len(writer.store(batch[:6])) == 6
    assert [one.seq for one in writer.store(batch)] == [7, 8, 9, 10, 11]
    assert writer.store(batch) == []


def test_a_call_in_progress_stands_among_calls_now_and_its_agent_is_busy(tmp_path: Path) -> None:
    writer, record = record_in(tmp_path)
    writer.store(sealed(*STORY[:7]))
    (row,) = record.calls_now()
    assert (row["contact"], row["stage"]) == (C, "talking")
    assert writer.open_agent_legs() == [(BOX, "1001", "8001", "L2", C)]
    assert record.calls_before() == []


def test_events_of_another_box_are_refused() -> None:
    batch = b"[" + encode(sealed(STORY[0])[0]) + b"]"
    assert len(read_batch(batch, BOX)) == 1
    with pytest.raises(UnknownMessageError, match="BR-0002"):
        read_batch(batch, "BR-0002")


def test_what_is_no_call_event_is_refused() -> None:
    other = Sealer(Identity.take(BOX, "call")).seal(RouteRequest(request="r", contact=C, dnis="1"))
    with pytest.raises(UnknownMessageError, match="no call event"):
        read_batch(b"[" + encode(other) + b"]", BOX)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(str.encode)))
def test_octets_that_are_no_batch_are_refused_as_such(payload: bytes) -> None:
    try:
        batch = read_batch(payload, BOX)
    except UnknownMessageError:
        return
    assert batch == []


def test_a_tandem_call_is_told_with_both_trunks_and_its_talk_and_is_nobody_s_agent(tmp_path: Path) -> None:
    writer, record = record_in(tmp_path)
    story: tuple[calls.CallEvent, ...] = (
        calls.ContactBegan(contact=C, leg="L1", channel="span 1 timeslot 5", dnis="8001", trunk="telco"),
        calls.RouteDecided(contact=C, by="branch", latency_ms=0, action=Tandem(trunk="pbx"), reason="telco to pbx"),
        calls.LegBegan(contact=C, leg="L2", direction=Direction.OUTGOING, channel="trunk pbx", to="8001", trunk="pbx"),
        calls.TalkBegan(contact=C, leg="L2", sample=80_000),
    )
    writer.store(sealed(*story))
    assert writer.open_agent_legs() == []
    (now,) = record.calls_now()
    assert (now["stage"], now["agent"]) == ("talking", None)
    writer.store(
        sealed(
            calls.TalkEnded(contact=C, sample=120_000, samples=40_000),
            calls.ContactEnded(contact=C, cause=17, by="called"),
        )
    )
    call = record.call(C)
    assert call is not None
    assert (call["talk_samples"], call["cause"], call["by"]) == (40_000, 17, "called")
    carried = {"do": "tandem", "trunk": "pbx", "overflow": ""}
    assert [decision["action"] for decision in call["decisions"]] == [carried]
    assert [leg["channel"] for leg in call["legs"]] == ["span 1 timeslot 5", "trunk pbx"]


def test_a_caller_who_waits_is_told_so_and_his_wait_counts_from_the_queue(tmp_path: Path) -> None:
    writer, record = record_in(tmp_path)
    hold = Treat(verbs=(Music(prompts=("queue-thankyou",), seconds=20),))
    waits = calls.RouteDecided(
        contact=C, by="headquarters", latency_ms=1.0, action=hold, reason="waits as number 1 of 1"
    )
    events = sealed(*STORY[:3], waits, waits, *STORY[3:])
    writer.store(events[:4])
    (now,) = record.calls_now()
    assert (now["stage"], now["queued_ns"]) == ("waiting", events[3].at_ns)
    writer.store(events[4:])
    (before,) = record.calls_before()
    assert before["queued_ns"] == events[3].at_ns


@pytest.mark.parametrize(
    ("query", "asked", "by"),
    [
        (
            KNOWN,
            {"box": BOX, "process": "call", "incarnation": "x", "seqs": [1, 2]},
            "box=? AND process=? AND incarnation=? AND seq=?",
        ),
        (STORED_AT, {"start_ns": 0, "kind": "queue", "names": ["a", "b"]}, "start_ns=? AND kind=? AND name=?"),
    ],
)
def test_a_batch_is_stored_alike_however_much_is_there(
    tmp_path: Path, query: Select[Any], asked: dict[str, object], by: str
) -> None:
    engine = store.open_writer(store.path_of(tmp_path))
    text = query.params(asked).compile(engine, compile_kwargs={"literal_binds": True})
    with engine.connect() as connection:
        (plan,) = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").fetchall()
    assert by in plan[-1]

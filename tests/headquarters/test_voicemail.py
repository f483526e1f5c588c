# SPDX-License-Identifier: GPL-2.0-only
"""Messages of callers at headquarters: listed, marked, deleted, and counted where they were offered."""

import asyncio
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest
from sqlalchemy import Engine

from appliance.cli import voicemail as shown
from appliance.headquarters.mailboxes import Mailboxes
from appliance.headquarters.recordings.vault import Vault
from appliance.headquarters.reports import store, voicemail
from appliance.headquarters.reports.intervals.facts import facts
from appliance.headquarters.reports.intervals.thresholds import Thresholds
from appliance.headquarters.reports.reading import Record
from appliance.headquarters.reports.writer import Writer
from appliance.wire import calls
from appliance.wire.envelope import Envelope, Sealer, encode
from appliance.wire.ids import Identity
from appliance.wire.routes import Treat
from appliance.wire.service_messages import Refused
from appliance.wire.treatments import Voicemail
from appliance.wire.voicemail import Mark, MarkVoicemail, VoicemailMarked
from tests.headquarters.told import (
    HOLD,
    TEN_NS,
    C,
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
)

pytestmark = [pytest.mark.unit, pytest.mark.timeout(20)]

R = "00000000000000a1"
T = TypeVar("T")
TREAT = Treat(verbs=(Voicemail("card"),))
BEGAN = calls.VoicemailBegan(contact="", mailbox="card", recording=R, sample=0)
SEALED = calls.RecordingSealed(contact="", recording=R, samples=56_000, octets=112_058, sha256="0" * 64)


def over(*, kept: bool = True) -> calls.VoicemailEnded:
    return calls.VoicemailEnded(contact="", recording=R, samples=56_000, kept=kept)


LEFT = ((0, began()), (1, decided(TREAT)), (3, BEGAN), (10, over()), (10, caller_gone()), (10, ended()))


def sealed() -> Envelope:
    """The recorder's word, which knows no contact."""
    return Envelope(
        id="s", box="BR-0001", process="recorder", incarnation="r", seq=1, mono_ns=0, at_ns=TEN_NS, body=SEALED
    )


def kept(path: Path, *events: Envelope) -> Engine:
    """A record of these."""
    writer = Writer(store.open_writer(path))
    writer.store(events)
    return store.open_reader(path)


def test_a_message_is_listed_once_its_length_is_known_in_whatever_order_it_is_told(tmp_path: Path) -> None:
    told = (*story(*LEFT), sealed())
    for number, order in enumerate(itertools.permutations(told[2:4] + told[-1:])):
        rest = [one for one in told if one not in order]
        engine = kept(tmp_path / f"{number}.db", *rest, *order)
        (row,) = voicemail.messages(engine, "card")
        assert (row["recording"], row["contact"], row["samples"], row["here"]) == (R, C, 56_000, None)
        assert voicemail.messages(engine, "loan") == []
        assert voicemail.mailboxes(engine) == {"card"}
    assert voicemail.messages(kept(tmp_path / "unsealed.db", *told[:-1])) == []


def test_what_is_none_is_not_listed_and_what_a_death_left_without_an_end_is(tmp_path: Path) -> None:
    silent = story(*LEFT[:3], (10, over(kept=False)), *LEFT[4:])
    assert voicemail.messages(kept(tmp_path / "a.db", *silent, sealed())) == []
    assert len(voicemail.messages(kept(tmp_path / "b.db", *story(*LEFT[:3]), sealed()))) == 1


def test_a_message_that_could_not_be_recorded_is_listed_with_why(tmp_path: Path) -> None:
    failed = calls.RecordingFailed(contact="", recording=R, sentence="the data disk is full")
    told = msgspec.structs.replace(sealed(), body=failed)
    (row,) = voicemail.messages(kept(tmp_path / "record.db", *story(*LEFT), told))
    assert (row["samples"], row["here"], row["failure"]) == (None, None, "the data disk is full")


class Disk:
    async def write(self, work: Callable[[], T]) -> T:
        return work()


def test_a_message_is_marked_and_deleted_with_its_sound_from_headquarters_box_alone(tmp_path: Path) -> None:
    writer = Writer(store.open_writer(tmp_path / "record.db"))
    writer.store([*story(*LEFT), sealed()])
    reader, vault = store.open_reader(tmp_path / "record.db"), Vault(tmp_path / "recordings")
    boxes = Mailboxes(Disk(), writer, vault, "HQ-0001")

    def told(mark: Mark, recording: str = R, box: str = "HQ-0001") -> VoicemailMarked | Refused:
        asked = MarkVoicemail(recording=recording, mark=mark)
        return asyncio.run(boxes.command(encode(Sealer(Identity.take(box, "cli")).seal(asked))))[0]

    assert told(Mark.HEARD, box="BR-0001") == Refused(
        code="voicemail.box", sentence="box BR-0001 may not mark messages; headquarters HQ-0001 may"
    )
    assert told(Mark.HEARD) == VoicemailMarked(recording=R, mark=Mark.HEARD)
    assert voicemail.messages(reader)[0]["heard_ns"] is not None
    assert told(Mark.NEW) == VoicemailMarked(recording=R, mark=Mark.NEW)
    assert voicemail.messages(reader)[0]["heard_ns"] is None
    assert isinstance(told(Mark.DELETED), Refused), "its sound is on its way and would come back"
    (tmp_path / "recordings" / f"{R}.wav").touch()
    writer.recording_here(R, "")
    assert isinstance(told(Mark.HEARD, "00000000000000a2"), Refused)
    assert told(Mark.DELETED) == VoicemailMarked(recording=R, mark=Mark.DELETED)
    assert isinstance(told(Mark.DELETED), Refused)
    assert (voicemail.messages(reader), vault.path_of(R)) == ([], None)
    (sound,) = (Record(reader).call(C) or {})["recordings"]
    assert (sound["here"], sound["failure"]) == (False, voicemail.DELETED)


def test_the_table_in_chinese_and_a_mailbox_that_nobody_has_spoken_to(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept(tmp_path / "record.db", *story(*LEFT), sealed())
    words = ["--state", str(tmp_path), "--config", "", "--language", "zh"]
    assert shown.show(["card", *words]) == 0
    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == ["留言", "信箱", "时间", "主叫", "时长", "状态", "呼叫"]
    assert row.split()[:2] == [R, "card"]
    assert row.split()[4:] == ["-", "0:07", "传送中", C]
    assert shown.show(["crad", *words]) == 1
    assert "did you mean 'card'?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("steps", "outcome"),
    [
        (LEFT, "overflow"),
        (LEFT[:3] + LEFT[4:], "overflow"),
        ((*LEFT[:3], (10, over(kept=False)), *LEFT[4:]), "abandoned_ivr"),
        ((*LEFT[:4], (12, ended("us"))), "overflow"),
        ((*LEFT[:4], (11, decided(ring())), (11, rung()), (14, talk()), (20, talked(6)), (20, ended())), "answered"),
    ],
)
def test_who_leaves_a_message_has_overflowed_unless_an_agent_had_him_after_all(
    steps: tuple[tuple[float, calls.CallEvent], ...], outcome: str
) -> None:
    rows = facts(story(*steps), Thresholds())
    assert all(row.offered == row.accounted for row in rows.values())
    for kind, name in (("call-type", "card"), ("trunk", "telco")):
        assert row_of(rows, kind, name)[outcome] == 1


def test_a_queue_that_was_left_for_a_mailbox_has_overflowed_there() -> None:
    waited = ((0, began()), (1, decided(HOLD, "gold")), (31, decided(TREAT, outcome="played")), (33, BEGAN))
    rows = facts(story(*waited, (40, over()), (40, caller_gone()), (40, ended())), Thresholds())
    assert row_of(rows, "queue", "gold")["overflow"] == 1
    assert row_of(rows, "call-type", "card")["overflow"] == 1

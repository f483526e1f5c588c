# SPDX-License-Identifier: GPL-2.0-only
"""`router verify`, as it is typed at headquarters."""

import datetime as dt
import sqlite3
from pathlib import Path

import pytest

from appliance.cli.__main__ import main
from appliance.router.apply import apply
from appliance.router.events import LifeBegan
from appliance.router.journal import Journal, path_of
from appliance.router.state import EMPTY
from tests.router.test_router_apply import RULES, ask

pytestmark = pytest.mark.system

DAY = dt.date(2026, 11, 25)
NOON_NS = round(dt.datetime(2026, 11, 25, 12).astimezone().timestamp()) * 10**9


@pytest.fixture
def box(tmp_path: Path) -> Path:
    journal, state = Journal(path_of(tmp_path)), EMPTY
    for event in (LifeBegan(NOON_NS, "one", RULES), ask(NOON_NS + 10**9), ask(NOON_NS + 2 * 10**9, "c2")):
        state, effects = apply(state, event)
        journal.append([journal.entry(event, effects)])
    journal.close()
    return tmp_path


def test_a_day_is_decided_once_more(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["router", "verify", str(DAY), "--state", str(box), "--language", "en"]) == 0
    told = capsys.readouterr().out
    assert told == "2026-11-25: 3 events from 12:00:00 to 12:00:02, all decided the same once more\n"
    assert main(["router", "verify", str(DAY), "--state", str(box), "--language", "zh"]) == 0
    assert "12:00:00至12:00:02共3个事件" in capsys.readouterr().out


def test_what_was_altered_is_told(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with sqlite3.connect(path_of(box)) as store:
        store.execute("UPDATE entry SET decided = x'00' WHERE seq = 2")
    assert main(["router", "verify", str(DAY), "--state", str(box), "--language", "en"]) == 1
    assert "event 2 at 12:00:01 was decided otherwise" in capsys.readouterr().out


def test_a_day_without_events_and_a_box_without_router(box: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["router", "verify", "2026-11-01", "--state", str(box), "--language", "en"]) == 1
    assert "no event of this day" in capsys.readouterr().out
    assert main(["router", "verify", "--state", str(box / "branch")]) == 2
    assert "only headquarters has a router" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["router", "verify", "26.11.", "--state", str(box)])
    assert "invalid" in capsys.readouterr().err

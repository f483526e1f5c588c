# SPDX-License-Identifier: GPL-2.0-only
"""The trace's logs: bounded, of this boot, their owner's alone, and none the worse for a death."""

import stat
from pathlib import Path

import pytest

from appliance.supervisor.logfile import KEPT
from appliance.trace.log import TraceLog, folder, lines
from tests.media.rig import until

pytestmark = pytest.mark.unit


def written(state: Path, *told: bytes, name: str = "legs.a", octets: int = 1000) -> None:
    log = TraceLog(state, name, octets)
    for line in told:
        log.write(line)
    log.close()


def test_lines_come_back_in_order_over_lives_and_logs(tmp_path: Path) -> None:
    written(tmp_path, b"one", b"two")
    written(tmp_path, b"three")
    written(tmp_path, b"other", name="legs.b")
    written(tmp_path, b"sip", name="sip")
    assert [line for line in lines(tmp_path, "legs.*") if line] == [b"one", b"two", b"three", b"other"]


def test_the_oldest_lines_go(tmp_path: Path) -> None:
    told = [b"%05d" % number * 10 for number in range(200)]
    written(tmp_path, *told)
    kept = [line for line in lines(tmp_path, "legs.a") if line]
    assert kept == told[-len(kept) :]
    assert 1000 * KEPT / 51 < len(kept) <= 1000 * (KEPT + 1) / 51


def test_a_torn_line_spoils_no_other(tmp_path: Path) -> None:
    written(tmp_path, b"one")
    with (folder(tmp_path) / "legs.a.log").open("ab") as torn:
        torn.write(b"tor")
    assert list(lines(tmp_path, "legs.a")) == [b"", b"one"], "it may yet be being written"
    written(tmp_path, b"two")
    assert [line for line in lines(tmp_path, "legs.a") if line] == [b"one", b"tor", b"two"]


def test_another_boot_s_lines_are_taken_away_and_nobody_else_may_look(tmp_path: Path) -> None:
    old = tmp_path / "trace" / "another-boot"
    old.mkdir(parents=True)
    (old / "legs.a.log").write_bytes(b"old\n")
    written(tmp_path, b"new")
    assert not old.exists()
    assert [line for line in lines(tmp_path, "*") if line] == [b"new"]
    assert stat.S_IMODE((tmp_path / "trace").stat().st_mode) == 0o700


def test_a_disk_that_refuses_costs_lines_and_no_worker(tmp_path: Path) -> None:
    (tmp_path / "trace").touch()  # where a folder should be
    log = TraceLog(tmp_path, "legs.a", 1000)
    log.write(b"lost")
    until(log._waiting.empty)
    (tmp_path / "trace").unlink()
    log.write(b"kept")
    log.close()
    assert list(lines(tmp_path, "legs.a"))[-1] == b"kept"

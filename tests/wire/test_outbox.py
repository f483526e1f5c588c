# SPDX-License-Identifier: GPL-2.0-only
"""The outbox: order, one transaction, kill -9, a full disk, an older copy put back."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from appliance.wire.calls import CallEvent, DigitsEntered
from appliance.wire.envelope import Sealer, decode
from appliance.wire.ids import Identity
from appliance.wire.outbox import Outbox, OutboxReader

pytestmark = pytest.mark.system


def open_outbox(folder: Path) -> Outbox:
    return Outbox(folder / "outbox.db", Sealer(Identity.take("BR-1", "call")))


def event(n: int) -> CallEvent:
    return DigitsEntered(contact=f"c{n}", ced=str(n))


def keys(folder: Path) -> list[tuple[str, int]]:
    reader = OutboxReader(folder / "outbox.db")
    try:
        return [(e.incarnation, e.seq) for e in (decode(octets) for _, octets in reader.pending(limit=10_000))]
    finally:
        reader.close()


def test_events_come_out_in_order_until_deleted(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    outbox.append(event(1), event(2))
    outbox.append(event(3))
    outbox.close()
    reader = OutboxReader(tmp_path / "outbox.db")
    rows = reader.pending()
    assert [decode(octets).body for _, octets in rows] == [event(1), event(2), event(3)]
    assert [decode(octets).seq for _, octets in rows] == [1, 2, 3], "no gap: an event is known by its number"
    assert len(reader.pending(after=rows[0][0])) == 2
    reader.delete([rows[0][0], rows[1][0]])
    assert [decode(octets).body for _, octets in reader.pending()] == [event(3)]
    reader.close()


def test_state_is_kept_with_its_events_and_forgotten_at_the_end(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    outbox.append(event(1), keep={"c1": b"ringing", "c2": b"talking"})
    outbox.append(event(2), keep={"c2": None})
    outbox.close()
    again = open_outbox(tmp_path)
    assert again.kept() == {"c1": b"ringing"}
    again.close()


def test_reader_sees_that_somebody_wrote(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    reader = OutboxReader(tmp_path / "outbox.db")
    before = reader.version()
    assert reader.version() == before
    outbox.append(event(1))
    outbox.close()
    assert reader.version() != before
    reader.close()


_WRITER = """
import sys
from pathlib import Path
from appliance.wire.outbox import Outbox
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.calls import DigitsEntered
box = Outbox(Path(sys.argv[1]), Sealer(Identity.take("BR-1", "call")))
n = 0
while True:
    n += 1
    box.append(DigitsEntered(contact=f"c{n}", ced=str(n)), keep={"last": str(n).encode()})
    if n % 50 == 0:
        while not box._queue.empty():
            pass
        print(n, flush=True)
"""


def test_kill_9_leaves_events_and_state_that_agree(tmp_path: Path) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", _WRITER, str(tmp_path / "outbox.db")], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    told = 0
    while told < 500:
        told = int(writer.stdout.readline())
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    stored = keys(tmp_path)
    assert [seq for _, seq in stored] == list(range(1, len(stored) + 1))
    assert len(stored) >= told - 256, "at most the group under way is lost"
    again = open_outbox(tmp_path)
    assert again.kept()["last"] == str(len(stored)).encode(), "state and events of one transaction"
    again.close()


def test_older_copy_put_back_never_uses_a_key_twice(tmp_path: Path) -> None:
    outbox = open_outbox(tmp_path)
    outbox.append(event(1))
    outbox.close()
    shutil.copy(tmp_path / "outbox.db", tmp_path / "older")
    outbox = open_outbox(tmp_path)
    outbox.append(event(2))
    outbox.close()
    newer = set(keys(tmp_path))
    for name in ("outbox.db", "outbox.db-wal", "outbox.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    shutil.move(tmp_path / "older", tmp_path / "outbox.db")
    outbox = open_outbox(tmp_path)
    outbox.append(event(3))
    outbox.close()
    restored = keys(tmp_path)
    assert restored[0] in newer, "the old event is known by its key"
    assert restored[1] not in newer, "the new event is not taken for the one that was lost"


def test_full_disk_delays_events_and_loses_none(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root to mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(disk)], check=True)
    try:
        trouble: list[str | None] = []
        outbox = Outbox(disk / "outbox.db", Sealer(Identity.take("BR-1", "call")), trouble.append)
        outbox.append(event(1))
        _wait(lambda: len(_rows(disk)) == 1)
        filler = disk / "filler"
        _fill(filler)
        for n in range(2, 102):
            outbox.append(event(n), keep={f"c{n}": b"x" * 4096})
        _wait(lambda: bool(trouble))
        assert trouble[0] is not None
        assert "make room" in trouble[0]
        filler.unlink()
        subprocess.run(["mount", "-o", "remount,size=8m", str(disk)], check=True)
        _wait(lambda: len(_rows(disk)) == 101)
        _wait(lambda: trouble[-1] is None)
        outbox.close()
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _rows(folder: Path) -> list[tuple[int]]:
    store = sqlite3.connect(f"file:{folder / 'outbox.db'}?mode=ro", uri=True)
    try:
        return store.execute("SELECT place FROM event").fetchall()
    finally:
        store.close()


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return


def _wait(true: object, seconds: float = 10) -> None:
    assert callable(true)
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "did not come true in time"
        time.sleep(0.02)

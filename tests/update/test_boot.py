# SPDX-License-Identifier: GPL-2.0-only
"""What the boot loader keeps to: one sector, written in place; what RAUC asks of it."""

import subprocess
from pathlib import Path

import pytest

from appliance.update import backend
from appliance.update.boot import SECTOR, SIZE, BootError, Loader, block, other, running

pytestmark = pytest.mark.unit


@pytest.fixture
def loader(tmp_path: Path) -> Loader:
    file = tmp_path / "grubenv"
    file.write_bytes(block({"good": "A", "timeout": "0"}))
    return Loader(file)


def test_the_new_slot_gets_one_try_and_the_good_one_is_kept(loader: Loader) -> None:
    loader.give_try("B")
    assert (loader.good, loader.next, loader.tried) == ("A", "B", "")
    assert loader.read()["timeout"] == "0"
    loader.confirm("B")
    assert (loader.good, loader.next, loader.tried) == ("B", "B", "")


def test_the_slot_that_the_box_boots_is_never_written_over(loader: Loader) -> None:
    with pytest.raises(BootError, match="slot A is what the box boots"):
        loader.clear("A")
    loader.give_try("B")
    loader.clear("B")
    assert loader.next == "A"


def test_a_change_is_one_sector_in_its_place(loader: Loader) -> None:
    before, inode = loader.file.read_bytes(), loader.file.stat().st_ino
    loader.give_try("B")
    after = loader.file.read_bytes()
    assert loader.file.stat().st_ino == inode
    assert len(after) == SIZE
    assert before[SECTOR:] == after[SECTOR:]
    assert before[:SECTOR] != after[:SECTOR]


def test_words_that_take_more_than_a_sector_are_refused() -> None:
    with pytest.raises(BootError, match="octets of variables"):
        block({"good": "A", "long": "x" * SECTOR})


def test_a_damaged_block_is_told_and_not_mended_in_silence(loader: Loader) -> None:
    loader.file.write_bytes(b"")
    with pytest.raises(BootError, match="no environment block"):
        loader.give_try("B")


def test_grub_reads_what_we_write(loader: Loader) -> None:
    loader.give_try("B")
    try:
        told = subprocess.run(["grub-editenv", loader.file, "list"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("grub-editenv is not installed")
    assert told.stdout.splitlines() == ["good=A", "timeout=0", "try=B", "tried="]


def test_the_running_slot_is_the_kernel_s_word(tmp_path: Path) -> None:
    line = tmp_path / "cmdline"
    line.write_text("root=PARTLABEL=rootfs-b ro rauc.slot=B quiet\n")
    assert running(line) == "B"
    line.write_text("root=/dev/sda1 ro\n")
    assert running(line) == ""
    assert [other("A"), other("B")] == ["B", "A"]


def test_rauc_asks_and_orders(
    loader: Loader, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(backend, "GRUBENV", loader.file)

    def said(*words: str) -> tuple[int, str]:
        status = backend.main(words)
        return status, "".join(capsys.readouterr()).strip()

    assert said("get-primary") == (0, "A")
    assert said("get-state", "B") == (0, "bad")
    assert said("set-state", "A", "bad") == (1, "slot A is what the box boots: it is not written over")
    assert said("set-state", "B", "bad") == (0, "")
    assert said("set-primary", "B") == (0, "")
    assert said("get-primary") == (0, "B")
    assert said("set-state", "B", "good") == (0, "")
    assert loader.good == "B"
    assert said("set-state")[0] == 1

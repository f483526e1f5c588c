# SPDX-License-Identifier: GPL-2.0-only
"""The disk's map, and what a BIOS needs of it: one order of partitions for genimage, GRUB, RAUC and systemd."""

import configparser
import re
import struct
from pathlib import Path

import pytest

from rootfs.image import disk, tree
from rootfs.setup.steps import SetupError

pytestmark = pytest.mark.unit
ROOT_X86_64 = "4f68bce3-e8cd-4db1-96e7-fbcaf984b709"
BIOS_BOOT_STORED = bytes.fromhex("4861682149646f6e744e656564454649")


def _partitions() -> dict[str, dict[str, str]]:
    text = disk.MAP.read_text()
    found = re.findall(r"^\tpartition ([\w-]+) \{\n(.*?)\n\t\}", text, re.MULTILINE | re.DOTALL)
    return {name: dict(re.findall(r'([\w-]+) = "?([^"\n]+)', body)) for name, body in found}


def test_the_boot_loader_counts_the_slots_as_they_lie_on_the_disk() -> None:
    places = {name: place for place, name in enumerate(_partitions(), 1)}
    slots = re.findall(r"set part=(\d); set label=([\w-]+)", disk.GRUB_CFG.read_text())
    assert {label: int(part) for part, label in slots} == {name: places[name] for name in ("rootfs-a", "rootfs-b")}
    assert f"(,gpt{places['esp']})" in Path(disk.__file__).read_text()


def test_both_slots_are_alike_and_the_data_come_last_so_that_they_can_grow() -> None:
    partitions = _partitions()
    a, b = partitions["rootfs-a"], partitions["rootfs-b"]
    assert a["partition-type-uuid"] == b["partition-type-uuid"] == ROOT_X86_64
    assert a["size"] == b["size"]
    assert "image" not in b, "slot B comes empty"
    assert list(partitions)[-1] == "data"


def test_the_updater_and_the_mounts_name_partitions_that_are_there() -> None:
    rauc = configparser.ConfigParser()
    rauc.read(tree.OVERLAY / "etc/rauc/system.conf")
    named = {rauc[section]["device"].rpartition("/")[2] for section in rauc.sections() if section.startswith("slot.")}
    assert named == {"rootfs-a", "rootfs-b"}
    mounted = re.findall(r"^PARTLABEL=(\S+)", (tree.OVERLAY / "etc/fstab").read_text(), re.MULTILINE)
    assert set(mounted) == {"esp", "data"} <= set(_partitions())


def test_a_new_disk_starts_slot_a_that_is_on_no_trial() -> None:
    first = dict(word.split("=") for word in disk.FIRST.read_text().splitlines())
    assert first == {"good": "A", "try": "", "tried": ""}
    used = re.findall(r"(?:load|save)_env --file \S+/grubenv ([\w ]+)", disk.GRUB_CFG.read_text())
    assert {word for words in used for word in words.split()} == set(first)


def _disk(file: Path, kind: bytes, start: int) -> Path:
    entry = kind + bytes(16) + struct.pack("<QQ", start, start + 2047)
    file.write_bytes(bytes(1024) + entry.ljust(128, b"\0") + bytes((start + 4) * 512 - 1152))
    return file


def test_a_bios_finds_the_boot_loader_and_the_partition_table_stays(tmp_path: Path) -> None:
    file = _disk(tmp_path / "disk", BIOS_BOOT_STORED, 2048)
    with file.open("r+b") as image:
        image.seek(440)
        image.write(b"\x55" * 72)
    disk.start_by_bios(file, b"\xeb" * 512)
    head = file.read_bytes()
    assert struct.unpack_from("<Q", head, 0x5C) == (2048,)
    assert struct.unpack_from("<Q", head, 2048 * 512 + 0x1F4) == (2049,)
    assert head[440:512] == b"\x55" * 72


def test_a_disk_without_a_place_for_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no partition of type"):
        disk.start_by_bios(_disk(tmp_path / "disk", b"\1" * 16, 2048), bytes(512))

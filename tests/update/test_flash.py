# SPDX-License-Identifier: GPL-2.0-only
"""Writing a disk: what is refused, and that what was written is what is there. On loop devices, of root alone."""

import io
import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rootfs.setup.steps import SetupError
from rootfs.update import flash

pytestmark = [pytest.mark.system, pytest.mark.timeout(20)]
MIB = 1 << 20


@contextmanager
def attached(file: Path, size: int) -> Iterator[Path]:
    file.write_bytes(b"")
    os.truncate(file, size)
    told = subprocess.run(
        ["losetup", "--find", "--show", "--partscan", file], capture_output=True, text=True, check=False
    )
    if told.returncode != 0:
        pytest.skip(f"no loop device here: {told.stderr.strip()}")
    device = Path(told.stdout.strip())
    try:
        yield device
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Path]:
    with attached(tmp_path / "disk", 8 * MIB) as found:
        yield found


@pytest.fixture
def image(tmp_path: Path) -> Path:
    file = tmp_path / "image"
    file.write_bytes(os.urandom(5 * MIB + 512))
    return file


def refused(device: Path, least: int = MIB) -> tuple[str, str]:
    with pytest.raises(SetupError) as error:
        flash.disk(device, least)
    return str(error.value), error.value.mend


def test_the_disk_has_the_image_and_nothing_of_an_older_table(
    device: Path, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with device.open("rb+") as opened:
        opened.seek(8 * MIB - 512)
        opened.write(b"EFI PART".ljust(512, b"\1"))
    monkeypatch.setattr(sys, "argv", ["flash", str(image), str(device)])
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{device}\n"))
    assert flash.main() == 0
    written = (tmp_path / "disk").read_bytes()
    assert written[: 5 * MIB + 512] == image.read_bytes()
    assert not any(written[8 * MIB - 512 :])
    told = capsys.readouterr().out
    assert "MB/s" in told
    assert "read back 100 %" in told


def test_nothing_is_written_until_its_name_is_typed(
    device: Path, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["flash", str(image), str(device)])
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\n"))
    assert flash.main() == 1
    told = capsys.readouterr()
    assert f"{device}: a loop device, 0.0 GB, serial not told" in told.out
    assert "nothing was written" in told.err
    assert not any((tmp_path / "disk").read_bytes())


def test_a_disk_that_lies_is_found(device: Path, image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = flash.disk(device, MIB)
    whole = flash._write

    def forged(*arguments: object) -> str:
        told = whole(*arguments)  # type: ignore[arg-type]
        with device.open("rb+") as opened:
            opened.seek(3 * MIB)
            opened.write(bytes(512))
        return told

    monkeypatch.setattr(flash, "_write", forged)
    with pytest.raises(SetupError, match="does not say what was written to it"):
        flash.flash(image, found, lambda *_: None)


def test_too_small_no_device_and_a_file_are_refused(device: Path, image: Path) -> None:
    assert "is too small: it has 8,388,608 octets" in refused(device, 9 * MIB)[0]
    assert "is no block device" in refused(image)[0]
    assert "No such file" in refused(Path("/dev/nothing"))[0]


def test_a_partition_is_refused_and_its_disk_is_named(device: Path) -> None:
    entry = struct.pack("<B3xB3xII", 0, 0x83, 2048, 8192)  # Linux, from 1 MiB on, 4 MiB
    device.write_bytes(bytes(446) + entry + bytes(48) + b"\x55\xaa")
    if subprocess.run(["partx", "--add", device], capture_output=True, check=False).returncode != 0:
        pytest.skip("this kernel has no partitions of loop devices")
    part = Path(f"{device}p1")
    assert refused(part) == (f"{part} is a partition", f"name the whole disk: DEV={device}")
    subprocess.run(["partx", "--delete", device], check=True)


def test_a_disk_in_use_is_refused_with_what_uses_it(device: Path, tmp_path: Path) -> None:
    subprocess.run(["mke2fs", "-q", "-t", "ext4", device], check=True)
    place = tmp_path / "mounted"
    place.mkdir()
    if subprocess.run(["mount", device, place], capture_output=True, check=False).returncode != 0:
        pytest.skip("nothing can be mounted here")
    try:
        assert refused(device)[0] == f"{device} is in use: {device.name} is mounted at {place}"
    finally:
        subprocess.run(["umount", place], check=True)


def test_the_mend_names_the_disk_that_this_machine_runs_from() -> None:
    assert "runs from" in flash._mend(["sda2 is mounted at /"])
    assert "umount" in flash._mend(["sdb1 is mounted at /media/stick"])


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with attached(tmp_path / "disk", 2 * MIB) as device:
        subprocess.run(["blockdev", "--setro", device], check=True)
        assert "is read-only" in refused(device)[0]
        subprocess.run(["blockdev", "--setrw", device], check=True)

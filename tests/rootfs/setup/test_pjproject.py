# SPDX-License-Identifier: GPL-2.0-only
"""Our pjsua2: which source is taken, what an unknown one says, and what the built one can hold."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from rootfs.setup import archive
from rootfs.setup.paths import sha256
from rootfs.setup.pjproject import build, source
from rootfs.setup.steps import SetupError


@pytest.fixture
def tarballs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache of sources."""
    folder = tmp_path / "sources"
    folder.mkdir()
    monkeypatch.setattr(source, "TARBALLS", folder)
    return folder


def _know(monkeypatch: pytest.MonkeyPatch, tarball: Path) -> None:
    monkeypatch.setattr(source, "locked", lambda: {sha256(tarball): "2.17"})


@pytest.mark.unit
def test_lock_file_names_each_tarball_once() -> None:
    lines = [line for line in source.LOCK.read_text().splitlines() if line and not line.startswith("#")]
    assert len(source.locked()) == len(lines) >= 1


@pytest.mark.unit
def test_damaged_lock_line_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "pjproject.lock"
    lock.write_text(f"# head\n{'a' * 63} 2.17 short.tar.xz\n")
    with pytest.raises(SetupError, match=r"pjproject\.lock:2: not `sha256 version file`"):
        source.locked(lock)


@pytest.mark.unit
def test_unknown_tarball_warns_with_name_and_hash(tarballs: Path) -> None:
    newer = tarballs / "asterisk_23.orig-Xpjproject.tar.xz"
    newer.write_bytes(b"a later release")
    found = source.find(None)
    assert found is not None
    assert found.warning == (
        f"warning: asterisk_23.orig-Xpjproject.tar.xz (sha256 {sha256(newer)}) is not in pjproject.lock: "
        "built and smoke-tested only"
    )


@pytest.mark.unit
def test_locked_tarball_is_taken_before_a_newer_unknown_one(monkeypatch: pytest.MonkeyPatch, tarballs: Path) -> None:
    known = tarballs / "known.tar.xz"
    known.write_bytes(b"tested")
    os.utime(known, (1, 1))
    (tarballs / "newer.tar.xz").write_bytes(b"untested")
    _know(monkeypatch, known)
    found = source.find(None)
    assert found is not None
    assert (found.path, found.version, found.warning) == (known, "2.17", None)


@pytest.mark.unit
def test_half_arrived_tarball_is_not_taken(tarballs: Path) -> None:
    archive.arriving(source.TARBALLS, "half.tar.xz").write_bytes(b"half")
    assert source.find(None) is None
    assert [path.name.startswith(".") for path in tarballs.iterdir()] == [True]


@pytest.mark.unit
def test_tarball_named_by_hand_is_kept_for_the_next_clone(tarballs: Path, tmp_path: Path) -> None:
    named = tmp_path / "pjproject-2.17.tar.gz"
    named.write_bytes(b"upstream")
    found = source.find(str(named))
    named.unlink()
    assert found == source.find(None)
    assert found is not None
    assert found.path == tarballs / named.name


@pytest.mark.unit
@pytest.mark.usefixtures("tarballs")
def test_tarball_named_by_hand_must_exist(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"PJPROJECT_TARBALL=.*: no such file"):
        source.find(str(tmp_path / "absent.tar.gz"))


@pytest.mark.unit
def test_another_source_or_option_is_another_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    first = build.cache_folder(source.Tarball(tmp_path, "a" * 64, None))
    other_source = build.cache_folder(source.Tarball(tmp_path, "b" * 64, None))
    monkeypatch.setattr(build, "COMPILER_FLAGS", "-O0")
    other_option = build.cache_folder(source.Tarball(tmp_path, "a" * 64, None))
    assert len({first, other_source, other_option}) == 3


@pytest.mark.system
def test_installed_pjsua2_holds_512_calls_and_has_tls() -> None:
    smoke = subprocess.run([sys.executable, str(build.SMOKE)], capture_output=True, text=True, check=False)
    assert smoke.returncode == 0, smoke.stdout + smoke.stderr
    assert "512 of 512 calls at once" in smoke.stdout

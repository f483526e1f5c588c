# SPDX-License-Identifier: GPL-2.0-only
"""The SBOM of a root that has one of each kind: what is in it, by which licence, and the texts beside it."""

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from rootfs.image import sbom

pytestmark = pytest.mark.unit
STATUS = "Package: {}\nStatus: install ok installed\nVersion: {}\nArchitecture: amd64\n\n"
PROSE = {
    "busybox": "The text is in /usr/share/common-licenses/GPL-2.\n",
    "python3": "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2\n",
    "libkrb5-3": "Copyright (C) 1985-2024 by the Massachusetts Institute of Technology.\n",
    "libcrypt1": "is the GNU Lesser General Public\nLicense, version 2.1 (or later)\n",
}
FIELDS = "Files: *\nLicense: GPL-2+\n\nFiles: debian/*\nLicense: MIT\nsee common-licenses/GPL-3\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """As a root is before its papers are taken away, with its builder beside it."""
    into = tmp_path / "root"
    packages = {**PROSE, "fields": FIELDS}
    _packages(into, packages)
    modules = into / "usr/lib/modules/6.12/updates/dkms"
    modules.mkdir(parents=True)
    (modules / "dahdi.ko").write_bytes(b"\x7fELF\0version=3.1.0\0license=GPL v2\0srcversion=F01\0")
    (modules / "wcb4xxp.ko").write_bytes(b"\x7fELF\0license=GPL\0")
    about = into / "env/lib/python3.13/site-packages/pjsua2-2.17.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Name: pjsua2\nVersion: 2.17\n")
    _packages(tmp_path / "builder", {"gcc": "", "dahdi-dkms": FIELDS})
    common = tmp_path / "builder/usr/share/common-licenses"
    common.mkdir(parents=True)
    (common / "GPL-2").write_text("GNU GENERAL PUBLIC LICENSE\n")
    with tarfile.open(tmp_path / "pjproject.tar.xz", "w:xz") as made:
        for name in ("pjsip-1/third_party/COPYING", "pjsip-1/COPYING"):
            member = tarfile.TarInfo(name)
            member.size = len(name)
            made.addfile(member, io.BytesIO(name.encode()))
    return into


def _packages(root: Path, texts: dict[str, str]) -> None:
    status = root / "var/lib/dpkg/status"
    status.parent.mkdir(parents=True)
    status.write_text("".join(STATUS.format(name, f"1.{len(name)}") for name in texts))
    for name, text in texts.items():
        (root / "usr/share/doc" / name).mkdir(parents=True)
        (root / "usr/share/doc" / name / "copyright").write_text(text)


def _written(root: Path) -> dict[str, Any]:
    sbom.write(root, root / "env", root.parent / "builder", root.parent / "pjproject.tar.xz")
    told = json.loads((root / sbom.SHARE / "sbom.json").read_text())
    return {one["name"]: one for one in told["components"]}


def _licences(component: dict[str, Any]) -> list[str]:
    return [one.get("expression") or one["license"]["name"] for one in component["licenses"]]


def test_every_component_has_a_licence_and_fields_come_before_prose(root: Path) -> None:
    found = {name: _licences(one) for name, one in _written(root).items()}
    assert found == {
        "busybox": ["GPL-2"],
        "python3": ["PSF-2.0"],
        "libkrb5-3": ["MIT"],
        "libcrypt1": ["LGPL-2.1-or-later"],
        "fields": ["GPL-2+", "MIT"],
        "pjsua2": ["GPL-2.0-or-later"],
        "pjproject": ["GPL-2.0-or-later"],
        "dahdi-dkms": ["GPL-2+", "MIT"],
    }


def test_the_cards_drivers_are_told_by_their_modules_own_words(root: Path) -> None:
    dahdi, quad = _written(root)["dahdi-dkms"]["components"]
    assert (dahdi["name"], dahdi["version"], _licences(dahdi)) == ("dahdi.ko", "3.1.0", ["GPL v2"])
    assert (quad["name"], quad["version"], _licences(quad)) == ("wcb4xxp.ko", "1.10", ["GPL"])


def test_the_texts_of_pjproject_and_of_dahdi_are_in_the_image(root: Path) -> None:
    _written(root)
    licences = root / sbom.SHARE / "licences"
    assert (licences / "pjproject/COPYING").read_text() == "pjsip-1/COPYING"
    assert (licences / "dahdi/COPYING").read_text() == "GNU GENERAL PUBLIC LICENSE\n"
    assert (licences / "dahdi/copyright").read_text() == FIELDS


def test_an_image_without_drivers_has_no_sbom(root: Path) -> None:
    for path in root.rglob("*.ko"):
        path.unlink()
    with pytest.raises(LookupError, match="none of the modules of dahdi-dkms"):
        _written(root)

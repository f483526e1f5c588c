# SPDX-License-Identifier: GPL-2.0-only
"""Keys of the tests' own, and bundles signed with them by a real rauc."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from appliance.update.boot import block
from appliance.update.bundle import System
from rootfs.update import bundle
from rootfs.update.keys import Keys, make
from tests.lacking import needs

MAKE = Callable[..., Path]
COMPATIBLE = "branchline-amd64"
IMAGE = random.Random(1).randbytes(1 << 20)  # noqa: S311
SYSTEM = """\
[system]
compatible={compatible}
bootloader=custom
[handlers]
bootloader-custom-backend=/bin/true
[keyring]
path={keyring}
[slot.rootfs.0]
device={folder}/slot-a
type=raw
bootname=A
[slot.rootfs.1]
device={folder}/slot-b
type=raw
bootname=B
"""


@pytest.fixture(scope="session", autouse=True)
def rauc() -> None:
    needs(shutil.which("rauc"), "rauc is not installed")


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return make(tmp_path_factory.mktemp("update") / "keys")


@pytest.fixture(scope="session")
def bundled(keys: Keys, tmp_path_factory: pytest.TempPathFactory) -> MAKE:
    """Bundles by version, each made once."""
    folder = tmp_path_factory.mktemp("bundles")

    def made(version: str = "0.2.0", compatible: str = COMPATIBLE, by: Keys = keys) -> Path:
        image, out = folder / "image", folder / f"{compatible}-{version}-{by.folder.parent.name}.raucb"
        image.write_bytes(IMAGE)
        return out if out.exists() else bundle.bundle(image, version, compatible, by, out)

    return made


@pytest.fixture
def system(keys: Keys, tmp_path: Path) -> System:
    for slot in ("slot-a", "slot-b"):
        (tmp_path / slot).write_bytes(bytes(len(IMAGE)))
    (tmp_path / "grubenv").write_bytes(block({"good": "A"}))
    file = tmp_path / "system.conf"
    file.write_text(SYSTEM.format(compatible=COMPATIBLE, keyring=keys.keyring, folder=tmp_path))
    return System.read(file)

# SPDX-License-Identifier: GPL-2.0-only
"""`make bundle`: the slot's image, signed, as RAUC takes it: format verity, with version and what it fits."""

import argparse
import configparser
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from appliance import VERSION
from rootfs.setup.paths import BUILD, ROOT
from rootfs.setup.steps import SetupError
from rootfs.update.keys import Keys, keys

SLOT = BUILD / "image" / "rootfs.squashfs"
SYSTEM = ROOT / "rootfs" / "overlay" / "etc" / "rauc" / "system.conf"
MANIFEST = """\
[update]
compatible={compatible}
version={version}

[bundle]
format=verity

[image.rootfs]
filename=rootfs.img
"""


def bundle(image: Path, version: str, compatible: str, signed_by: Keys, out: Path) -> Path:
    """Sign an image. The file is whole or not there. Raises: SetupError with what rauc said."""
    part = out.with_name(f".{out.name}.new")
    part.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        content = Path(folder) / "content"
        content.mkdir()
        _linked(image, content / "rootfs.img")
        manifest = content / "manifest.raucm"
        manifest.write_text(MANIFEST.format(compatible=compatible, version=version), "ascii")
        who = (f"--cert={signed_by.signer}", f"--key={signed_by.signer_key}", f"--keyring={signed_by.keyring}")
        told = subprocess.run(
            ["rauc", *who, "bundle", str(content), str(part)], capture_output=True, text=True, check=False
        )
    if told.returncode != 0:
        part.unlink(missing_ok=True)
        raise SetupError(f"rauc made no bundle: {told.stderr.strip()}", "make keys and make image must have passed")
    part.replace(out)
    return out


def _linked(image: Path, name: Path) -> None:
    try:
        os.link(image, name)
    except OSError:  # on another file system
        shutil.copyfile(image, name)


def compatible_of(system: Path = SYSTEM) -> str:
    """What boxes of this tree are."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(system.read_text("utf-8"))
    return parser["system"]["compatible"]


def main() -> int:
    """0: made; 1: stderr says why not."""
    parser = argparse.ArgumentParser(prog="make bundle", description=__doc__)
    parser.add_argument("--image", type=Path, default=SLOT, help="the slot's, a squashfs; else that of make image")
    parser.add_argument("--version", default=VERSION, help="boxes take no older one unless told so")
    parser.add_argument("--out", type=Path, help="else beside the image, by its version")
    options = parser.parse_args()
    out = options.out or options.image.parent / f"branchline-{options.version}.raucb"
    try:
        made = bundle(options.image, options.version, compatible_of(), keys(), out)
    except (SetupError, OSError) as error:
        sys.stderr.write(f"bundle: {error}\n")
        return 1
    print(f"bundle: {made}, version {options.version}, {made.stat().st_size:,} octets")
    return 0


if __name__ == "__main__":
    sys.exit(main())

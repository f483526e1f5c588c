# SPDX-License-Identifier: GPL-2.0-only
"""`python -m rootfs.buildroot.wheels`: package/branchline-wheels anew, from the lock.

The appliance's own packages of python.lock, without those that only tests want, as wheels for both machines and
Buildroot's Python. A wheel's address on the index is its BLAKE2b-256, so nothing but the wheel itself is asked for.
"""

import hashlib
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import NamedTuple

from appliance import VERSION
from rootfs.setup.environment import LOCK
from rootfs.setup.locked import Pin, needed
from rootfs.setup.paths import CACHE, ROOT, VENV_PYTHON, sha256

PACKAGE = ROOT / "buildroot-config" / "package" / "branchline-wheels"
PYTHON = "3.14"
"""Of the Buildroot release that rootfs/buildroot/known.in describes."""
MACHINES = ("aarch64", "x86_64")
GLIBC = ("2_34", "2_28", "2_17")
INDEX = "https://files.pythonhosted.org/packages"
LICENCES = {"MIT License": "MIT", "LGPL-3.0-only": "LGPL-3.0", "GPL-2.0-only": "GPL-2.0", "PSF-2.0": "Python-2.0"}
"""As Buildroot names them."""


class Wheel(NamedTuple):
    """`machine`: None for any. `licences`: the SHA-256 of each licence file, by its path in the wheel."""

    file: str
    address: str
    sha256: str
    machine: str | None
    licence: str
    licences: Mapping[str, str]


def wanted(lock: str) -> list[Pin]:
    """What the appliance runs with on Buildroot's Python."""
    return needed(lock, {"python_version": PYTHON, "python_full_version": f"{PYTHON}.0"})


def fetch(wheels: Iterable[Pin]) -> list[Path]:
    """The wheels of both machines, in the cache. Raises subprocess.CalledProcessError."""
    folder = CACHE / f"buildroot-wheels-{sha256(LOCK)[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    list_file = folder / "requirements.txt"
    list_file.write_text("".join(map(_requirement, wheels)), encoding="utf-8")
    pip = [str(VENV_PYTHON), "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    which = ["--require-hashes", "--only-binary=:all:", "--implementation=cp", f"--python-version={PYTHON}"]
    for machine in MACHINES:
        platforms = [f"--platform=manylinux_{glibc}_{machine}" for glibc in GLIBC]
        subprocess.run([*pip, *which, *platforms, f"--dest={folder}", "-r", str(list_file)], check=True)
    return sorted(folder.glob("*.whl"))


def _requirement(pin: Pin) -> str:
    return " ".join([f"{pin.name}=={pin.version}", *(f"--hash=sha256:{one}" for one in sorted(pin.hashes))]) + "\n"


def read(path: Path) -> Wheel:
    """Raises ValueError: a wheel that is more than packages and programs."""
    address = hashlib.blake2b(path.read_bytes(), digest_size=32).hexdigest()
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
        beside = [
            name for name in names if ".data/" in name and not re.search(r"\.data/(scripts|data/share/man)/", name)
        ]
        if beside:
            raise ValueError(f"{path.name} has {beside[0]}: branchline-wheels.mk installs packages and programs alone")
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        told = BytesParser().parsebytes(wheel.read(metadata))
        texts = [name for name in names if re.search(r"\.dist-info/(licenses/)?.*(LICEN[CS]E|COPYING|NOTICE)", name)]
        licences = {name: hashlib.sha256(wheel.read(name)).hexdigest() for name in sorted(texts)}
    where = f"{INDEX}/{address[:2]}/{address[2:4]}/{address[4:]}"
    return Wheel(path.name, where, sha256(path), machine_of(path.name), _licence(told), licences)


def machine_of(file: str) -> str | None:
    """Of a wheel's name; None: it is one for any."""
    return next((machine for machine in MACHINES if file.endswith(f"{machine}.whl")), None)


def _licence(told: Message) -> str:
    said = str(
        told.get("License-Expression") or told.get("License") or "MIT"
    )  # of those that say none, the text is MIT
    return " or ".join(LICENCES.get(one, one) for one in said.splitlines()[0].split(" OR "))


def makefile(wheels: Iterable[Wheel]) -> str:
    """branchline-wheels.mk."""
    wheels = list(wheels)
    licences = sorted({wheel.licence for wheel in wheels})
    files = sorted({name for wheel in wheels for name in wheel.licences})
    lists = "\n".join(
        _list(machine, [one for one in wheels if one.machine == machine]) for machine in (None, *MACHINES)
    )
    text = (Path(__file__).with_name("wheels.mk")).read_text(encoding="utf-8")
    values = {"VERSION": VERSION, "PYTHON": PYTHON, "LICENSES": ", ".join(licences), "LISTS": lists}
    values["LICENSE_FILES"] = " \\\n\t".join(f"site/{name}" for name in files)
    return re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], text)


def _list(machine: str | None, wheels: list[Wheel]) -> str:
    lines = " \\\n\t".join(f"{wheel.address}/{wheel.file}" for wheel in wheels)
    added = f"BRANCHLINE_WHEELS_EXTRA_DOWNLOADS += \\\n\t{lines}\n"
    return added if machine is None else f"ifeq ($(BR2_{machine}),y)\n{added}endif\n"


def hashes(wheels: Iterable[Wheel]) -> str:
    """branchline-wheels.hash."""
    wheels = list(wheels)
    texts = {f"site/{name}": digest for wheel in wheels for name, digest in wheel.licences.items()}
    return "".join(_hash_lines(wheels, texts))


def _hash_lines(wheels: list[Wheel], texts: Mapping[str, str]) -> Iterator[str]:
    yield "# The same as in rootfs/packages/python.lock\n"
    for wheel in wheels:
        yield f"sha256  {wheel.sha256}  {wheel.file}\n"
    yield "# Locally calculated\n"
    for name, digest in sorted(texts.items()):
        yield f"sha256  {digest}  {name}\n"


def main() -> int:
    """Write both files."""
    wheels = [read(path) for path in fetch(wanted(LOCK.read_text(encoding="utf-8")))]
    (PACKAGE / "branchline-wheels.mk").write_text(makefile(wheels), encoding="utf-8")
    (PACKAGE / "branchline-wheels.hash").write_text(hashes(wheels), encoding="utf-8")
    print(f"{len(wheels)} wheels")
    return 0


if __name__ == "__main__":
    sys.exit(main())

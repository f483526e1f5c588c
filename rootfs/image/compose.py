# SPDX-License-Identifier: GPL-2.0-only
"""The root as a slot has it: Debian's part, ours, the overlay; read-only for ever, with what it is made of inside."""

import os
import shutil
from pathlib import Path

from appliance import VERSION
from rootfs.image import roots, sbom, tree
from rootfs.setup.paths import ROOT
from rootfs.setup.pjproject import source
from rootfs.setup.steps import Progress, SetupError
from rootfs.update.keys import KEYS

ENVIRONMENT = f"{tree.HOME}/build/venv"
NOT_IN_IT = ("pip", "pip-*", "setuptools*", "wheel*", "pkg_resources", "_distutils_hack", "distutils-precedence.pth")
"""Of the environment: what built it."""
MOUNTED = ("data", "boot/efi", "proc", "sys", "dev", "run", "tmp", "var/tmp", "var/lib", "var/log", "media", "mnt")
"""Folders that are empty in a slot; those of /var are for what starts before it is mounted."""
LOGINS = {"viewer": "viewer", "technician": "technician", "admin": "administrator"}
"""Name and role; uids follow that of the appliance."""
LOGIN = "useradd -u {uid} -g branchline-{role} -d / -M -s /usr/bin/branchline {name} && passwd -q -d {name}"
"""They reach the box through its door alone. No password: who sits at the console has the box in hand, and by SSH one
comes with a key."""
NOBODY_INSTALLS = "apt debconf debian-archive-keyring"
"""A slot is replaced, never added to."""


def compose(progress: Progress, base: Path, builder: Path, into: Path) -> None:
    """Make the folder `into`, which must not exist. Raises SetupError."""
    progress.run("Debian's part", ["cp", "-a", "--reflink=auto", str(base), str(into)])
    _ours(progress, builder, into)
    tree.lay(tree.files("rootfs/overlay"), tree.OVERLAY, into)
    tree.lay(tree.files(tree.MANUAL), ROOT / "docs", into / "usr/share/man/man1")
    if KEYS.keyring.exists():
        shutil.copyfile(KEYS.keyring, into / "etc/rauc/keyring.pem")
    else:
        progress.say("there are no keys: boxes with this image take no bundle (make keys)")
    with (into / "usr/lib/os-release").open("a", encoding="utf-8") as release:
        release.write(f"IMAGE_ID=branchline\nIMAGE_VERSION={VERSION}\n")
    sbom.write(into, into / ENVIRONMENT.lstrip("/"), builder, _pjproject())
    inside = [
        "systemd-sysusers",
        *(LOGIN.format(uid=uid, name=name, role=role) for uid, (name, role) in enumerate(LOGINS.items(), 901)),
        "systemctl -q preset-all",
        "systemctl -q set-default multi-user.target",
        f"python3 -m compileall -q --invalidation-mode unchecked-hash {tree.HOME}",
        f"dpkg --purge --force-depends --force-remove-essential {NOBODY_INSTALLS} >/dev/null 2>&1 || true",
        "rm -f /etc/ssh/ssh_host_* /etc/resolv.conf",
        "ln -s /run/systemd/resolve/stub-resolv.conf /etc/resolv.conf",
    ]
    roots.enter(progress, "units, users, byte code", into, "\n".join(inside))
    (into / "etc/machine-id").write_text("")
    shutil.rmtree(into / "var")
    for name in MOUNTED:
        shutil.rmtree(into / name, ignore_errors=True)
        (into / name).mkdir(parents=True)


def _pjproject() -> Path:
    """The source that `parts` has compiled. Raises SetupError."""
    found = source.find(os.environ.get("PJPROJECT_TARBALL"))
    if found is None:
        raise SetupError("the source of pjsua2 is no longer in the cache", "repeat the command")
    return found.path


def _ours(progress: Progress, builder: Path, into: Path) -> None:
    """The tree, its extensions and its environment."""
    home = into / tree.HOME.lstrip("/")
    tree.lay(tree.files(*tree.APPLIANCE), ROOT, home)
    compiled = builder / tree.HOME.lstrip("/")
    tree.lay([path for part in tree.APPLIANCE for path in (compiled / part).rglob("_*.so")], compiled, home)
    there = home / "build/venv"
    there.parent.mkdir()
    progress.run("Python packages", ["cp", "-a", str(compiled / "build/venv"), str(there)])
    (packages,) = (there / "lib").glob("python*/site-packages")
    for pattern in NOT_IN_IT:
        for path in packages.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

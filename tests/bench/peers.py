# SPDX-License-Identifier: GPL-2.0-only
"""The peers, rebuilt from Debian's sources with the vector instructions our own code may use.

Debian builds for every x86-64; a ratio against that would flatter us. Headers are those of Debian's -dev packages, of
the same version. Built once into the cache outside the tree; a folder enters it by one rename.
"""

import hashlib
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rootfs.setup import archive
from rootfs.setup.paths import CACHE, LOGS
from rootfs.setup.steps import Progress

SOURCES = CACHE / "bench-sources"
FLAGS = "-O3 -march=x86-64-v3 -fPIC"
BY_HAND = "compare with Debian's own builds: make bench ARGS=--packaged"


@dataclass(frozen=True, slots=True)
class Peer:
    """A library: Debian's source package, what its tarball's name contains, what `make` builds, the result."""

    package: str
    component: str
    configure: tuple[str, ...]
    folder: str
    library: str

    @property
    def home(self) -> Path:
        """Where this machine's build of it belongs."""
        key = f"{self} {FLAGS} {archive.os_release(BY_HAND)}"
        return CACHE / f"bench-{hashlib.sha256(key.encode()).hexdigest()[:16]}"


PEERS = (
    Peer("spandsp", ".orig.tar.", ("--disable-shared", "--enable-static"), "src", "libspandsp.a"),
    Peer(
        "speexdsp",
        ".orig.tar.",
        ("--disable-shared", "--enable-static", "--disable-examples"),
        "libspeexdsp",
        "libspeexdsp.a",
    ),
)


def rebuilt() -> list[Path]:
    """The peers' static libraries; built now where the cache has none. Raises SetupError."""
    return [peer.home / peer.library if (peer.home / peer.library).exists() else _build(peer) for peer in PEERS]


def _build(peer: Peer) -> Path:
    LOGS.mkdir(parents=True, exist_ok=True)
    progress = Progress(f"bench: {peer.package}", LOGS / f"bench-{peer.package}.log")
    tarball = archive.fetch(progress, peer.package, archive.os_release(BY_HAND), peer.component, SOURCES, BY_HAND)
    with tempfile.TemporaryDirectory() as room:
        source = _unpacked(tarball, Path(room))
        environment = {**os.environ, "CFLAGS": FLAGS}
        progress.run("configure", [str(source / "configure"), *peer.configure], source, environment)
        progress.run("make", ["make", f"-j{os.cpu_count() or 1}", "-C", str(source / peer.folder)], source, environment)
        part = peer.home.with_name(f"{peer.home.name}.{os.getpid()}")
        part.mkdir(parents=True)
        shutil.copy2(source / peer.folder / ".libs" / peer.library, part)
    part.rename(peer.home)
    progress.done()
    return peer.home / peer.library


def _unpacked(tarball: Path, room: Path) -> Path:
    subprocess.run(["tar", "-xf", str(tarball), "-C", str(room)], check=True)
    (source,) = room.iterdir()
    return source

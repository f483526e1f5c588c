# SPDX-License-Identifier: GPL-2.0-only
"""pjsua2 as a wheel: `~/.cache/branchline/<key>/`, key = source, options, Python ABI, machine, OpenSSL major.

A wheel enters the cache by one rename after the smoke test, so what is there is whole; a lock file lets two clones on
one machine build it once. Everything is compiled in the cache, never in the tree.
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rootfs.setup.environment import site_packages
from rootfs.setup.paths import CACHE, VENV_PYTHON, digest_of
from rootfs.setup.pjproject import source
from rootfs.setup.steps import Progress, SetupError, Step

HERE = Path(__file__).parent
CONFIG_SITE = HERE / "config_site.h"
OPTIONS = HERE / "configure.options"
SMOKE = HERE / "smoke.py"
PIP = (str(VENV_PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-deps", "--no-index")
COMPILER_FLAGS = "-fPIC -O2 -DNDEBUG"
MEND = "read the log; a missing header names the Debian package to add to rootfs/packages/debian.list"


def options_digest() -> str:
    """Of all that decides the wheel but the source."""
    abi = f"{sysconfig.get_config_var('SOABI')} {platform.machine()} openssl {openssl_major()}"
    return digest_of([CONFIG_SITE, OPTIONS], COMPILER_FLAGS, abi)


def openssl_major() -> str:
    """Major version of the OpenSSL headers the build will find, "none" without them."""
    answer = subprocess.run(
        ["dpkg-query", "-W", "-f=${Version}", "libssl-dev"], capture_output=True, text=True, check=False
    )
    return answer.stdout.split(".")[0] or "none"


def cache_folder(tarball: source.Tarball) -> Path:
    """Where this machine's wheel of a source belongs."""
    return CACHE / hashlib.sha256(f"{tarball.sha256} {options_digest()}".encode()).hexdigest()[:32]


def install(progress: Progress) -> None:
    """Put pjsua2 into the environment: from the cache, else by building it.

    Raises: SetupError when it cannot be fetched, built or started.
    """
    tarball = source.find(os.environ.get("PJPROJECT_TARBALL")) or source.fetch(progress)
    if tarball.warning:
        progress.say(tarball.warning)
    folder = cache_folder(tarball)
    with _only_builder(progress):
        if not folder.exists():
            _remove_abandoned()
            _build(progress, tarball, folder)
    wheel = next(folder.glob("*.whl"))
    progress.run("install", [*PIP, "--force-reinstall", str(wheel)])
    progress.run("smoke test", [str(VENV_PYTHON), str(SMOKE)])


def _build(progress: Progress, tarball: source.Tarball, folder: Path) -> None:
    workplace = Path(tempfile.mkdtemp(prefix=f"{folder.name}.building-", dir=CACHE))
    try:
        wheel = _compile(progress, _unpack(progress, tarball.path, workplace))
        arriving = workplace / "arriving"
        arriving.mkdir()
        shutil.copy2(wheel, arriving)
        trial = str(workplace / "trial")
        progress.run("trial", [*PIP, "--target", trial, str(wheel)])
        progress.run("smoke test of the wheel", [str(VENV_PYTHON), str(SMOKE)], env={"PYTHONPATH": trial})
        arriving.rename(folder)
    finally:
        shutil.rmtree(workplace, ignore_errors=True)


def _remove_abandoned() -> None:
    """Workplaces of builds that were killed; nobody else builds now."""
    for workplace in CACHE.glob("*.building-*"):
        shutil.rmtree(workplace)


def _unpack(progress: Progress, tarball: Path, workplace: Path) -> Path:
    """Unpack, set our limits, and return the source's top folder."""
    unpacked = workplace / "unpacked"
    unpacked.mkdir()
    progress.run(
        "unpack", ["tar", "--extract", "--no-same-owner", "--file", str(tarball), "--directory", str(unpacked)]
    )
    tops = list(unpacked.iterdir())
    top = tops[0] if len(tops) == 1 else unpacked
    if not (top / "pjlib" / "include" / "pj").is_dir():
        raise SetupError(f"{tarball} is not a pjproject source", source.BY_HAND)
    shutil.copy(CONFIG_SITE, top / "pjlib" / "include" / "pj" / "config_site.h")
    if not (top / "pjmedia" / "src" / "pjmedia-audiodev" / "bdimad_dev.c").exists():
        makefile = top / "pjmedia" / "build" / "Makefile"  # Debian removes this non-free driver, the list still has it
        makefile.write_text(makefile.read_text().replace("bdimad_dev.o", ""))
    return top


def _compile(progress: Progress, top: Path) -> Path:
    """Configure, compile, bind; return the wheel."""
    flags = {"CFLAGS": COMPILER_FLAGS, "CXXFLAGS": COMPILER_FLAGS}
    jobs = f"-j{len(os.sched_getaffinity(0))}"
    binding = top / "pjsip-apps" / "src" / "swig" / "python"
    progress.run("configure", ["./configure", *_configure_options()], top, flags)
    progress.run("dependencies", ["make", "dep"], top, flags)
    progress.run("compile", ["make", jobs, "lib"], top, flags)
    progress.run(
        "Python binding (one file of two minutes)", ["make", f"PYTHON_EXE={VENV_PYTHON}", "wheel"], binding, flags
    )
    return next((binding / "dist").glob("*.whl"))


def _configure_options() -> list[str]:
    lines = (line.split("#")[0].strip() for line in OPTIONS.read_text(encoding="utf-8").splitlines())
    return [line for line in lines if line]


@contextmanager
def _only_builder(progress: Progress) -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "pjsua2.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress.say("another build is running on this machine; waiting for that")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _digest() -> str:
    named = os.environ.get("PJPROJECT_TARBALL")
    words = source.identify(Path(named).expanduser()).sha256 if named and Path(named).expanduser().is_file() else ""
    return digest_of([source.LOCK], options_digest(), words)


def _present() -> bool:
    return any(re.match(r"_pjsua2\..*so", entry.name) for entry in site_packages().glob("_pjsua2*"))


STEP = Step("pjsua2", _digest, _present, install)

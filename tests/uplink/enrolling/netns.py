# SPDX-License-Identifier: GPL-2.0-only
"""Two machines of their own on one cable: network namespaces with a pair of Ethernet ends."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

HEADQUARTERS, BOX = "10.77.0.1", "10.77.0.20"
ROOT = Path(__file__).parents[3]


def possible() -> bool:
    """Whether this machine lets us, and has the strange server."""
    if os.geteuid() != 0 or shutil.which("dnsmasq") is None or shutil.which("ip") is None:
        return False
    return subprocess.run(["unshare", "-n", "true"], check=False, capture_output=True).returncode == 0


class Cable(msgspec.Struct, frozen=True):
    """The names of both ends' namespaces."""

    headquarters: str
    box: str

    def start(self, where: str, command: Sequence[str], log: Path, **environment: str) -> subprocess.Popen[bytes]:
        """In that namespace."""
        with log.open("ab") as out:
            whole = ["ip", "netns", "exec", where, *command]
            env = {**os.environ, **environment}
            return subprocess.Popen(whole, stdout=out, stderr=out, stdin=subprocess.DEVNULL, cwd=ROOT, env=env)


@contextlib.contextmanager
def cable() -> Iterator[Cable]:
    """Laid for a test, and taken away."""
    made = Cable(f"bl{os.getpid()}hq", f"bl{os.getpid()}box")
    ends = ((made.headquarters, "hq0", HEADQUARTERS), (made.box, "box0", BOX))
    try:
        for where, _, _ in ends:
            _ip("netns", "add", where)
        _ip("link", "add", "hq0", "netns", made.headquarters, "type", "veth", "peer", "box0", "netns", made.box)
        for where, end, address in ends:
            _ip("-n", where, "address", "add", f"{address}/24", "dev", end)
            for name in ("lo", end):
                _ip("-n", where, "link", "set", name, "up")
        yield made
    finally:
        for where, _, _ in ends:
            subprocess.run(["ip", "netns", "delete", where], check=False, capture_output=True)


@contextlib.contextmanager
def tap() -> Iterator[Cable]:
    """Headquarters' end of a cable to a machine that QEMU emulates, in headquarters' namespace."""
    made = Cable(f"bl{os.getpid()}hq", "")
    try:
        _ip("netns", "add", made.headquarters)
        _ip("-n", made.headquarters, "tuntap", "add", "dev", "hq0", "mode", "tap")
        _ip("-n", made.headquarters, "address", "add", f"{HEADQUARTERS}/24", "dev", "hq0")
        for name in ("lo", "hq0"):
            _ip("-n", made.headquarters, "link", "set", name, "up")
        yield made
    finally:
        subprocess.run(["ip", "netns", "delete", made.headquarters], check=False, capture_output=True)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)

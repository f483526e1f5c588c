# SPDX-License-Identifier: GPL-2.0-only
"""A box from the factory is plugged in, as a machine of its own: a claim file on a USB disk, a TPM, and a cable.

On the cable are the test's own DHCP and DNS servers (dnsmasq) and a whole headquarters, in a network namespace. DHCP
tells an address and a domain, the domain where headquarters is, and the claim file by what it is to be known.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.image.machine import Machine
from tests.uplink.enrolling import netns
from tests.uplink.enrolling.machines import NAME, Machines, awaited
from tests.uplink.enrolling.netns import HEADQUARTERS

SERIAL, DOMAIN = "SN-4711", "bank.example"
DHCP = (f"--domain={DOMAIN}", f"--dhcp-option=option:dns-server,{HEADQUARTERS}")
DNS = (
    f"--srv-host=_branchline._tcp.{DOMAIN},hq.{DOMAIN},8443",
    f"--address=/hq.{DOMAIN}/{HEADQUARTERS}",
)
SIX_S = 6.0
PATIENCE_S = 900.0
MOST_S = 300.0
"""From the mains to a branch that is connected with headquarters."""
BOX = "/data/branchline"
CONNECTED = (
    f"grep '^name:' {BOX}/branch.yaml | tr -d '\"'; grep -c '\"up\": true' {BOX}/log/uplink.log; "
    "systemctl is-active branchline"
)
SHOWN = (
    f"cd /usr/lib/branchline && BRANCHLINE_CONFIG={BOX}/branch.yaml BRANCHLINE_STATE={BOX} "
    "runuser -u branchline -- build/venv/bin/python -m appliance.cli show enrolment | cat"
)


def claim_disk(folder: Path, code: str, ca: str) -> Path:
    """What headquarters' `claim add` puts on a stick."""
    told, disk = folder / "branchline-claim.toml", folder / "claim.img"
    told.write_text(f'serial = "{SERIAL}"\ncode = "{code}"\nca = """{ca}"""\n')
    disk.unlink(missing_ok=True)
    with disk.open("wb") as made:
        made.truncate(4 * 2**20)
    subprocess.run(["mkfs.vfat", disk], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["mcopy", "-i", disk, told, "::"], check=True)
    return disk


@contextlib.contextmanager
def tpm(folder: Path) -> Iterator[list[str]]:
    """A chip for a machine, by swtpm; what QEMU is told."""
    folder.mkdir(exist_ok=True)
    door = folder / "door"
    words = ["swtpm", "socket", "--tpm2", "--tpmstate", f"dir={folder}", "--ctrl", f"type=unixio,path={door}"]
    chip = subprocess.Popen([*words, "--terminate"], stdin=subprocess.DEVNULL)
    try:
        until = time.monotonic() + SIX_S
        while not door.exists() and time.monotonic() < until:
            time.sleep(0.05)
        told = ["-chardev", f"socket,id=tpm,path={door}", "-tpmdev", "emulator,id=tpm0,chardev=tpm"]
        yield [*told, "-device", "tpm-crb,tpmdev=tpm0"]
    finally:
        chip.terminate()
        chip.wait()


class Branch:
    """The box with its headquarters."""

    def __init__(self, folder: Path, image: Path) -> None:
        self._machine = Machine(folder, image)
        self._folder = folder

    def connects(self) -> tuple[bool, str]:
        """Nobody types; seconds from the mains on."""
        site = self._folder / "site"
        subprocess.run(["rm", "-rf", site, self._folder / "tpm"], check=True)
        with contextlib.ExitStack() as stack:
            cable = stack.enter_context(netns.tap())
            machines = stack.enter_context(contextlib.closing(Machines(site, cable)))
            machines.supervise(cable.headquarters, machines.hq / "headquarters.yaml")
            box, code = awaited(machines, SERIAL)
            machines.dnsmasq(*DHCP, *DNS, dns=True)
            ca = (machines.hq / "identity" / "ca.pem").read_text()
            stick = f"if=none,id=claim,format=raw,readonly=on,file={claim_disk(self._folder, code, ca)}"
            more = ["-device", "qemu-xhci", "-drive", stick, "-device", "usb-storage,drive=claim"]
            more += ["-smbios", f"type=1,serial={SERIAL}", *stack.enter_context(tpm(self._folder / "tpm"))]
            stack.callback(self._machine.cut)
            began = time.monotonic()
            self._machine.start(with_shell=True, more=more, cable=cable)
            return self._judged(box, began, machines)

    def _judged(self, box: str, began: float, machines: Machines) -> tuple[bool, str]:
        shell = self._machine.ports[1]
        shell.expect("#ready#", PATIENCE_S)
        said: list[str] = []
        while time.monotonic() < began + PATIENCE_S:
            said = shell.run(CONNECTED).split("\n")
            if f"name: {NAME}" in said and "active" in said and "0" not in said[1:]:
                break
            time.sleep(1.0)
        seconds = time.monotonic() - began
        shown = " | ".join(shell.run(SHOWN).splitlines())
        if f'"box": "{box}"' not in machines.log_of(machines.hq, "enrolment"):
            return False, f"after {seconds:.0f} s: {said}; {machines.told()} {shown}"
        return seconds <= MOST_S and "TPM" in shown, f"{seconds:.0f} s, bar {MOST_S:.0f}; {shown}"

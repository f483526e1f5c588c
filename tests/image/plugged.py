# SPDX-License-Identifier: GPL-2.0-only
"""A box from the factory is plugged in, as a machine of its own: a claim file on a USB disk, a TPM, and a cable.

On the cable are the test's own DHCP and DNS servers (dnsmasq) and a whole headquarters, in a network namespace. DHCP
tells an address and a domain, the domain where headquarters is, and the claim file by what it is to be known.
"""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from tests.image.machine import Machine, Port
from tests.uplink.enrolling import netns
from tests.uplink.enrolling.machines import NAME, Machines, awaited
from tests.uplink.enrolling.netns import HEADQUARTERS

SERIAL, DOMAIN = "SN-4711", "bank.example"
DHCP = (
    f"--domain={DOMAIN}",
    f"--dhcp-option=option:dns-server,{HEADQUARTERS}",
    f"--dhcp-option=option:ntp-server,{HEADQUARTERS}",
)
CLOCK = "chronyc -n sources | grep -c "
DNS = (
    f"--srv-host=_branchline._tcp.{DOMAIN},hq.{DOMAIN},8443",
    f"--address=/hq.{DOMAIN}/{HEADQUARTERS}",
)
CHIP_S = 6.0
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
        until = time.monotonic() + CHIP_S
        while not door.exists() and time.monotonic() < until:
            time.sleep(0.05)
        told = ["-chardev", f"socket,id=tpm,path={door}", "-tpmdev", "emulator,id=tpm0,chardev=tpm"]
        yield [*told, "-device", "tpm-crb,tpmdev=tpm0"]
    finally:
        chip.terminate()
        chip.wait()


def connects(folder: Path, image: Path) -> tuple[bool, str]:
    """Nobody types; seconds from the mains on."""
    machine = Machine(folder, image)
    for old in ("site", "tpm"):
        shutil.rmtree(folder / old, ignore_errors=True)
    with contextlib.ExitStack() as stack:
        cable = stack.enter_context(netns.tap())
        machines = stack.enter_context(contextlib.closing(Machines(folder / "site", cable)))
        machines.supervise(cable.headquarters, machines.hq / "headquarters.yaml")
        box, code = awaited(machines, SERIAL)
        machines.dnsmasq(*DHCP, *DNS, dns=True)
        ca = (machines.hq / "identity" / "ca.pem").read_text()
        stick = f"if=none,id=claim,format=raw,readonly=on,file={claim_disk(folder, code, ca)}"
        more = ["-device", "qemu-xhci", "-drive", stick, "-device", "usb-storage,drive=claim"]
        more += ["-smbios", f"type=1,serial={SERIAL}", *stack.enter_context(tpm(folder / "tpm"))]
        stack.callback(machine.cut)
        began = time.monotonic()
        machine.start(with_shell=True, more=more, cable=cable)
        connected, said = _connected(machine.ports[1], began + PATIENCE_S)
        seconds = time.monotonic() - began
        enrolled = f'"box": "{box}"' in machines.log_of(machines.hq, "enrolment")
        shown = " | ".join(machine.ports[1].run(SHOWN).splitlines())
        timed = machine.ports[1].run(f"{CLOCK}{HEADQUARTERS}") == "1"
        shown += "" if timed else "; DHCP's time server is none of chronyd's"
        good = connected and enrolled and timed and "TPM" in shown and seconds <= MOST_S
        return good, f"{seconds:.0f} s, bar {MOST_S:.0f}; {shown}" if good else f"{seconds:.0f} s: {said}; {shown}"


def _connected(shell: Port, until: float) -> tuple[bool, str]:
    """Whether it is the branch, and its uplink has been up; what the box said last."""
    shell.expect("#ready#", until - time.monotonic())
    said = ""
    while time.monotonic() < until:
        said = shell.run(CONNECTED)
        name, ups, state = (*said.splitlines(), "", "", "")[:3]
        if (name, state) == (f"name: {NAME}", "active") and ups.isdigit() and int(ups):
            return True, said
        time.sleep(1.0)
    return False, said

# SPDX-License-Identifier: GPL-2.0-only
"""`make image-test`: the image from its disk, by EFI and by BIOS, to service and to calls; ends `IMAGE-TEST: N of M`.

Each check is a sentence; what a machine said lies in build/image/test/<machine>, and the exchange's log beside it.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from appliance.supervisor import logs
from rootfs.image import disk
from rootfs.image.__main__ import FOLDER
from tests.image import calls, login, plugged
from tests.image.calls import FarEnd
from tests.image.login import ADMINISTRATOR, DENIED, STRANGER, Desk
from tests.image.machine import ENTER, GATEWAY, Machine, Port
from tests.image.sandbox import BARS, too_open

TEST = FOLDER / "test"
SERVICE_S = 90.0
"""From systemd's own reckoning: kernel, initramfs and userspace, until the appliance is ready.

What makes the test's cable, where a box has a card, is not the box's.
"""
PATIENCE_S = 900.0
"""For a machine that others keep busy."""
WHOLE_S = 900.0
PSTN_S = 600.0
"""Patience with the first call, from service on."""
DISK_MIB = 350
NORMAL = 16
"""Q.850."""
MEBIBYTE = 2**20
SHARE = "/usr/share/branchline"
INSIDE = ("kamailio", "pjproject", "pjsua2", "dahdi-dkms", "dahdi.ko", "libpri1.4")
MANUAL = "/usr/share/man/man1/branchline.1"
TEXTS = ("pjproject/COPYING", "dahdi/COPYING", "dahdi/copyright", "debian/kamailio")
"""What `inventory` looks for by name."""


class Sheet:
    """What was checked, for a verb that is named in the last line."""

    def __init__(self, verb: str = "IMAGE-TEST") -> None:
        self._verb = verb
        self.total = 0
        self.failed: list[str] = []
        self.began = time.monotonic()

    def check(self, sentence: str, look: Callable[[], tuple[bool, str]]) -> None:
        """Look, and say whether it is so; a machine that says nothing has failed, and a program that is not there."""
        self.total += 1
        try:
            good, told = look()
        except (AssertionError, OSError, subprocess.CalledProcessError) as error:
            good, told = False, str(error) or type(error).__name__
        if not good:
            self.failed.append(sentence)
        seconds = time.monotonic() - self.began
        print(f"[{seconds:4.0f} s] {'ok' if good else 'FAILED'}: {sentence}{f' ({told})' if told else ''}", flush=True)

    def in_time(self) -> tuple[bool, str]:
        """So far."""
        seconds = time.monotonic() - self.began
        return seconds <= WHOLE_S, f"{seconds:.0f} s, bar {WHOLE_S:.0f}"

    def line(self) -> str:
        """The last line."""
        failed = f"; failed: {'; '.join(self.failed)}" if self.failed else ""
        return f"{self._verb}: {self.total - len(self.failed)} of {self.total} passed{failed}"


def small(image: Path) -> tuple[bool, str]:
    """What the disk takes here, where its empty parts take nothing."""
    taken = image.stat().st_blocks * 512 / MEBIBYTE
    return taken <= DISK_MIB, f"{taken:.0f} MiB, bar {DISK_MIB}"


def slot_a(console: Port) -> tuple[bool, str]:
    """What GRUB says."""
    return console.expect(r"branchline: slot (\w)", PATIENCE_S)[1] == "A", ""


def in_service(shell: Port) -> tuple[bool, str]:
    """When the appliance was ready, by systemd's clock, which began with the kernel."""
    shell.expect("#ready#", PATIENCE_S)
    until = time.monotonic() + PATIENCE_S
    while (state := shell.run("systemctl is-active branchline.service")) != "active" and time.monotonic() < until:
        time.sleep(5.0)  # the question costs it a third of a second
    if state != "active":
        return False, shell.run("journalctl --no-pager -n 30 -u branchline -u branchline-identity")
    shell.run("systemctl is-system-running --wait", PATIENCE_S)
    entered = "systemctl show -P ActiveEnterTimestampMonotonic"
    ready_s, waited_s, begun_s = (
        int(said) / 1e6
        for said in shell.run(
            f"{entered} branchline {calls.CABLE}; systemctl show -P InactiveExitTimestampMonotonic {calls.CABLE}"
        ).split()
    )
    cable_s = waited_s - begun_s  # it has no such unit: 0 - 0
    told = f"{ready_s:.0f} s{f', {cable_s:.0f} of them for the cable' if cable_s else ''}, bar {SERVICE_S:.0f}"
    whole = " ".join(shell.run("systemd-analyze --no-pager time").split())
    return ready_s - cable_s <= SERVICE_S, f"{told}; {whole}"


def all_units(shell: Port) -> tuple[bool, str]:
    """None has failed."""
    failed = shell.run("systemctl --no-pager --plain --no-legend --failed")
    return not failed, failed


def sandboxed(shell: Port) -> tuple[bool, str]:
    """By the figure of the image's own systemd, each unit of ours."""
    units = " ".join(f"branchline{name}.service" for name in BARS)
    wrong = list(too_open(shell.run(f"systemd-analyze --no-pager security {units} | grep Overall", 300.0)))
    return not wrong, "; ".join(wrong)


def read_only(shell: Port) -> tuple[bool, str]:
    """The root takes nothing, and data have the disk."""
    said = shell.run(
        "touch /usr/mark /etc/mark 2>&1; findmnt -no FSTYPE,OPTIONS / ; df --output=size -m /data | tail -1"
    )
    grown = int(said.split()[-1])
    return said.count("Read-only file system") == 2 and "squashfs ro" in said and grown > 1500, f"data {grown} MiB"


def watched(shell: Port) -> tuple[bool, str]:
    """The hardware's watchdog is systemd's by the image's own word, and systemd watches the supervisor by its unit's.

    What is in force says nothing: the test gives a slow machine more time than a unit does.
    """
    hardware = shell.run("cd /sys/class/watchdog/watchdog0 && cat identity state timeout").split()
    own = shell.run(
        "grep -h ^WatchdogSec= /usr/lib/systemd/system/branchline.service; "
        "grep -h ^RuntimeWatchdogSec= /etc/systemd/system.conf.d/*.conf"
    ).split()
    names = [name for name, _, value in (line.partition("=") for line in own) if value[:1] not in ("", "0")]
    good = "active" in hardware and names == ["WatchdogSec", "RuntimeWatchdogSec"]
    return good, f"{' '.join(hardware)}; {' '.join(own)}"


def closed(shell: Port) -> tuple[bool, str]:
    """Nobody outside is let in before the configuration says so."""
    said = shell.run(
        "nft list ruleset | grep -c 'policy drop'; nft list set inet branchline tcp_open | grep -c elements"
    )
    return said.split() == ["2", "0"], said


def inventory(shell: Port) -> tuple[bool, str]:
    """What it is made of, inside: everything by its licence, the cards' drivers and pjproject with their texts."""
    manual = shell.run(f"grep -c '^.TH BRANCHLINE' {MANUAL}")
    command = f"cd {SHARE} && grep -c bom-ref sbom.json; ls licences/debian | wc -l; grep -c '\"licenses\"' sbom.json"
    packages, licences, licensed = map(int, shell.run(command).split())
    named = shell.run(f'cd {SHARE} && grep -oE \'"name": "({"|".join(INSIDE)})"\' sbom.json | sort -u | wc -l')
    texts = shell.run(f"cd {SHARE}/licences && find {' '.join(TEXTS)} -size +2k | wc -l")
    good = manual == "1" and packages > licences > 100 and licensed == packages + 1  # the box itself has no bom-ref
    told = f"{packages} components, {licensed} with a licence, {licences} licences of Debian packages"
    return good and (named, texts) == (str(len(INSIDE)), str(len(TEXTS))), f"{told}; {named} names, {texts} texts"


def log_in(console: Port) -> None:
    """As administrator: nothing but a name is asked for at the console."""
    console.type(ENTER)
    console.expect("login: ", PATIENCE_S)
    console.type(f"admin{ENTER}")


def told(console: Port) -> tuple[bool, str]:
    """A technician at the console is told that the box looks for headquarters, and what to type."""
    log_in(console)
    console.expect("This box has no configuration yet", 120.0)
    console.expect(r"enrol CODE", 120.0)
    return True, console.expect(r"(BL-\w+)> ", 120.0)[1]


def serves(console: Port) -> tuple[bool, str]:
    """The branch that it has become knows that headquarters is missing, and says so."""
    said, until = "", time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        console.type(f"show alarms{ENTER}")
        said = console.expect(r"show alarms[\r\n]+(.*?)\S+> ", 120.0)[1]
        if "(uplink.down)" in said:
            return True, ""
        time.sleep(5.0)
    return False, said


def commands(console: Port) -> tuple[bool, str]:
    """The version is told, and `?` shows what may be typed."""
    console.type(f"show version{ENTER}")
    version = console.expect(r"show version[\r\n]+.*?(\d+\.\d+\.\d+).*?> ", 120.0)[1]
    console.type("?")
    if console.expect(r"configure.*?(--More--|> )", 60.0)[1] == "--More--":
        console.type("q")
        console.expect(r"> ", 60.0)
    return True, version


def configured(console: Port, far_end: FarEnd, desk: Desk) -> tuple[bool, str]:
    """A paste at the console makes it a branch with lines, and lets somebody in."""
    given = *calls.configuration(far_end.port), *calls.own_address(), *desk.configuration()
    lines = ("", *given, "commit comment image-test")
    console.type("".join(f"{line}{ENTER}" for line in lines))
    said = console.expect(r"((?:version \d|nothing was committed).*?)[\r\n]+\S+# ", PATIENCE_S)[1]
    console.type(f"exit{ENTER}")
    spans = spans_of(console)
    return all(f" {name} " in spans for name in ("carrier", "telco", "exchange")), " ".join(said.split())


def own_address(shell: Port) -> tuple[bool, str]:
    """As configured: networkd has it from no DHCP, and chronyd the server."""
    said = shell.run("ip -4 -o address; ip route; chronyc -n sources")
    wanted = f"inet {calls.ADDRESS} ", f"default via {GATEWAY} ", f" {calls.TIME} "
    return all(one in said for one in wanted) and "dynamic" not in said and "proto dhcp" not in said, said


def spans_of(console: Port) -> str:
    """As the command line shows them, once the box has them."""
    said, until = "", time.monotonic() + PATIENCE_S
    while time.monotonic() < until and "carrier" not in said:
        console.type(f"show spans{ENTER}")
        said = console.expect(r"show spans[\r\n]+(.*?)\S+> ", 120.0)[1]
        time.sleep(1.0)
    return said


def same_machine(machine: Machine, before: str) -> tuple[bool, str]:
    """After the mains have failed: the id that the kernel was told is the first one."""
    shell = machine.ports[1]
    shell.expect("#ready#", PATIENCE_S)
    now = shell.run("cat /etc/machine-id; grep -c systemd.machine_id= /proc/cmdline")
    return now.split() == [before, "1"], now.split()[0]


def first_call(far_end: FarEnd, shell: Port, began_ns: int) -> tuple[bool, str]:
    """By CESoPSN from outside, over the cable's two spans, and back by CESoPSN; digits are told at both ends."""
    try:
        caller, called = far_end.first_call(PSTN_S)
    except TimeoutError:
        return False, f"none was answered in {PSTN_S:.0f} s: {far_end.state()}"
    answered_s = (caller.answered.ns - began_ns) / 1e9 if caller.answered else 0.0
    took_s = (caller.answered.ns - caller.began.ns) / 1e9 if caller.answered else 0.0
    heard = (called.digits, caller.digits)
    good = heard == (calls.ASKED, calls.ANSWERED) and caller.cause == called.cause == NORMAL
    up_s = float(shell.run("cat /proc/uptime").split()[0])
    told = f"answered {answered_s:.0f} s after power-on and {took_s:.1f} s after SETUP; up {up_s:.0f} s when it ended"
    return (
        good,
        told if good else f"{told}; digits {heard}, causes {caller.cause} and {called.cause}: {far_end.state()}",
    )


def tested_call(console: Port, far_end: FarEnd) -> tuple[bool, str]:
    """`test call` out by one end of the cable, in at the other, to who sounds when he hears our tone."""
    log_in(console)
    console.expect(r"\S+> ", 120.0)
    console.type(f"test call {calls.TESTED} trunk telco{ENTER}")
    said = console.expect(r"trunk telco[\r\n]+(.*?)\S+> ", 120.0)[1]
    if "PASS" not in said:
        return False, f"{said} {spans_of(console)}"
    return "our tone comes back" in said and far_end.next_answered(10.0).dialled == calls.TESTED, " ".join(said.split())


def logged_in(desk: Desk) -> tuple[bool, str]:
    """To the command line, with a key of the configuration."""
    users, refused = desk.asks(ADMINISTRATOR, "show users"), desk.asks(STRANGER, "show users")
    good = f"{ADMINISTRATOR}@desk" in users and DENIED in refused
    return good, " | ".join((users if good else f"{users}{refused}").splitlines())


def as_root(desk: Desk) -> tuple[bool, str]:
    """Who may be root comes to the same command line, and to no other program."""
    users, other = (desk.asks(ADMINISTRATOR, command, "root") for command in ("show users", "id -u"))
    refused = desk.asks(STRANGER, "show users", "root")
    good = f"{ADMINISTRATOR}@desk" in users and other.strip() != "0" and DENIED in refused
    return good, "" if good else " | ".join(f"{users}{other}{refused}".splitlines())


def by_efi(sheet: Sheet, image: Path) -> None:
    """Two starts of one machine; it is given its lines in the first, and calls in the second."""
    machine = Machine(TEST / "efi", image)
    try:
        machine.start(with_shell=True)
        console, shell = machine.ports
        sheet.check("EFI starts slot A", lambda: slot_a(console))
        sheet.check("the box is up", lambda: in_service(shell))
        sheet.check("a technician at the console is told how to configure it", lambda: told(console))
        sheet.check("the box serves, and misses headquarters", lambda: serves(console))
        sheet.check("the command line tells the version, and what may be typed", lambda: commands(console))
        sheet.check("no unit has failed", lambda: all_units(shell))
        sheet.check("the appliance and its units are sandboxed", lambda: sandboxed(shell))
        sheet.check("the root is read-only, and data have the disk", lambda: read_only(shell))
        sheet.check("the watchdogs are fed", lambda: watched(shell))
        sheet.check("the firewall is closed", lambda: closed(shell))
        sheet.check("what it is made of is inside", lambda: inventory(shell))
        before = shell.run("cat /data/identity/machine-id")
        desk = Desk(machine.folder / "desk")
        with FarEnd() as far_end:
            pasted = "a configuration that is pasted at the console is in force"
            sheet.check(pasted, lambda: configured(console, far_end, desk))
            machine.cut()
            began_ns = time.monotonic_ns()
            machine.start(
                with_shell=True,
                units={calls.CABLE: calls.CABLE_UNIT},
                udp={far_end.door: calls.BOX_PORT},
                tcp={desk.door: login.BOX_PORT},
            )
            console, shell = machine.ports
            sheet.check("it is the same machine after the mains have failed", lambda: same_machine(machine, before))
            sheet.check("the box is in service with its configuration", lambda: in_service(shell))
            sheet.check("address and time server are those of the configuration", lambda: own_address(shell))
            call = "a call by CESoPSN and by DAHDI is answered and heard both ways"
            sheet.check(call, lambda: first_call(far_end, shell, began_ns))
            sheet.check(
                "a test call by DAHDI and by CESoPSN is answered and heard", lambda: tested_call(console, far_end)
            )
            sheet.check("an administrator logs in by SSH, and nobody else", lambda: logged_in(desk))
            sheet.check("who may be root comes to the command line too", lambda: as_root(desk))
            sheet.check("no unit has failed with lines", lambda: all_units(shell))
    finally:
        machine.cut()


def by_bios(sheet: Sheet, image: Path) -> None:
    """One start."""
    machine = Machine(TEST / "bios", image, efi=False)
    try:
        machine.start(with_shell=True)
        sheet.check("a BIOS starts slot A", lambda: slot_a(machine.ports[0]))
        sheet.check("the box is up by BIOS", lambda: in_service(machine.ports[1]))
    finally:
        machine.cut()


def main() -> int:
    """0 if all is so."""
    image, sheet = FOLDER / disk.DISK, Sheet()
    TEST.mkdir(parents=True, exist_ok=True)
    with (TEST / "far-end.log").open("w") as log:
        logs.configure("far-end", log)
        sheet.check("the disk is small", lambda: small(image))
        by_efi(sheet, image)
        by_bios(sheet, image)
        itself = "a box from the factory is a branch of headquarters, and nobody types"
        sheet.check(itself, lambda: plugged.connects(TEST / "plugged", image))
    sheet.check("all of it fits its time", sheet.in_time)
    print(sheet.line())
    return 1 if sheet.failed else 0


if __name__ == "__main__":
    sys.exit(main())

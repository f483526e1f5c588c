# SPDX-License-Identifier: GPL-2.0-only
"""One box in QEMU over many starts: to service, asked, updated, cut off; and what its disk says while it is off."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from tests.image.machine import GATEWAY, Machine, Port, SilentError
from tests.ports import free_port
from tests.power_cuts import phone
from tests.power_cuts.looks import Look, copied, look, taken, words
from tests.power_cuts.talk import configuration

PATIENCE_S = 1800.0
"""From the mains to service, on a machine that others keep busy."""
LOOK_S = 5.0
RECORD = "/data/update/record.json"
CLI = (
    "cd /usr/lib/branchline && BRANCHLINE_CONFIG=/data/branchline/branch.yaml BRANCHLINE_STATE=/data/branchline "
    "runuser -u branchline -- build/venv/bin/python -m appliance.cli"
)
BESIDE = ("branchline-door", "branchline-enrolling")
"""They serve no call and are part of no update; a start without them takes a fifth less."""
SERVED_UNIT = """\
[Unit]
Description=The test need not ask again and again
After=branchline.service branchline-update.service
[Service]
Type=oneshot
ExecStart=/bin/echo "#served#"
StandardOutput=tty
TTYPath=/dev/ttyS1
"""
BUNDLES = "/run/bundles"
MOUNTED = f"mountpoint -q {BUNDLES} || mount -o ro /dev/disk/by-id/virtio-bundles {BUNDLES}"
PHONE_UNIT = """\
[Unit]
Description=A phone of the test
[Service]
WorkingDirectory=/usr/lib/branchline
Environment=PYTHONPATH={bundles}:/usr/lib/branchline PYTHONDONTWRITEBYTECODE=1
ExecStartPre=/bin/sh -c "mkdir -p {bundles}; {mounted}"
ExecStart=/usr/lib/branchline/build/venv/bin/python -m tests.power_cuts.phone {host} {port}
Restart=always
RestartSec=2s
"""
NOBODY = 9
"""Of the box's ports; with any led there, the box finds this host."""
BOX = "/data/branchline"
TOLD = "/run/told"
"""What the command line has said of an update."""
NAME = (
    "(cd /data/branchline && said=$(grep '^name:' branch.yaml) && echo \"$said\" && "
    'grep -lxF "$said" branch.versions/*.yaml 2>/dev/null | wc -l)'
)
OVER = ("idle", "confirmed", "fallen-back")


class WrongError(AssertionError):
    """The box is not as it has to be."""


@dataclass(frozen=True, slots=True)
class Env:
    """GRUB's words, as they lie on the disk."""

    good: str
    wanted: str
    """The slot that starts next."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a box says of itself: the record of its update, the slot that runs, the one that GRUB keeps to."""

    record: dict[str, str]
    running: str
    good: str
    wanted: str
    """The slot that has a try; empty: none."""


class Box:
    """`folder` has its disk, made of `image` where `fresh`; `bundles` is a second disk. It starts by EFI or a BIOS."""

    def __init__(self, folder: Path, image: Path, bundles: Path, *, fresh: bool, efi: bool = False) -> None:
        self._bundles = bundles
        self.machine = Machine(folder, image, efi=efi, counting=True, keep=not fresh)

    @property
    def console(self) -> Port:
        """GRUB and the kernel."""
        return self.machine.ports[0]

    @property
    def shell(self) -> Port:
        """The root's."""
        return self.machine.ports[1]

    def off(self) -> Env:
        """What the disk says of the slots, of a box that is off. Raises LostError."""
        now = words(self.machine.disk, self.machine.folder)
        return Env(now["good"], now.get("try") or now["good"])

    def switch_on(self, clock: int = 0, without: Collection[str] = BESIDE) -> str:
        """Until GRUB has chosen; the slot. `clock`: it has a caller and a phone, and tells a port here of its clock."""
        disk = ["-drive", f"if=none,id=bundles,format=raw,readonly=on,file={self._bundles}"]
        disk += ["-device", "virtio-blk-pci,drive=bundles,serial=bundles"]
        units, udp = {"served": SERVED_UNIT}, {}
        if clock:
            named = {"bundles": BUNDLES, "mounted": MOUNTED, "host": GATEWAY, "port": clock}
            units["power-cuts-phone"], udp = PHONE_UNIT.format_map(named), {free_port(): NOBODY}
        self.machine.start(with_shell=True, more=disk, units=units, without=tuple(without), udp=udp)
        return self.chosen()

    def chosen(self, slots: str = "AB", seconds: float = PATIENCE_S) -> str:
        """The first of the slots that GRUB says. Raises SilentError."""
        slot = self.console.expect(rf"branchline: slot ([{slots}])", seconds)[1]
        self.shell.skip()  # what was before this start
        return slot

    def in_service(self) -> None:
        """Until the appliance and its updater serve. Raises WrongError, or SilentError."""
        self.shell.expect("#served#", PATIENCE_S)
        self.console.skip()  # GRUB speaks to EFI's console as well, which is every serial port
        until = time.monotonic() + PATIENCE_S
        asked = "systemctl is-active branchline.service branchline-update.service | paste -sd+"
        while (told := self.shell.run(asked, PATIENCE_S)) != "active+active":
            if time.monotonic() > until:
                log = self.shell.run("journalctl --no-pager -n 15 -u branchline -u branchline-update", PATIENCE_S)
                raise WrongError(f"no service ({told}): {log}")
            time.sleep(LOOK_S)

    def stands(self, seconds: float = PATIENCE_S) -> Standing:
        """As it is now. Raises SilentError, or ValueError where the box has no record."""
        words = "grub-editenv /boot/efi/EFI/BOOT/grubenv list; grep -o 'rauc.slot=[AB]' /proc/cmdline"
        record, _, env = self.shell.run(f"cat {RECORD}; echo; echo --; {words}", seconds).partition("\n--\n")
        kept = dict(line.strip().split("=", 1) for line in env.splitlines())
        return Standing(json.loads(record), kept["rauc.slot"], kept["good"], kept.get("try", ""))

    def settled(self) -> Standing:
        """Until no update is under way, over the restarts that it may take, and GRUB keeps to what runs."""
        until, now = time.monotonic() + 2 * PATIENCE_S, None
        while time.monotonic() < until:
            try:
                now = self.stands(30.0)
            except (SilentError, ValueError, LookupError):
                if self._restarted():
                    self.in_service()
                continue
            if now.record["state"] in OVER and now.running == now.good and not now.wanted:
                return now
            time.sleep(LOOK_S)
        raise WrongError(f"an update without end: {now}")

    def _restarted(self) -> str:
        """The slot, where GRUB has chosen once more; else empty."""
        try:
            return self.chosen(seconds=0.5)
        except SilentError:
            return ""

    def show_bundles(self) -> None:
        """The second disk, where the box reads it."""
        told = self.shell.run(f"mkdir -p {BUNDLES}; {MOUNTED}", 120.0)
        if told:
            raise WrongError(f"the bundles' disk cannot be mounted: {told}")

    def begin_update(self, bundle: str = "bundle") -> None:
        """Ask for it; it goes on by itself."""
        self.show_bundles()
        self.shell.run(f"({CLI} update install {BUNDLES}/{bundle}.raucb </dev/null >{TOLD} 2>&1) & asked=$!", 120.0)

    def until(self, state: str) -> str:
        """The update that was asked for has come to it. Raises WrongError where it ends before.

        A box that starts again meanwhile may not have said so: then the slot that GRUB has chosen, else empty.
        """
        look = f"until grep -q '\"{state}\"' {RECORD} || ! kill -0 $asked 2>/dev/null; do sleep 1; done"
        asked, until = self.shell.ask(f"{look}; cat {RECORD}"), time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            try:
                said = self.shell.answer(asked, LOOK_S)
            except SilentError:
                if slot := self._restarted():
                    return slot
                continue
            record = json.loads(said[said.find("{") :])  # a box that goes down ends the wait first, and says so
            if record["state"] != state:
                raise WrongError(f"the update has ended: {record}; {self.shell.run(f'cat {TOLD}')}")
            return ""
        raise WrongError(f"the update never came to {state}")

    def lay_line(self) -> None:
        """A line and a phone, where it has none yet. Raises WrongError."""
        if self.shell.run(f"grep -c 'number: {phone.NUMBER}' {BOX}/branch.yaml", 120.0) != "0":
            return
        secret = f"{BOX}/secrets/phone"
        made = f"umask 077; printf {phone.PASSWORD} >{secret}; chown branchline:branchline {secret}; umask 022"
        self.shell.run(f"{made}; : >/run/words", 60.0)
        for line in ("configure", *configuration(), "commit comment power-cuts", "exit"):
            self.shell.run(f"echo '{line}' >>/run/words", 60.0)
        if not self.committed(self.shell.ask(f"({CLI} </run/words 2>&1)"), PATIENCE_S):
            raise WrongError("the line's configuration was not committed")

    def recordings(self) -> list[str]:
        """Those that are sealed, the newest last."""
        return self.shell.run(f"(cd {BOX}/recordings && ls -tr | grep 'wav$')", 120.0).split()

    def new_recording(self, known: Collection[str]) -> Path:
        """A copy of the newest that is not known, once it is sealed. Raises LostError, WrongError."""
        until = time.monotonic() + PATIENCE_S
        while not (new := [name for name in self.recordings() if name not in known]):
            if time.monotonic() > until:
                raise WrongError(f"the talk has no recording: {self.shell.run(f'tail -5 {BOX}/log/recorder.log')}")
            time.sleep(LOOK_S)
        self.look()
        return taken(self.machine.folder, f"/branchline/recordings/{new[-1]}")

    def begin_commit(self, name: str) -> int:
        """A new name for the box, committed; what `committed` takes."""
        words = rf"configure\nset name {name}\ncommit comment power-cuts\nexit\n"
        self.shell.run(f"printf '{words}' >/run/words", 60.0)
        return self.shell.ask(f"({CLI} </run/words 2>&1)")

    def committed(self, asked: int, seconds: float) -> bool:
        """Whether it has said so within that. Raises WrongError where it has said something else."""
        try:
            told = self.shell.answer(asked, seconds)
        except SilentError:
            return False
        if not re.search(r"^version \d+$", told, re.MULTILINE):  # it is on the disk then, in force or not yet
            raise WrongError(f"nothing was committed: {told}")
        return True

    def name(self) -> tuple[str, int]:
        """Of the configuration in force, and how many of the versions that are kept have it."""
        told = self.shell.run(NAME, 120.0)
        said, kept = told.splitlines()
        return said.removeprefix("name:").strip().strip("'\""), int(kept)

    def look(self) -> Look:
        """At the disk as a cut would leave it now; the machine stands still for it. Raises LostError."""
        with self.machine.stopped():
            now = copied(self.machine.disk, self.machine.folder)
        return look(now, self.machine.folder)

    def cut(self) -> None:
        """The mains fail."""
        self.machine.cut()

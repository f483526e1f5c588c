# SPDX-License-Identifier: GPL-2.0-only
"""`make update-test`: a box in QEMU, offered what it must refuse, what it has to give up, and a good version; reset.

Closes with `UPDATE-TEST: N of M`; what the box said lies in build/image/update. Each check is a sentence.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from functools import partial

from rootfs.image import disk
from tests.image.__main__ import Sheet, log_in
from tests.image.machine import ENTER
from tests.image_update.bundles import IMAGE, bundles_disk
from tests.power_cuts.box import BESIDE, BUNDLES, CLI, PATIENCE_S, Box

NICE = 5
FOLDER = IMAGE / "update"
REFUSED = {
    "flipped": ("a bundle with a flipped bit is refused", "it is damaged"),
    "stranger": ("a bundle that a stranger has signed is refused", "its signature is by nobody whom"),
    "older": ("an older version is refused", "older than"),
    "large": ("an image that the slot has no room for is refused", "too little space"),
}
"""Bundle → what is checked, and what the box has to say."""
MEANWHILE = ("installing", "installed", "draining")
SPENT = "it did not come into service"
PROCESSES = "systemctl show -P MainPID branchline.service; systemctl show -P NRestarts branchline.service"
SLOT_B = "head -c 4194304 /dev/disk/by-partlabel/rootfs-b | sha256sum"


MARK = "before-reset"
"""A name that a reset has to forget."""
ITSELF = (
    "(cat /etc/machine-id /data/ssh/ssh_host_ed25519_key.pub; ls /data/branchline/branch.versions 2>/dev/null | wc -l)"
)


def started(box: Box, slot: str, without: Collection[str] = BESIDE) -> tuple[bool, str]:
    """From the mains to service."""
    chosen = box.switch_on(without=without)
    box.in_service()
    return chosen == slot, f"slot {chosen}"


def refused(box: Box, bundle: str, sentence: str) -> tuple[bool, str]:
    """With that sentence, and nothing has changed: neither slot nor boot loader."""
    before, slot = box.stands(), box.shell.run(SLOT_B, PATIENCE_S)
    told = box.shell.run(f"({CLI} update install {BUNDLES}/{bundle}.raucb 2>&1; echo status $?)", PATIENCE_S)
    after = box.settled()
    kept = (before.good, before.wanted) == (after.good, after.wanted) and slot == box.shell.run(SLOT_B, PATIENCE_S)
    good = kept and sentence in told and told.endswith("status 1") and after.record["state"] == "idle"
    return good, " ".join(told.splitlines()[-2:])


def goes_back(box: Box, bundle: str) -> tuple[bool, str]:
    """Nobody helps: the version fails, and what was confirmed starts."""
    box.begin_update(bundle)
    slots = (box.until("switching") or box.chosen()) + box.chosen("A")
    box.in_service()
    stands = box.settled()
    good = (slots, stands.running, stands.record["state"]) == ("BA", "A", "fallen-back")
    return good and SPENT in stands.record["why"], stands.record["why"]


def alarmed(box: Box) -> tuple[bool, str]:
    """What headquarters hears, as the box's own list has it, with its reason."""
    told = box.shell.run(f"({CLI} show alarms 2>&1 | cat)", PATIENCE_S)
    said = [line for line in told.splitlines() if "update.fell-back" in line]
    return bool(said) and SPENT in said[0], " ".join(said)


def serves_meanwhile(box: Box) -> tuple[bool, str]:
    """The appliance's processes are the same ones from the asking to the switch."""
    before = box.shell.run(PROCESSES, PATIENCE_S)
    box.begin_update("good")
    box.until("installing")
    during = box.shell.run(PROCESSES, PATIENCE_S)
    record = box.stands().record
    return before == during and record["state"] in MEANWHILE, f"{' '.join(during.split())}, {record['state']}"


def confirmed(box: Box) -> tuple[bool, str]:
    """Tried, judged, kept."""
    slots = box.until("switching") or box.chosen()
    box.in_service()
    stands = box.settled()
    return (slots, stands.running, stands.record["state"]) == ("B", "B", "confirmed"), stands.record["state"]


def shown(box: Box) -> tuple[bool, str]:
    """`show update`."""
    told = box.shell.run(f"({CLI} show update 2>&1 | cat)", PATIENCE_S)
    return "(slot B)" in told and "confirmed" in told, " | ".join(told.splitlines())


def reset(box: Box) -> tuple[bool, str]:
    """Asked for at the console, twice; the box is another for who knew it, and the same for who made it."""
    if not box.committed(box.begin_commit(MARK), PATIENCE_S):
        return False, "the name before it was not committed"
    before, console = box.shell.run(ITSELF, PATIENCE_S).splitlines(), box.console
    log_in(console)
    console.expect(r"\S+> ", PATIENCE_S)
    console.type(f"factory-reset{ENTER}")
    serial = console.expect(r"type the serial number, (\S+):", PATIENCE_S)[1]
    console.type(f"{serial}{ENTER}")
    console.expect("once more: type erase", PATIENCE_S)
    console.type(f"erase{ENTER}")
    slot = box.chosen()
    box.in_service()
    after, (name, kept) = box.shell.run(ITSELF, PATIENCE_S).splitlines(), box.name()
    same, other_key = after[0] == before[0], after[1] != before[1]
    told = f"slot {slot}, name {name!r}, {after[2]} versions, {'same' if same else 'another'} machine"
    forgotten = (name, kept, after[2]) == ("Not configured", 0, "0") and int(before[2]) > 0
    return slot == "B" and same and other_key and forgotten, f"{told}, {'new' if other_key else 'OLD'} key of SSH"


def main() -> int:
    """0 if all is so."""
    os.nice(NICE)
    FOLDER.mkdir(parents=True, exist_ok=True)
    box, sheet = Box(FOLDER, IMAGE / disk.DISK, bundles_disk(FOLDER / "bundles.img"), fresh=True), Sheet("UPDATE-TEST")
    try:
        sheet.check("the box serves from slot A", lambda: started(box, "A"))
        box.settled()
        box.show_bundles()
        for bundle, (sentence, said) in REFUSED.items():
            sheet.check(sentence, partial(refused, box, bundle, said))
        sheet.check("a version that GRUB cannot read is given up", lambda: goes_back(box, "unreadable"))
        sheet.check("a version whose supervisor does not come up is given up", lambda: goes_back(box, "broken"))
        sheet.check("headquarters hears why", lambda: alarmed(box))
        sheet.check("a good version is written while the box serves", lambda: serves_meanwhile(box))
        sheet.check("it is tried, judged, confirmed", lambda: confirmed(box))
        sheet.check("a technician is told so", lambda: shown(box))
        box.cut()
        sheet.check("it starts after the mains have failed", lambda: started(box, "B", ()))
        sheet.check("a factory reset leaves serial, machine and firmware alone", lambda: reset(box))
    finally:
        box.cut()
    print(sheet.line())
    return 1 if sheet.failed else 0


if __name__ == "__main__":
    sys.exit(main())

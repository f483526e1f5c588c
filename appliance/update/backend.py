# SPDX-License-Identifier: GPL-2.0-only
"""What RAUC asks of our boot loader (`bootloader=custom` of its system.conf): `get-primary`, `set-state B bad`, ….

RAUC marks a slot bad before it writes to it: so the confirmed slot is never written over, whoever asks for it.
BRANCHLINE_GRUBENV names GRUB's environment block.
"""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from appliance.update.boot import BootError, Loader, running

GRUBENV = Path(os.environ.get("BRANCHLINE_GRUBENV", "/boot/efi/EFI/BOOT/grubenv"))


def main(words: Sequence[str]) -> int:
    """Exit status 0: done, or the answer is on stdout; 1: stderr says why not."""
    loader = Loader(GRUBENV)
    verbs: dict[tuple[str, int], Callable[..., str | None]] = {
        ("get-primary", 0): lambda: loader.next,
        ("set-primary", 1): loader.give_try,
        ("get-state", 1): lambda slot: "good" if slot in (loader.good, loader.next) else "bad",
        ("set-state", 2): lambda slot, state: loader.confirm(slot) if state == "good" else loader.clear(slot),
        ("get-current", 0): running,
    }
    verb = verbs.get((words[0], len(words) - 1)) if words else None
    if verb is None:
        sys.stderr.write(f"{' '.join(words)}: is none of {', '.join(name for name, _ in verbs)}\n")
        return 1
    try:
        answer = verb(*words[1:])
    except (BootError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if answer is not None:
        sys.stdout.write(f"{answer}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

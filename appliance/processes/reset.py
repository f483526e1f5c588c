# SPDX-License-Identifier: GPL-2.0-only
"""`python -m appliance.processes.reset DATA [KEEP…]`: at the machine's start, before anything of the box, as root.

Carries out a factory reset that was asked for. Without a mark in BRANCHLINE_STATE it does nothing.
"""

import sys
from pathlib import Path

from appliance.processes.environment import state_directory
from appliance.supervisor import erasing


def main() -> int:
    """Exit status 1: not all could be erased; it is gone on with at the next start."""
    state, data, keep = state_directory(), Path(sys.argv[1]), sys.argv[2:]
    if not erasing.asked(state):
        return 0
    try:
        erasing.erase(data, state, keep)
    except OSError as error:
        sys.stderr.write(f"factory reset: {error}\n")
        return 1
    sys.stderr.write("factory reset: done\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

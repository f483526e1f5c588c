# SPDX-License-Identifier: GPL-2.0-only
"""`python -m rootfs.setup`: run every step that is not fresh; two at once wait for each other."""

import fcntl
import sys

from rootfs.setup import debian, environment
from rootfs.setup.paths import BUILD
from rootfs.setup.steps import SetupError, run_steps

STEPS = (debian.STEP, environment.STEP)


def main() -> int:
    """Return 0 when everything stands, 1 after a sentence on stderr that names the fault and the mend."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            run_steps(STEPS)
        except SetupError as error:
            print(error.report(), file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: GPL-2.0-only
"""`python -m rootfs.setup`: run every step that is not fresh; two at once wait for each other."""

import fcntl
import sys

from rootfs.setup import debian, environment, extensions
from rootfs.setup.paths import BUILD
from rootfs.setup.pjproject import build as pjsua2
from rootfs.setup.steps import SetupError, run_steps


def main() -> int:
    """Return 0 when everything stands, 1 after a sentence on stderr that names the fault and the mend."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            run_steps([debian.STEP, environment.STEP, pjsua2.STEP, *extensions.steps()])
        except SetupError as error:
            print(error.report(), file=sys.stderr)
            return 1
        except OSError as error:  # a full disk, a folder that is not ours
            print(
                f"set-up: {error}\nmend:   free the disk or mend the rights, then repeat the command", file=sys.stderr
            )
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

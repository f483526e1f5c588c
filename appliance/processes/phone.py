# SPDX-License-Identifier: GPL-2.0-only
"""The demo's phone: `phone.py NUMBER FOLDER`, one baresip on an extension of BRANCHLINE_CONFIG's branch.

It answers by itself and speaks a recorded sentence over and over. If baresip ends, so does this, and is started again.
"""

import os
import signal
import sys
import threading
from pathlib import Path
from types import FrameType

import structlog

from appliance.config import Branch, exit_with, load_or_exit, read_secret
from appliance.simulator.phone import Phone, PhoneError
from appliance.supervisor import logs, notify

SPEECH = Path("/usr/share/asterisk/sounds/en_US_f_Allison/demo-congrats.wav")
LOOK_S = 0.5

log = structlog.get_logger()


def main() -> int:
    """Until SIGTERM. Exit status 1: the phone could not register, or it ended."""
    logs.configure("phone")
    if len(sys.argv) != 3:
        exit_with("usage: phone NUMBER FOLDER")
    number, folder = sys.argv[1], Path(sys.argv[2])
    branch = load_or_exit(Branch)
    extension = next((one for one in branch.extensions if one.number == number), None)
    if extension is None:
        exit_with(f"phone: extension {number!r} is not in the branch's configuration")
    stopped = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        stopped.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    address = f"{number}@{branch.sip.domain}"
    speech = SPEECH if SPEECH.exists() else None
    try:
        with Phone(address, read_secret(extension.secret), branch.sip.proxy, folder, speech=speech) as phone:
            notify.ready()
            while not stopped.wait(LOOK_S):
                if os.waitid(os.P_PID, phone.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
                    log.error("phone.process.ended", number=number)
                    return 1
    except PhoneError as error:
        log.error("phone.registration.failed", error=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

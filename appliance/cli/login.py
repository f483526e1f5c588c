# SPDX-License-Identifier: GPL-2.0-only
"""The login shell of the box's users: hands its terminal to the box's door and waits for the end.

    login.py                     at a prompt (a console, SSH)
    login.py show alarms         one command, a line by `-c 'show alarms | count'` or SSH_ORIGINAL_COMMAND

The door (`appliance/processes/door.py`) knows who we are from the kernel and runs the command line as the box's user.
Without a door, who may reach the box's files works on them himself: root mends a box whose services are down. Whoever
else comes while the box is starting waits for it.
"""

import array
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence

DOOR = "/run/branchline-door/cli.sock"
SHELL = "/bin/bash"
PERSON, KEY = "BRANCHLINE_LOGIN", "BRANCHLINE_KEY"
"""Who came over SSH, and by which key: set by sshd from the line of the key, and by nobody else."""
SSH = ("SSH_CONNECTION", PERSON, KEY)
TOLD = ("TERM", "LANG", "LC_ALL", "LC_MESSAGES", *SSH)
"""Of our environment, what the door's end hears; of SSH it believes a child of sshd's alone."""
PATIENCE_S, AGAIN_S = 180.0, 0.5
STARTING = "The box is starting: its command line is here in a moment.\n系统正在启动，请稍候。\n"


def main(argv: Sequence[str]) -> int:
    """The command's exit status."""
    words = _words(argv)
    door = _knock()
    if door is None:
        return _without(words)
    asked = {"words": words, "environment": {name: os.environ[name] for name in TOLD if name in os.environ}}
    descriptors = array.array("i", [0, 1, 2])
    door.sendmsg([json.dumps(asked).encode() + b"\n"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
    signal.signal(signal.SIGINT, lambda *_: _say(door, b"interrupt\n"))
    for stops in (signal.SIGQUIT, signal.SIGTSTP):
        signal.signal(stops, signal.SIG_IGN)
    return _until_over(door)


def _knock() -> socket.socket | None:
    """The door; None: there is none, and who asks can do without, or has waited long enough."""
    alone = os.geteuid() == 0 or os.access(os.environ.get("BRANCHLINE_CONFIG", ""), os.R_OK)
    until, told = time.monotonic() + (0.0 if alone else PATIENCE_S), False
    while True:
        door = socket.socket(socket.AF_UNIX)
        try:
            door.connect(os.environ.get("BRANCHLINE_DOOR", DOOR))
        except OSError:
            door.close()
        else:
            return door
        if time.monotonic() >= until:
            return None
        if not told:
            sys.stderr.write(STARTING)
            told = True
        time.sleep(AGAIN_S)


def _until_over(door: socket.socket) -> int:
    for line in door.makefile("rb"):
        word, _, rest = line.decode().strip().partition(" ")
        if word == "status":
            return int(rest)
        if word == "shell":
            subprocess.run([SHELL, "-l"], check=False)
            _say(door, b"back\n")
        elif word == "refused":
            sys.stderr.write(f"{rest}\n")
    return 2  # the door has died


def _words(argv: Sequence[str]) -> list[str]:
    """As a shell is given them: `-c` and a line, or words."""
    line = os.environ.get("SSH_ORIGINAL_COMMAND", "")
    return list(argv) or (["-c", line] if line else [])


def _say(door: socket.socket, line: bytes) -> None:
    with contextlib.suppress(OSError):
        door.sendall(line)


def _without(words: Sequence[str]) -> int:
    from appliance.cli.__main__ import main as command_line  # noqa: PLC0415 - the door's way imports nothing

    return command_line(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

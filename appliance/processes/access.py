# SPDX-License-Identifier: GPL-2.0-only
"""sshd follows `management`: which keys open which of the image's accounts, on which port, or that it does not run.

Run as root at the start and whenever the file has changed; what has not changed is left as it is. A file that is wrong
leaves all of it as it was. In ACCESS_KEYS stands a file an account, in ACCESS_RUN what is sshd's of the port; root's
keys open ACCESS_LOGIN, as the others' accounts have it for their shell.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from appliance.config import ConfigurationError, exit_with, load
from appliance.config.management import ACCOUNTS, ROOT, Management, User
from appliance.uplink.enrolling.private import sync, write_whole

KEYS = "/data/ssh/keys"
RUN = "/run/branchline-ssh"
LOGIN = "/usr/bin/branchline"
PORT = "sshd.conf"
HEAD = "# Made of the configuration's `management`; it is made anew at each change.\n"
SERVICE = "ssh.service"


def key_files(told: Management, login: str = LOGIN) -> Mapping[str, str]:
    """What sshd reads of keys, by account; those that nobody has a key to are not there.

    Root's own shell opens by `start shell` alone, which says so in the log: sshd takes no key of root's without a
    command (PermitRootLogin forced-commands-only).
    """
    lines = {
        account: [line for user in told.users if user.role == role for line in _lines(user)]
        for role, account in ACCOUNTS.items()
    }
    lines[ROOT] = [f'command="{login}",{line}' for user in told.users if user.root for line in _lines(user)]
    return {account: HEAD + "".join(its) for account, its in lines.items() if its}


def _lines(user: User) -> Iterator[str]:
    """A terminal is all that a key opens (sshd(8), AUTHORIZED_KEYS FILE FORMAT)."""
    for key in user.keys:
        who = f'environment="BRANCHLINE_LOGIN={user.name}",environment="BRANCHLINE_KEY={key.fingerprint}"'
        yield f"restrict,pty,{who} {key.kind} {key.body}\n"


def port_file(told: Management) -> str | None:
    """What sshd reads of its port; None: it shall not run.

    It takes every address, and the firewall only the one that is configured: an address that DHCP has not given yet
    would be sshd's end.
    """
    return None if told.ssh is None else f"{HEAD}Port {told.ssh.listen.port}\nListenAddress 0.0.0.0\n"


def put(path: Path, text: str | None) -> bool:
    """Make it so, on the disk; whether it was another."""
    before = path.read_text(encoding="utf-8") if path.exists() else None
    if text == before:
        return False
    if text is None:
        path.unlink()
        sync(path.parent)
    else:
        write_whole(path, text.encode(), 0o644)  # sshd reads a user's keys as that user
    return True


def main() -> int:
    """0 when all was told. Exit status 2: the configuration is wrong, and stderr says why."""
    try:
        told = load(Path(os.environ.get("BRANCHLINE_CONFIG", ""))).management
    except ConfigurationError as error:
        exit_with(str(error))
    keys, run = Path(os.environ.get("ACCESS_KEYS", KEYS)), Path(os.environ.get("ACCESS_RUN", RUN))
    files = key_files(told, os.environ.get("ACCESS_LOGIN", LOGIN))
    for account in (*ACCOUNTS.values(), ROOT):
        put(keys / account, files.get(account))
    if not put(run / PORT, port := port_file(told)):
        return 0
    order = ["systemctl", "--no-block", "restart" if port else "stop", SERVICE]  # sessions go on
    try:
        return subprocess.run(order, check=False).returncode
    except FileNotFoundError:
        sys.stderr.write(f"{order[0]} is missing\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())

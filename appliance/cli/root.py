# SPDX-License-Identifier: GPL-2.0-only
"""`start shell`: the system's own, for root alone, who is logged before it opens and after it closes."""

import os
import subprocess
import sys
from collections.abc import Callable

from appliance.cli import audit, login
from appliance.cli.grammar.matching import Matched
from appliance.cli.line_editor import cooked
from appliance.cli.session import Session

open_shell: Callable[[], int] | None = None
"""At the door: the one at root's end of it."""


def shell(session: Session, _matched: Matched) -> int:
    """Exit status 1: it is not root who asks."""
    opened = open_shell or (_here if os.getuid() == 0 and "BRANCHLINE_PEER" not in os.environ else None)
    if opened is None:
        told = (
            "start shell is for root alone: come over SSH as root, with a key of a user who has `root`",
            "仅 root 可用：请用具有 root 属性的用户的密钥，经 SSH 以 root 登录",
        )
        audit.note(session.state, "cli.shell.refused", by=session.author, whence=audit.whence())
        sys.stderr.write(f"{session.told(*told)}\n")
        return 1
    audit.note(session.state, "cli.shell.opened", by=session.author, whence=audit.whence())
    sys.stdout.write(
        session.told("what is done there is not checked: exit comes back\n", "此处操作不受检查：exit 返回\n")
    )
    sys.stdout.flush()
    try:
        with cooked(sys.stdin.fileno()):
            return opened()
    finally:
        audit.note(session.state, "cli.shell.closed", by=session.author)


def _here() -> int:
    return subprocess.run([login.SHELL, "-l"], check=False).returncode

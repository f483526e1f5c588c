# SPDX-License-Identifier: GPL-2.0-only
"""Who may come in over SSH: shown, and kept from shutting themselves out without a word.

Whose key is gone from the configuration has no rights any more, in a session that is open too.
"""

import contextlib
import os
import sys

from appliance.cli import terminal
from appliance.cli.grammar.matching import Matched
from appliance.cli.login import KEY, PERSON
from appliance.cli.session import Session
from appliance.config import ConfigurationError, Endpoint, read, written
from appliance.config.candidate import Candidate
from appliance.config.management import ACCOUNTS, NONE, ROOT, Came, Management, User, moved, no_longer, shut_out
from appliance.config.network import Network

HEADS = (
    ("user", "role", "logs in as", "key", "fingerprint", "comment"),
    ("用户", "权限", "登录帐号", "密钥类型", "指纹", "备注"),
)


def show(session: Session, _matched: Matched) -> int:
    """`show users`. Exit status 1: nobody can come in over SSH."""
    told = _management(session.running())
    if told.ssh is None:
        print(session.told("SSH is closed: management ssh is not set", "SSH 已关闭：未设置 management ssh"))
    else:
        sources = ", ".join(map(str, told.ssh.sources))
        print(session.told(f"SSH: {told.ssh.listen}, from {sources}", f"SSH：{told.ssh.listen}，来源 {sources}"))
    rows = [
        (user.name, user.role, _accounts(user), key.kind, key.fingerprint, key.comment)
        for user in told.users
        for key in user.keys
    ]
    if rows:
        sys.stdout.write("".join(f"{line}\n" for line in terminal.table([HEADS[session.chinese], *rows])))
    return int(told.ssh is None or not rows)


def _accounts(user: User) -> str:
    return f"{ACCOUNTS[user.role]}, {ROOT}" if user.root else ACCOUNTS[user.role]


def shut_out_by(session: Session, after: Candidate) -> list[str]:
    """Why who sits here could not come in again, as sentences; none where they could, or are at the console."""
    came = _came(session)
    if came is None:
        return []
    reasons = [*shut_out(_management(after), came), *moved(_network(session.running()), _network(after))]
    return [session.told(f"you could not log in again: {one}", f"您将无法再次登录：{one}") for one in reasons]


def ended(session: Session) -> str:
    """Why this session has no rights any more; empty: it has. A configuration with a mistake takes none away."""
    came = _came(session)
    if came is None:
        return ""
    with contextlib.suppress(ConfigurationError, OSError):
        for reason in no_longer(_management(session.running()), came):
            return session.told(f"this session is over: {reason}", f"会话已终止：{reason}")
    return ""


def _came(session: Session) -> Came | None:
    """None: at the console, or by a key that is not of the configuration."""
    name, key = os.environ.get(PERSON), os.environ.get(KEY)
    ends = os.environ.get("SSH_CONNECTION", "").split()
    if not (name and key and len(ends) == 4):
        return None
    root = os.environ.get("BRANCHLINE_PEER") == "0"
    return Came(name, session.role, key, ends[0], Endpoint(ends[2], int(ends[3])), root)


def _network(box: Candidate) -> Network:
    """Likewise."""
    said = box.data.get("network")
    return read(box.file, Network, text=written.text(said)) if said else Network()


def _management(box: Candidate) -> Management:
    """Of a configuration that has no mistake."""
    said = box.data.get("management")
    return read(box.file, Management, text=written.text(said)) if said else NONE

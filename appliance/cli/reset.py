# SPDX-License-Identifier: GPL-2.0-only
"""`factory-reset`: asks twice, then leaves the mark by which everything goes at the machine's next start."""

import sys
from collections.abc import Iterator

from appliance.cli import audit, terminal
from appliance.cli.grammar.matching import Matched
from appliance.cli.line_editor import cooked
from appliance.cli.session import Session
from appliance.supervisor import erasing

LAST = "erase"
GOES = (
    "configuration, secrets, certificates, recordings, records not yet sent, logs: all goes but serial and firmware",
    "配置及其历史、密钥、证书、录音、留言、总部尚未收到的记录、统计、日志将全部删除；仅保留序列号与固件",
)
ASKED = ("the machine restarts and is as it left the factory", "设备将重启并恢复出厂状态")


def factory_reset(session: Session, _matched: Matched) -> int:
    """Exit status 1: nothing is changed; 2: there is nobody to ask."""
    if not sys.stdin.isatty():
        sys.stderr.write(session.told("it is asked for at a terminal\n", "须在终端上执行\n"))
        return terminal.UNASKED
    sys.stdout.write(f"{terminal.broken(session.told(*GOES), 0)}\n")
    for line, right in _questions(session, session.name):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
        with cooked(sys.stdin.fileno()):
            said = sys.stdin.readline().strip()
        if said != right:
            sys.stdout.write(session.told("nothing is changed\n", "未做任何改动\n"))
            return 1
    audit.note(session.state, "cli.factory-reset.asked", by=session.author, whence=audit.whence())
    erasing.ask(session.state, session.author)
    sys.stdout.write(f"{session.told(*ASKED)}\n")
    session.ended = True
    return 0


def _questions(session: Session, serial: str) -> Iterator[tuple[str, str]]:
    """And what has to be typed."""
    yield session.told(f"to go on type the serial number, {serial}:", f"请输入序列号 {serial} 以继续："), serial
    told = (
        f"once more: type {LAST}, and calls that are up end too:",
        f"再次确认：请输入 {LAST}（通话将中断）：",
    )
    yield session.told(*told), LAST

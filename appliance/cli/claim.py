# SPDX-License-Identifier: GPL-2.0-only
"""`claim add|list|audit`, `box revoke`: who may become a branch, and who is one no more, at headquarters."""

import contextlib
import logging
import sqlite3
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import structlog

from appliance.cli import terminal
from appliance.cli.grammar.matching import Matched
from appliance.cli.session import Session
from appliance.config import Headquarters
from appliance.config.errors import ConfigurationError
from appliance.config.files import load_role
from appliance.headquarters.duplex.stream import NoQuorumError
from appliance.headquarters.fleet import claims
from appliance.headquarters.fleet.agreed import Agreement
from appliance.headquarters.fleet.identities import Box, Identities, IdentitiesError, path_of
from appliance.uplink.enrolling.private import write_private

HEADS = (
    ("box", "serial number", "name", "state", "until"),
    ("设备", "序列号", "名称", "状态", "有效期至"),
)
STATES = {
    "awaited": "待注册",
    "lapsed": "验证码过期",
    "enrolled": "已注册",
    "expired": "证书过期",
    "revoked": "已吊销",
}
NONE = ("no box is known; claim add SERIAL makes one", "没有设备；使用 claim add 添加")
TOGETHER_S = 5.0
"""How long the message servers of a duplex are waited for."""
CLAIM_FILE = '# For the root of a USB disk: branchline-claim.toml\nserial = "{}"\ncode = "{}"\nca = """\n{}"""\n'


def add(session: Session, matched: Matched) -> int:
    """A code, told once."""
    serial, code = matched.arguments.get("serial", ""), claims.draw()
    try:
        ca = _ca(session.file)
        hashed = claims.hashed(serial, code)
        words = [matched.arguments.get(one, "") for one in ("box", "name")]
        with _identities(session) as identities:
            box = identities.claim(serial, hashed, session.author, *words)
        if file := matched.arguments.get("file", ""):
            write_private(Path(file), CLAIM_FILE.format(serial, code, ca).encode())
    except (ConfigurationError, IdentitiesError, NoQuorumError, OSError, sqlite3.Error) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    until = f"{datetime.fromtimestamp(box.claim_s, UTC):%F}"
    print(f"{box.box}  {code}")
    print(
        session.told(
            f"good once, for serial number {serial} alone, until {until}; it is not shown again",
            f"仅供序列号 {serial} 使用一次，{until} 前有效；不再显示",
        )
    )
    return 0


def show(session: Session, _matched: Matched) -> int:
    """Every box, and how it stands."""
    try:
        boxes = Identities(path_of(session.state)).boxes()
    except (OSError, sqlite3.Error) as error:
        sys.stderr.write(f"{error}\n")
        return terminal.UNASKED
    rows = [HEADS[session.chinese], *(_row(box, session) for box in boxes)]
    lines = terminal.table(rows) if boxes else [NONE[session.chinese]]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def revoke(session: Session, matched: Matched) -> int:
    """Within seconds it is out."""
    box = matched.arguments.get("box", "")
    try:
        with _identities(session) as identities:
            identities.revoke(box, session.author, matched.arguments.get("reason", ""))
    except (ConfigurationError, IdentitiesError, NoQuorumError, OSError, sqlite3.Error) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    print(session.told(f"{box} is revoked; it is out within seconds", f"{box} 已吊销，数秒内断开"))
    return 0


def audit(session: Session, matched: Matched) -> int:
    """Who has done what, the newest last."""
    try:
        lines = Identities(path_of(session.state)).audit(int(matched.arguments.get("count", "20")))
    except (OSError, sqlite3.Error) as error:
        sys.stderr.write(f"{error}\n")
        return terminal.UNASKED
    for line in reversed(lines):
        print(f"{datetime.fromtimestamp(line.at_s, UTC):%F %T}Z  {line.box:<9} {line.who}: {line.what}")
    return 0


@contextlib.contextmanager
def _identities(session: Session) -> Iterator[Identities]:
    """To change something; in a duplex together with the other headquarters. Raises NoQuorumError."""
    config = load_role(session.file, Headquarters)
    if config.duplex is None:
        yield Identities(path_of(session.state))
        return
    logging.disable(logging.WARNING)  # a terminal is no log
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    agreed = Agreement(config, "command line")
    try:
        agreed.made(TOGETHER_S)
        yield Identities(path_of(session.state), agreed=agreed)
    finally:
        agreed.close()


def _row(box: Box, session: Session) -> tuple[str, ...]:
    state = box.state(time.time())
    until = box.until_s or box.claim_s
    shown = f"{datetime.fromtimestamp(until, UTC):%F %H:%M}" if until else "-"
    said = STATES[state] if session.chinese else state
    return box.box, box.serial, box.name or "-", said, box.revoked or shown


def _ca(file: Path) -> str:
    """Headquarters' CA, as boxes are to pin it. Raises ConfigurationError, OSError."""
    enrolment = load_role(file, Headquarters).enrolment
    if enrolment is None:
        raise OSError("headquarters' configuration has no enrolment door; configure, set enrolment listen …")
    return (enrolment.credentials / "ca.pem").read_text()

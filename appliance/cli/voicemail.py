# SPDX-License-Identifier: GPL-2.0-only
"""`show voicemail [MAILBOX]`, `voicemail heard|new|delete MESSAGE`: what callers have left, at headquarters."""

import argparse
import datetime as dt
import getpass
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from appliance.cli import headquarters, record, terminal
from appliance.cli.agent import length
from appliance.config.scalars import suggestion
from appliance.headquarters.reports import voicemail
from appliance.headquarters.reports.reading import Row
from appliance.wire.service_messages import Refused
from appliance.wire.talk import UnreachableError
from appliance.wire.voicemail import Mark, MarkVoicemail

MARKS = {"heard": Mark.HEARD, "new": Mark.NEW, "delete": Mark.DELETED}
HEADS = (
    ("message", "mailbox", "left at", "caller", "length", "state", "contact"),
    ("留言", "信箱", "时间", "主叫", "时长", "状态", "呼叫"),
)
NEW, HEARD, COMING, LOST = ("new", "未听"), ("heard", "已听"), ("on its way", "传送中"), ("not recorded", "录音失败")
NONE = ("no messages", "没有留言")
NOBODYS = ("nobody has left a message in {mailbox!r}; {near}", "信箱{mailbox!r}没有留言；{near}")
DONE = {
    Mark.HEARD: ("{message} is heard", "{message}已标为已听"),
    Mark.NEW: ("{message} is new", "{message}已标为未听"),
    Mark.DELETED: ("{message} is deleted, its sound too", "{message}及其录音已删除"),
}
SAMPLE_NS = 125_000


def main(words: Sequence[str]) -> int:
    """Exit status 0: it is so; 1: refused; 2: it could not be asked."""
    told = _read(words)
    asked = MarkVoicemail(recording=told.message, mark=MARKS[told.do], by=getpass.getuser())
    try:
        answer = headquarters.mark(Path(told.state), asked)
    except UnreachableError as error:
        sys.stderr.write(f"{error}\n")
        return terminal.UNASKED
    if isinstance(answer, Refused):
        sys.stderr.write(f"{answer.sentence}\n")
        return 1
    print(DONE[answer.mark][told.language == "zh"].format(message=answer.recording))
    return 0


def show(words: Sequence[str]) -> int:
    """The table of messages, newest first. Exit status 1: nobody has left one there; 2: the record cannot be read."""
    told = _read_show(words)
    found, chinese = record.opened(told), told.language == "zh"
    if found is None:
        return terminal.UNASKED
    try:
        rows, known = voicemail.messages(found.engine, told.mailbox), voicemail.mailboxes(found.engine)
    except SQLAlchemyError as error:
        sys.stderr.write(f"{found.place} cannot be read: {error}\n")
        return terminal.UNASKED
    if told.mailbox and told.mailbox not in known:
        near = suggestion(told.mailbox, known)
        sys.stderr.write(f"{NOBODYS[chinese].format(mailbox=told.mailbox, near=near)}\n")
        return 1
    table = terminal.table([HEADS[chinese], *(tuple(_cells(row, chinese=chinese)) for row in rows)])
    lines = table if rows else [NONE[chinese]]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _cells(row: Row, *, chinese: bool) -> Iterator[str]:
    yield from (row["recording"], row["mailbox"])
    yield dt.datetime.fromtimestamp(row["at_ns"] // 1_000_000_000).astimezone().strftime("%m-%d %H:%M")
    yield row["clid"] or "-"
    yield length(row["samples"] * SAMPLE_NS) if row["samples"] else "-"
    state = HEARD if row["heard_ns"] is not None else NEW
    yield (state if row["here"] else COMING if row["failure"] is None else LOST)[chinese]
    yield row["contact"]


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="voicemail", description="Headquarters: what is so of a caller's message.")
    parser.add_argument("do", choices=tuple(MARKS), metavar="heard|new|delete")
    parser.add_argument(
        "message", metavar="MESSAGE", help="as show voicemail has it; the page plays /recordings/MESSAGE.wav"
    )
    terminal.add_language(parser)
    return terminal.read(parser, words)


def _read_show(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="show voicemail", description="Headquarters: what callers have left.")
    parser.add_argument("mailbox", nargs="?", default="", metavar="MAILBOX", help="else all")
    record.add_config(parser)
    terminal.add_language(parser)
    return terminal.read(parser, words)

# SPDX-License-Identifier: GPL-2.0-only
"""`script history`: which version was in force since when. `script text`, `script diff`: what one said, what changed.

They read headquarters' record, so a version that a decision names can be read whatever the file says now.
"""

import argparse
import datetime as dt
import difflib
import sys
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from appliance.cli import record, terminal
from appliance.config.scalars import suggestion
from appliance.headquarters.reports import texts

KINDS = ("history", "text", "diff")
HEADS = (("since", "name", "version"), ("起始", "名称", "版本"))
GONE, NOW = ("gone", "已移除"), ("in force", "生效中")
SAME = ("{name}: {old} and {new} are the same", "{name}：{old}与{new}相同")


class UnknownVersionError(Exception):
    """A name or version that the record does not have, with the nearest one."""


def main(words: Sequence[str]) -> int:
    """Exit status 0: told; 1: there is none of that name, or of that version; 2: it could not be asked."""
    told = _read(words)
    found = record.opened(told)
    if found is None:
        return terminal.UNASKED
    place, engine, _ = found
    try:
        with engine.connect() as store:
            lines = list(_lines(store, told))
    except UnknownVersionError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except SQLAlchemyError as error:
        why = str(getattr(error, "orig", error)).strip().splitlines()[0]
        sys.stderr.write(f"{place} cannot be read ({why}); only headquarters has a record\n")
        return terminal.UNASKED
    finally:
        engine.dispose()
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="script", description="What scripts and headquarters' file have said.")
    what = parser.add_subparsers(dest="what", required=True)
    named = f"a script's, or {texts.CONFIGURATION}"
    what.add_parser("history", help="which version since when").add_argument("name", nargs="?", default="", help=named)
    text = what.add_parser("text", help="what a version said")
    text.add_argument("name", help=named)
    text.add_argument("version", nargs="?", default="", help="or how it begins, else the one in force")
    diff = what.add_parser("diff", help="what has changed from one version to another")
    diff.add_argument("name", help=named)
    diff.add_argument("old", help="a version, or how it begins")
    diff.add_argument("new", nargs="?", default="", help="else the one in force")
    for one in what.choices.values():
        terminal.add_language(one)
        record.add_config(one)
        one.add_argument("--state", default=argparse.SUPPRESS, metavar="DIRECTORY", help="else BRANCHLINE_STATE")
    return terminal.read(parser, words)


def _lines(store: Connection, told: argparse.Namespace) -> Iterator[str]:
    chinese = told.language == "zh"
    match told.what:
        case "history":
            return _history(store, told.name, chinese=chinese)
        case "text":
            return iter(_version(store, told.name, told.version).text.splitlines())
        case _:
            return _changed(_version(store, told.name, told.old), _version(store, told.name, told.new), chinese=chinese)


def _history(store: Connection, name: str, *, chinese: bool) -> Iterator[str]:
    now, rows = texts.in_force(store), texts.history(store, name)
    if not rows:
        raise _unknown(store, name)
    lines: list[tuple[str, ...]] = [(*HEADS[chinese], "")]
    last = {row.name: row.since_ns for row in rows}
    for row in rows:
        at = dt.datetime.fromtimestamp(row.since_ns / 1e9).strftime("%Y-%m-%d %H:%M:%S")  # noqa: DTZ006 - the terminal's
        current = now.get(row.name) == row.version and last[row.name] == row.since_ns
        lines.append((at, row.name, row.version or GONE[chinese], NOW[chinese] if current else ""))
    return terminal.table(lines)


def _version(store: Connection, name: str, beginning: str) -> texts.Version:
    """The one that begins so, else the one in force. Raises UnknownVersionError."""
    found = texts.versions(store, name, beginning or texts.in_force(store).get(name, ""))
    if not found:
        known = [one.version for one in texts.versions(store, name)]
        raise (
            UnknownVersionError(f"{name} has no version {beginning!r}; {suggestion(beginning, known)}")
            if known
            else _unknown(store, name)
        )
    if len(found) > 1:
        several = ", ".join(one.version for one in found)
        raise UnknownVersionError(f"{name} has several versions that begin with {beginning!r}: {several}")
    return found[0]


def _unknown(store: Connection, name: str) -> UnknownVersionError:
    known = {row.name for row in texts.history(store)}
    return UnknownVersionError(f"{name!r} has no versions here; {suggestion(name, known)}")


def _changed(old: texts.Version, new: texts.Version, *, chinese: bool) -> Iterator[str]:
    if old == new:
        return iter([SAME[chinese].format(name=old.name, old=old.version, new=new.version)])
    before, after = old.text.splitlines(), new.text.splitlines()
    heads = (f"{old.name} {old.version}", f"{new.name} {new.version}")
    return difflib.unified_diff(before, after, *heads, lineterm="")

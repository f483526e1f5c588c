# SPDX-License-Identifier: GPL-2.0-only
"""Who sits at the box: the language, the role, the mode, and the configuration that is being changed."""

import contextlib
import os
import pwd
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from appliance.cli import audit, files
from appliance.cli.grammar.kinds import Kind, nothing_known
from appliance.cli.grammar.matching import Grammar, GrammarError, Matched
from appliance.cli.grammar.syntax import Command, Mode, Role
from appliance.cli.grammar.table import TABLE
from appliance.config import edit, impacts
from appliance.config.candidate import FORM, Candidate
from appliance.config.errors import ConfigurationError
from appliance.config.history import History
from appliance.config.tree import Block, Choice, Leaf, Node, Rows, Table
from appliance.supervisor.crashes import kept

ROLES = {Role.VIEWER: "查看员", Role.TECHNICIAN: "技术员", Role.ADMINISTRATOR: "管理员"}
NONE = (0, 0)
"""Stamp of a file that is not there: an empty box's."""


class Session:
    """Of one terminal. `file`: the box's configuration; `state`: its state directory."""

    def __init__(self, file: Path, state: Path, role: Role, *, chinese: bool) -> None:
        self.file, self.state, self.role, self.chinese = file, state, role, chinese
        self.author = os.environ.get("BRANCHLINE_AUTHOR") or pwd.getpwuid(os.getuid()).pw_name
        self.mode = Mode.OPERATIONAL
        self.history = History(file)
        self.candidate: Candidate | None = None
        self.began_from = ""
        """What the file said when the candidate was begun."""
        self.base: tuple[str, ...] = ()
        self.ended = False
        self._running: tuple[tuple[int, int], Candidate] | None = None

    def grammar(self) -> Grammar:
        """Of what may be typed now."""
        return Grammar(self.commands(), self._kind, self.said, self._head, chinese=self.chinese)

    def commands(self) -> list[Command]:
        """Of this mode, that the role allows."""
        far = os.environ.get("BRANCHLINE_PEER") == "headquarters"
        mine = (one for one in TABLE.command if self.mode in one.modes and not (far and one.terminal))
        return [one for one in mine if one.role in self.role.allowed]

    def match(self, words: Sequence[str]) -> Matched:
        """The command. Raises GrammarError, which says who may where this role may not."""
        try:
            matched = self.grammar().match(words)
        except GrammarError:
            if (other := self._of_others(words)) is None:
                raise
            audit.refused(self.state, self.author, self.role, audit.words(other))
            raise GrammarError(self._not_yours(other.command), 0) from None
        files.check(matched)
        return matched

    def _of_others(self, words: Sequence[str]) -> Matched | None:
        """What it would be in a higher role."""
        everybody = [one for one in TABLE.command if self.mode in one.modes]
        with contextlib.suppress(GrammarError):
            return Grammar(everybody, self._kind, self.said, self._head, chinese=self.chinese).match(words)
        return None

    def _not_yours(self, command: Command) -> str:
        if command.role in self.role.allowed:
            return self.told(
                f"{command.pattern!r} takes a terminal: log in at the box", f"{command.pattern!r}需要终端：请登录该设备"
            )
        may = [role for role in Role if command.role in role.allowed]
        return self.told(
            f"{command.pattern!r} is for {' or '.join(map(_one, may))}; {self.author} is {_one(self.role)}",
            f"{command.pattern!r}须由{'或'.join(ROLES[role] for role in may)}执行；{self.author}为{ROLES[self.role]}",
        )

    def said(self, command: Command) -> str:
        """What it does, in the session's language."""
        return command.said[self.chinese]

    def told(self, english: str, chinese: str) -> str:
        """The one of the two that is the session's."""
        return chinese if self.chinese else english

    @property
    def name(self) -> str:
        """The box's serial number, as the prompt has it."""
        with contextlib.suppress(ConfigurationError, KeyError):
            return str(self.running().data["box"])
        return "?"

    @property
    def unconfigured(self) -> bool:
        """Whether it still looks for headquarters, which has its configuration."""
        with contextlib.suppress(ConfigurationError, OSError):
            return self.running().data.get("headquarters", {}).get("discover") in ("yes", "true")
        return False

    @property
    def origin(self) -> str:
        """From where: the far end of an SSH session, else the terminal."""
        far = os.environ.get("SSH_CONNECTION", "").partition(" ")[0]
        with contextlib.suppress(OSError):
            return far or os.ttyname(0).removeprefix("/dev/")
        return "-"

    @property
    def text(self) -> str:
        """What the box's file says; of an empty box nothing."""
        try:
            return self.file.read_text("utf-8")
        except FileNotFoundError:
            return ""

    def running(self) -> Candidate:
        """The file as it is, read once, as a large one takes seconds. Raises ConfigurationError."""
        stamp = _stamp(self.file)
        if stamp == NONE and self.file.name:
            return Candidate(self.file, {})
        if self._running is None or self._running[0] != stamp:
            self._running = stamp, Candidate.of(self.file)
        return self._running[1]

    def _head(self, word: str) -> str:
        return TABLE.head.get(word, ("", ""))[self.chinese]

    def _kind(self, name: str) -> Kind:
        known = {
            "path": self._paths,
            "version": self._versions,
            "version-to": self._versions,
            "span": self._spans,
            "crash": self._crashes,
        }
        known["target"] = self._targets
        return Kind(TABLE.kind[name], known.get(name, nothing_known), chinese=self.chinese)

    def _versions(self, _before: Sequence[str]) -> Iterable[tuple[str, str]]:
        return [(str(one.number), f"{one.at} {one.author} {one.comment}") for one in self.history.versions()]

    def _crashes(self, _before: Sequence[str]) -> Iterable[tuple[str, str]]:
        return [(one.name, one.ended) for one in kept(self.state / "crashes")]

    def _spans(self, _before: Sequence[str]) -> Iterable[tuple[str, str]]:
        spans = self._data().get("spans", [])
        return [(str(number + 1), str(span.get("name", ""))) for number, span in enumerate(spans)]

    def _targets(self, _before: Sequence[str]) -> Iterable[tuple[str, str]]:
        groups = (self._data().get("fleet") or {}).get("groups", [])
        return [("all", ""), *((str(one.get("name", "")), "") for one in groups)]

    def _data(self) -> Any:
        with contextlib.suppress(ConfigurationError):
            return (self.candidate or self.running()).data
        return {}

    def _paths(self, before: Sequence[str]) -> Iterable[tuple[str, str]]:
        data = self._data()
        with contextlib.suppress(edit.EditError):
            return completions(edit.full(FORM, data, (*self.base, *before)), data, chinese=self.chinese)
        return ()


def _one(role: Role) -> str:
    return f"an {role}" if role is Role.ADMINISTRATOR else f"a {role}"


def _stamp(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except FileNotFoundError:
        return NONE
    return status.st_ino, status.st_mtime_ns


def completions(path: Sequence[str], data: Any, *, chinese: bool) -> list[tuple[str, str]]:
    """What may follow a path of the configuration: keys, names of rows, words of a value; with what each is."""
    form: Node = FORM
    where: impacts.Path = ()
    for word in path:
        if isinstance(form, Block | Choice):
            where = impacts.under(where, form, data, word)
        match form:
            case Rows(item=item):
                at = edit.place_of(form, data or [], word)
                form, data = item, data[at] if at is not None else {}
            case Table(value=value):
                form, data = value, (data or {}).get(word)
            case Leaf():
                return _values(form, where, chinese=chinese) if form.many else []
            case _:
                known = edit.fields(form, data)
                if word not in known:
                    return []
                form, data = known[word], (data or {}).get(word)
    match form:
        case Leaf():
            return _values(form, where, chinese=chinese)
        case Rows():
            shown = [(name, "") for name in edit.names(form, data or [])]
            return [*shown, (f"<{form.key or 'place'}>", "新增" if chinese else "a new one")]
        case Table():
            return [(name, "") for name in data or {}]
    return [
        (name, _of(one, impacts.under(where, form, data, name), chinese=chinese))
        for name, one in edit.fields(form, data).items()
    ]


def _of(form: Node, where: impacts.Path, *, chinese: bool) -> str:
    reason = str(form.reason[chinese])
    if not isinstance(form, Leaf):
        return reason
    default = f"{'缺省' if chinese else 'default'} {form.default}" if form.default else ""
    extent = f"{form.range} {form.unit}".strip()
    return "; ".join(filter(None, (reason, extent, default, _ends(where, chinese=chinese))))


def _values(leaf: Leaf, where: impacts.Path, *, chinese: bool) -> list[tuple[str, str]]:
    if leaf.words:
        return [(word, "缺省" if chinese else "default") if word == leaf.default else (word, "") for word in leaf.words]
    form = edit.form_of(leaf)
    return [(f"<{form}>", "; ".join(filter(None, (leaf.reason[chinese], _ends(where, chinese=chinese)))))]


def _ends(where: impacts.Path, *, chinese: bool) -> str:
    """What a change of a leaf ends."""
    return impacts.WORDS[impacts.impact(where)][chinese]

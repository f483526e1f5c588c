# SPDX-License-Identifier: GPL-2.0-only
"""The box's command line: a prompt, its modes, help at every word, what follows `|`. On serial and over SSH alike."""

import contextlib
import functools
import importlib
import shlex
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TextIO

from appliance.cli import access, audit, pipes, roles, terminal
from appliance.cli.grammar.matching import APART, GrammarError, Matched, Next
from appliance.cli.grammar.syntax import Mode
from appliance.cli.line_editor import LineEditor, quiet
from appliance.cli.pointer import pointed
from appliance.cli.session import Session
from appliance.config import ConfigurationError
from appliance.config.edit import EditError

UNASKED = 2
INTERRUPTED = 130
KEPT_LINES = 500


class Shell:
    """Lines to commands, in a session."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.more: Callable[[], pipes.Pager | None] = lambda: None
        """A pager for the next command's output, where a person reads it."""
        self.pointing = False
        """The line stands at its prompt, just above what is said to it."""

    def run(self, line: str) -> int:
        """Carry out one line. Every mistake is a sentence on stderr."""
        if line.lstrip()[:1] in ("", "#", "!"):
            return 0
        try:
            words, *filters = _parts(line)
        except ValueError:
            sys.stderr.write(self.session.told("a quotation mark is missing\n", "缺少引号\n"))
            return UNASKED
        return self._told(words, filters, line)

    def run_words(self, words: Sequence[str]) -> int:
        """Carry out one command."""
        return self._told(list(words), [])

    def _told(self, words: list[str], filters: list[list[str]], line: str = "") -> int:
        try:
            return self._piped(words, filters)
        except (GrammarError, EditError, ConfigurationError, pipes.PipeError) as error:
            self._point(line, error)
            sys.stderr.write(f"{terminal.broken(str(error), 0)}\n")
        except KeyboardInterrupt:
            sys.stderr.write("\n")
            return INTERRUPTED
        except Exception as error:  # noqa: BLE001 - a command's fault ends that command
            where = "".join(traceback.format_exception(error))
            audit.note(self.session.state, "cli.command.failed", command=" ".join(words[:2]), traceback=where)
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return UNASKED

    def _piped(self, words: list[str], filters: list[list[str]]) -> int:
        if self.session.mode is Mode.CONFIGURE and words[:1] == ["show"] and filters and filters[-1] == ["compare"]:
            words, filters = ["compare"], filters[:-1]
        pager = None if ["no-more"] in filters else self.more()
        line: pipes.Line = pager.line if pager else functools.partial(_print, sys.stdout)
        finishes: list[Callable[[], None]] = []
        for words_of in reversed(filters):
            line, finish = pipes.filtered(words_of, line)
            finishes.append(finish)
        matched = self.session.match(words)
        if not filters and pager is None:
            return self.carry_out(matched)
        lines = pipes.Lines(line)
        with contextlib.redirect_stdout(lines):
            status = self.carry_out(matched)
        lines.finish()
        for finish in reversed(finishes):
            finish()
        return status

    def _point(self, line: str, error: Exception) -> None:
        """To the place: under the line at its prompt, or under the line said once more where none stands above."""
        prompt = self.prompt().rpartition("\n")[2] if self.pointing else "  "
        mark = pointed(line, prompt, error, shutil.get_terminal_size().columns) if line else ""
        if mark:
            sys.stderr.write(f"{mark}\n" if self.pointing else f"{prompt}{line}\n{mark}\n")

    def carry_out(self, matched: Matched) -> int:
        """What the command does; what is not a viewer's is noted."""
        session, status = self.session, INTERRUPTED
        try:
            status = self._carried_out(matched)
        finally:
            audit.carried_out(session.state, session.author, session.role, matched, status)
        return status

    def _carried_out(self, matched: Matched) -> int:
        name, _, function = matched.command.run.partition(":")
        if name == "shell":
            return int(_OWN[function](self, matched))
        module = importlib.import_module(f"appliance.cli.{name}")
        if function:
            return int(getattr(module, function)(self.session, matched))
        with contextlib.suppress(SystemExit):  # argparse has told why
            return int(module.main(list(matched.argv[1:])))
        return UNASKED

    def prompt(self) -> str:
        """`BR-0001> `, in configure mode `BR-0001# ` with where one stands above it."""
        session = self.session
        if session.mode is Mode.OPERATIONAL:
            return f"{session.name}> "
        where = f"[edit {' '.join(session.base)}]\r\n" if session.base else ""
        return f"{where}{session.name}# "

    # Help and completion.

    def completed(self, line: str) -> str:
        """What Tab adds: all that the words that may come have in common, and a space where there is one alone."""
        with contextlib.suppress(ValueError):
            words, begun = _typed(line)
            texts = [one.text for one in self._coming(words, begun) if one.fixed]
            if texts and (common := _common(texts)):
                return common[len(begun) :] + (" " if len(texts) == 1 else "")
        return ""

    def choices(self, line: str) -> list[str]:
        """What may come, each with what it is."""
        try:
            words, begun = _typed(line)
            coming = self._coming(words, begun)
            ends = [] if begun else self._ends(words)
        except ValueError as error:
            return [f"% {error}"]
        width = max([terminal.columns(one.text) for one in coming] + [4]) + 2
        rows = [*(("<cr>", end) for end in ends), *((one.text, one.said) for one in coming)]
        shown = (terminal.broken(f"  {_padded(text, width)}{said}".rstrip(), width + 2) for text, said in rows)
        return [line for row in shown for line in row.split("\n")] or [self.session.told("% nothing", "% 无")]

    def _coming(self, words: list[str], begun: str) -> list[Next]:
        if "|" in words:
            said = self.session.chinese
            names = [(name, told[said]) for name, told in pipes.FILTERS.items()]
            if self.session.mode is Mode.CONFIGURE and words[0] == "show":
                names.append(("compare", self.session.told("with what runs", "与运行配置比较")))
            return [Next(name, told) for name, told in names if name.startswith(begun)] if words[-1] == "|" else []
        if self.session.mode is Mode.CONFIGURE and words[:1] == ["do"]:
            with self._operational():
                return self.session.grammar().following(words[1:], begun)
        if len(words) > 1 and words[0] == "box":
            return self.session.grammar().following(words[2:], begun)
        return self.session.grammar().following(words, begun)

    def _ends(self, words: list[str]) -> list[str]:
        """A `set` has to go on as long as something may follow."""
        if not words or "|" in words or words[0] in ("box", "do", "set"):
            return []
        return self.session.grammar().ends(words)

    @contextlib.contextmanager
    def _operational(self) -> Iterator[None]:
        self.session.mode = Mode.OPERATIONAL
        try:
            yield
        finally:
            self.session.mode = Mode.CONFIGURE

    # The shell's own commands.

    def configure(self, _matched: Matched) -> int:
        """Into configure mode."""
        self.session.mode = Mode.CONFIGURE
        return 0

    def do(self, matched: Matched) -> int:
        """An operational command from there."""
        with self._operational():
            return self.carry_out(self.session.match(matched.arguments["command"].split(APART)))

    def leave(self, _matched: Matched) -> int:
        """A step out. What is not committed stays until the session ends."""
        if self.session.mode is Mode.OPERATIONAL:
            self.session.ended = True
        elif self.session.base:
            self.session.base = ()
        else:
            if self.session.candidate is not None:
                told = ("what is not committed is kept until you leave the box", "未提交的改动在退出登录前保留")
                sys.stdout.write(f"{self.session.told(*told)}\n")
            self.session.mode = Mode.OPERATIONAL
        return 0

    def help(self, _matched: Matched) -> int:
        """All commands of this mode."""
        for command in self.session.commands():
            sys.stdout.write(f"{command.pattern}\n{terminal.broken(f'    {self.session.said(command)}', 4)}\n")
        return 0


_OWN = {"configure": Shell.configure, "do": Shell.do, "leave": Shell.leave, "help": Shell.help}


UNCONFIGURED = (
    """This box has no configuration yet and looks for headquarters: show enrolment.
With the code that headquarters gave for it: enrol CODE. By hand: configure.""",
    "本机尚未配置，正在寻找总部：show enrolment。\n有总部给出的验证码：enrol 验证码。手工配置：configure。",
)


def interactive(session: Session) -> int:
    """At the terminal, until its user leaves, or the line is gone."""
    try:
        with quiet(sys.stdin.fileno()):
            return _interactive(session)
    except OSError as error:
        audit.note(session.state, "cli.terminal.gone", error=str(error))
        return 0


def _interactive(session: Session) -> int:
    shell = Shell(session)
    if session.unconfigured:
        print(session.told(*UNCONFIGURED))
    editor = LineEditor(sys.stdin.fileno(), sys.stdout.fileno(), shell, [])
    if sys.stdin.isatty() and sys.stdout.isatty():
        shell.pointing = True
        shell.more = lambda: pipes.Pager(sys.stdout, shutil.get_terminal_size().lines, editor.key)
    status = 0
    while not session.ended:
        sys.stdout.flush()
        try:
            line = editor.read(shell.prompt())
        except KeyboardInterrupt:
            continue
        if line is None:
            break
        if over := access.ended(session):
            audit.note(session.state, "cli.session.ended", by=session.author, role=session.role, why=over)
            sys.stderr.write(f"{over}\n")
            return 1
        status = shell.run(line)
        del editor.history[:-KEPT_LINES]
    return status if not sys.stdin.isatty() else 0


def session_of(file: Path, state: Path, *, chinese: bool) -> Session | None:
    """Of who runs this; None: who may do nothing here."""
    role = roles.here(state, file)
    return Session(file, state, role, chinese=chinese) if role else None


def _parts(line: str) -> list[list[str]]:
    """Words, split at each `|`. Raises ValueError for an open quotation."""
    parts: list[list[str]] = [[]]
    lexer = shlex.shlex(line, posix=True, punctuation_chars="|")
    lexer.whitespace_split = True
    lexer.commenters = ""
    for word in lexer:
        if word == "|":
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _typed(line: str) -> tuple[list[str], str]:
    """Whole words, and the one that is begun."""
    parts = _parts(line)
    words = [word for number, part in enumerate(parts) for word in (*(["|"] if number else []), *part)]
    if not line or line[-1].isspace() or line[-1] == "|":
        return words, ""
    return words[:-1], words[-1]


def _common(texts: Sequence[str]) -> str:
    """What all of them begin with."""
    low, high = min(texts), max(texts)
    return low[: next((at for at, pair in enumerate(zip(low, high, strict=False)) if len(set(pair)) > 1), len(low))]


def _padded(text: str, width: int) -> str:
    return text + " " * (width - terminal.columns(text))


def _print(out: TextIO, line: str) -> None:
    out.write(f"{line}\n")

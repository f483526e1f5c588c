# SPDX-License-Identifier: GPL-2.0-only
"""The table of commands: what it lets through is what the commands take, and what it says of everything else."""

import contextlib
import importlib
import re
from pathlib import Path

import pytest

from appliance.cli import shell
from appliance.cli.grammar import manual
from appliance.cli.grammar.kinds import Kind
from appliance.cli.grammar.matching import Grammar, GrammarError
from appliance.cli.grammar.syntax import Argument, Command, Mode, Role, Word
from appliance.cli.grammar.table import TABLE

pytestmark = pytest.mark.unit

EXAMPLES = {
    "code": "7Q2MX-0ZK4D-9F3TB-HW6NA",
    "serial": "SN-1",
    "url": "https://hq.example:8443",
    "agent": "1001",
    "bundle": "/media/branchline-0.2.0.raucb",
    "box": "BR-0001",
    "call": "BR-0001.x.7",
    "callback": "cb.1",
    "capture-seconds": "5",
    "command": "show",
    "count": "2",
    "crash": "20261127T120000000000-BR-0001-sip",
    "day": "2026-11-26",
    "file": str(Path(__file__).parents[1] / "config/boxes/branch.yaml"),
    "interface": "eth0",
    "interval": "15m",
    "level": "ignored",
    "loop": "timeslots",
    "mailbox": "8001",
    "mebibytes": "4",
    "message": "BR-0001.x.1",
    "minutes": "10",
    "name": "card",
    "name-to": "3f2a",
    "number": "02512345678",
    "path": "spans",
    "process": "line1",
    "push-number": "12",
    "queue": "card",
    "reason": "lunch",
    "ring-seconds": "30",
    "seconds": "20",
    "span": "1",
    "target": "small",
    "host": "headquarters",
    "text": "hello",
    "timeslots": "1,5,9-12",
    "trunk-name": "telco",
    "version": "3",
    "version-of-script": "3f2a",
    "version-to": "4",
    "wait": "5",
    "waves": "1,10%,all",
}


def grammar(mode: Mode = Mode.OPERATIONAL) -> Grammar:
    mine = [one for one in TABLE.command if mode in one.modes]
    return Grammar(mine, lambda name: Kind(TABLE.kind[name]), lambda one: one.said[0], lambda word: TABLE.head[word][0])


def words_of(command: Command) -> list[str]:
    """A row as it is typed with everything that may be left out."""
    elements = [*command.elements, *(one for group in command.groups for one in group)]
    return [one.text if isinstance(one, Word) else EXAMPLES[one.name] for one in elements]


def told(words: str, mode: Mode = Mode.OPERATIONAL) -> str:
    with pytest.raises(GrammarError) as caught:
        grammar(mode).match(words.split())
    return str(caught.value)


@pytest.mark.parametrize("command", TABLE.command, ids=lambda command: command.pattern)
def test_each_row_is_carried_out_by_something_that_takes_what_it_lets_through(
    command: Command, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("BRANCHLINE_STATE", "BRANCHLINE_CONFIG"):
        monkeypatch.setenv(name, "/nonexistent")
    assert all(command.said)
    words = words_of(command)
    matched = grammar(command.modes[0]).match(words)
    assert matched.command == command
    assert list(matched.words) == words
    name, _, function = command.run.partition(":")
    if name == "shell":
        assert hasattr(shell.Shell, function)
        return
    module = importlib.import_module(f"appliance.cli.{name}")
    if function:
        assert callable(getattr(module, function))
        return
    refused = "unrecognized arguments", "invalid choice", "required:", "expected one"
    with contextlib.suppress(SystemExit):
        module.main(list(matched.argv[1:]))
    said = capsys.readouterr().err
    assert not any(word in said for word in refused), said


def test_every_kind_and_every_shared_word_is_known() -> None:
    used = {
        element.name
        for command in TABLE.command
        for group in (command.elements, *command.groups)
        for element in group
        if isinstance(element, Argument)
    }
    assert used == TABLE.kind.keys()
    for kind in TABLE.kind.values():
        re.compile(kind.pattern)
        assert all(kind.said)
    for mode in Mode:
        for words in ([], ["show"], ["line"], ["agent", "1001"], ["report"], ["script"], ["line", "test"]):
            if mode is Mode.OPERATIONAL:
                assert [one.text for one in grammar(mode).following(words) if not one.said] == []


def test_as_much_of_a_word_as_tells_it_from_others_is_enough() -> None:
    matched = grammar().match(["li", "te", "sp", "2", "sec", "5"])
    assert matched.words == ("line", "test", "span", "2", "seconds", "5")
    assert matched.argv == ("line", "test", "span", "2", "--seconds", "5")
    assert (matched.arguments["span"], matched.arguments["seconds"]) == ("2", "5")


def test_groups_come_in_any_order_and_once() -> None:
    matched = grammar().match(["line", "test", "span", "1", "card", "timeslots", "1-3"])
    assert matched.argv[4:] == ("--card", "--timeslots", "1-3")
    assert "'card' is unknown after" in told("line test span 1 card card")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("shwo", "'shwo' is unknown; did you mean 'show'?"),
        ("show alrams", "'alrams' is unknown after 'show'; did you mean 'alarms'?"),
        ("s", "'s' may be script or show"),
        ("line", "line: what follows is missing: test, loop, history, learned"),
        ("line test span", "line test span: what follows is missing: <span>"),
        ("line test span nine", "'nine' is not a span's number, from 1"),
        ("report queue level 7", "'7' is not among: ignored"),
    ],
)
def test_what_is_wrong_is_said_with_what_was_meant(words: str, sentence: str) -> None:
    assert told(words).startswith(sentence)


def test_a_viewer_changes_nothing() -> None:
    allowed = [one for one in TABLE.command if one.role in Role.VIEWER.allowed]
    assert {one.run for one in allowed} & {"shell:configure", "configuring:commit"} == set()
    assert not [one for one in allowed if one.pattern.startswith(("line test", "line loop", "trace", "callback"))]


def test_the_manual_says_what_the_table_says() -> None:
    docs = Path(__file__).parents[2] / "docs"
    sentence = "run python -m appliance.cli.grammar.manual"
    assert (docs / manual.PAGE).read_text() == manual.page(), sentence
    assert (docs / manual.KEYS).read_text() == manual.keys(), sentence
    assert (docs / manual.MANUAL).read_text() == manual.manual(), sentence

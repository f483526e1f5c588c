# SPDX-License-Identifier: GPL-2.0-only
"""A script that looks something up: what it asks with, what it is refused for, and what is not told of secrets."""

from pathlib import Path

import pytest

from appliance.config import ConfigurationError
from appliance.config.lookups import Parameters
from appliance.script import delay
from appliance.script.knowledge import Contact
from appliance.script.loading import load_all
from appliance.script.nodes import Script
from appliance.script.stops import Look, Stop
from appliance.script.walk import Walk
from appliance.wire import routes

pytestmark = pytest.mark.unit

GOOD = """\
start: who
context:
  pin: {kind: text, secret: yes}
  tier: {kind: text}
  balance: {kind: number, secret: yes}
  blocked: {kind: truth}
nodes:
  who: {do: collect, prompts: [enter-pin], max_digits: 6, into: pin, next: ask}
  ask:
    do: lookup
    source: bank
    ask: {number: clid, pin: pin, day: weekday + 1}
    into: {tier: level, balance: amount, blocked: blocked}
    next: check
    failed: sorry
  check: {do: if, that: not blocked and balance > 100, then: gone, otherwise: sorry}
  sorry: {do: play, prompts: [sorry], next: gone}
  gone: {do: release, cause: 17}
"""
TAKES: dict[str, Parameters] = {
    "bank": dict.fromkeys(("number", "pin", "day")),
    "crm": {"caller": "text", "tries": "number", "gold": "truth"},
}
ANSWER = {"level": "gold", "amount": "500.25", "blocked": "no", "other": "x"}
CALLER = Contact(dnis="1", clid="02512345678", ced="4711", outcome="digits")


def load(folder: Path, text: str = GOOD) -> Script:
    (folder / "one.yaml").write_text(text)
    return load_all(folder, ["one"], {}, ["card"], TAKES)["one"]


def asking(folder: Path) -> tuple[Walk, Stop]:
    script = load(folder)
    walk = Walk(script, "one/v/who/1", CALLER)
    return walk, walk.go_on()


def test_it_is_asked_with_its_expressions_and_its_fields_take_the_answer_by_kind(tmp_path: Path) -> None:
    walk, stop = asking(tmp_path)
    assert stop == Look("bank", {"number": "02512345678", "pin": "4711", "day": "5"})
    assert walk.found(ANSWER) == routes.Release(cause=17)
    assert (walk.fields["tier"], str(walk.fields["balance"]), walk.fields["blocked"]) == ("gold", "500.25", False)
    assert walk.path == ["ask", "check", "gone"]


def test_secrets_that_are_asked_with_or_answered_are_told_nowhere(tmp_path: Path) -> None:
    walk, _ = asking(tmp_path)
    walk.found(ANSWER)
    told = f"{walk.values} {walk.path} {walk.reason}"
    assert "4711" not in told
    assert "500.25" not in told
    assert "gold" in walk.values["ask"]


def test_a_later_walk_goes_on_with_the_way_of_the_first(tmp_path: Path) -> None:
    walk, _ = asking(tmp_path)
    later = Walk(walk.script, walk.cursor, Contact(dnis="1", ced="4711", outcome="digits", fields=walk.fields))
    later.carry(walk.path, walk.values, walk.reason)
    later.found({**ANSWER, "blocked": "yes"})
    assert later.path == ["ask", "check", "sorry"]
    assert "4711" not in str(later.values)
    assert later.values["ask"] == "tier = gold, balance = ***, blocked = yes"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"level": "gold"}, "failed, the answer has no amount"),
        ({**ANSWER, "amount": "none"}, "failed, number('none'): that is none"),
        ({**ANSWER, "blocked": "maybe"}, "failed, 'maybe' is neither yes nor no"),
    ],
)
def test_an_answer_that_does_not_fit_writes_nothing(tmp_path: Path, answer: dict[str, str], why: str) -> None:
    walk, _ = asking(tmp_path)
    before = dict(walk.fields)
    assert isinstance(walk.found(answer), routes.Treat)
    assert (walk.values["ask"], walk.fields) == (why, before)


def test_an_expression_without_a_value_asks_nobody(tmp_path: Path) -> None:
    script = load(tmp_path, GOOD.replace("weekday + 1", "number(ani)"))
    walk = Walk(script, "one/v/who/1", CALLER)
    assert isinstance(walk.go_on(), routes.Treat)
    assert walk.path == ["ask", "sorry"]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("source: bank", "source: bnk", 11, "lookup 'bnk' is unknown; did you mean 'bank'?"),
        ("number: clid, ", "", 12, "lookup 'bank' asks with 'number', which has no value here"),
        ("number: clid", "nummer: clid", 12, "lookup 'bank' does not ask with 'nummer'; did you mean 'number'?"),
        ("number: clid", "number: clidd", 12, "no name 'clidd'; did you mean 'clid'?"),
        ("tier: level", "tear: level", 13, "the context has no field 'tear'; did you mean 'tier'?"),
        ("failed: sorry\n  check", "next: sorry\n  check", 15, "key 'next' was already given"),
        ("failed: sorry", "failed: sory", 15, "did you mean 'sorry'?"),
        ("failed: sorry", "failed: ask", 10, "ask → ask goes round without an end"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_nearest_name(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in GOOD
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, GOOD.replace(old, new, 1))
    assert any(one.line == line and words in one.sentence for one in caught.value.mistakes), caught.value.mistakes


GATEWAY = GOOD.replace("source: bank", "source: crm").replace(
    "ask: {number: clid, pin: pin, day: weekday + 1}", "ask: {caller: clid, tries: weekday + 1, gold: not blocked}"
)


def test_a_gateway_is_asked_by_kind_and_answers_by_dotted_names(tmp_path: Path) -> None:
    script = load(tmp_path, GATEWAY.replace("{tier: level,", "{tier: customer.tier,"))
    walk = Walk(script, "one/v/who/1", CALLER)
    stop = walk.go_on()
    assert stop == Look("crm", {"caller": "02512345678", "tries": "5", "gold": "yes"})
    assert "4711" not in str(stop), "a secret that ask does not name is not sent"
    walk.found({**ANSWER, "customer.tier": "platinum"})
    assert walk.fields["tier"] == "platinum"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("tries: weekday + 1", "tries: clid", "tries is text, a number is needed"),
        ("caller: clid", "caller: weekday", "caller is a number, text is needed"),
        ("gold: not blocked", "gold: tier", "gold is text, yes or no is needed"),
        (", gold: not blocked", "", "lookup 'crm' asks with 'gold', which has no value here"),
    ],
)
def test_what_a_gateway_is_asked_with_has_its_kind(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in GATEWAY
    with pytest.raises(ConfigurationError) as caught:
        load(tmp_path, GATEWAY.replace(old, new, 1))
    assert [(one.line, one.sentence) for one in caught.value.mistakes] == [(12, words)]


def test_its_time_limit_counts_until_the_first_treatment(tmp_path: Path) -> None:
    script = load(tmp_path, GOOD.replace("start: who", "start: ask").replace("  who:", "  # who:"))
    found = delay.worst("one", delay.Known({"one": script.text}, lookups={"bank": 250}))
    assert (found.nodes, found.lost_ms) == (3, 250)

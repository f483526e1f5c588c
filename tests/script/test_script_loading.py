# SPDX-License-Identifier: GPL-2.0-only
"""A script that cannot be followed to its end is refused at its line, before any caller meets it."""

from pathlib import Path

import msgspec
import pytest

from appliance.config import ConfigurationError
from appliance.script.loading import load, load_all
from appliance.script.nodes import Script

pytestmark = pytest.mark.unit

SAMPLES = Path("appliance/simulator/site/scripts")
GOOD = """\
start: ask
nodes:
  ask: {do: collect, prompts: [hello-world], next: open}
  choose: {do: switch, on: ced, cases: {"1": card}, otherwise: gone}
  card: {do: queue, queues: [card], otherwise: gone}
  gone: {do: release, cause: 17}
  rich: {do: if, that: "ced == '1'", then: share, otherwise: again}
  open: {do: if, that: "free('card') > 0 and not holiday('spring')", then: rich, otherwise: ask, failed: gone}
  share: {do: percent, shares: {gone: 70, choose: 30}}
  again: {do: count, limit: 2, next: open, otherwise: gone}
calendars: {spring: [2026-02-16..2026-02-22]}
"""


def script(folder: Path, text: str) -> Path:
    path = folder / "one.yaml"
    path.write_text(text)
    return path


def mistakes(folder: Path, text: str) -> list[tuple[int, str]]:
    with pytest.raises(ConfigurationError) as caught:
        load(script(folder, text), ["card"])
    return [(mistake.line, mistake.sentence) for mistake in caught.value.mistakes]


def test_the_sample_script_loads() -> None:
    assert load(SAMPLES / "welcome.yaml", ["card"]).text.start == "greet"


def test_version_changes_with_the_text_alone(tmp_path: Path) -> None:
    first = load(script(tmp_path, GOOD), ["card"]).version
    assert load(script(tmp_path, GOOD), ["card"]).version == first
    assert load(script(tmp_path, GOOD + "# a word\n"), ["card"]).version != first


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("prompts:", "promts:", 3, "did you mean 'prompts'?"),
        ("do: collect", "do: colect", 3, "did you mean 'collect'?"),
        ("next: open", "next: opn", 3, "did you mean 'open'?"),
        ('{"1": card}', '{"1": crad}', 4, "did you mean 'card'?"),
        ("queues: [card]", "queues: [cart]", 5, "did you mean 'card'?"),
        ("on: ced", "on: cedd", 4, "did you mean 'ced'?"),
        ("cause: 17", "cause: 170", 6, "out of range"),
        ("start: ask", "start: asks", 1, "did you mean 'ask'?"),
        ("start: ask", "start: choose", 3, "cannot be reached"),
        ("on: ced", "on: time", 4, "not a span of time"),
        ("start: ask", "start: ask\nzone: Asia/Shangai", 2, "did you mean 'Asia/Shanghai'?"),
        ("ced == '1'", "cedd == '1'", 7, "column 1: no name 'cedd'; did you mean 'ced'?"),
        ("ced == '1'", "length(ced)", 7, "that is a number, yes or no is needed"),
        ("free('card')", "free('cart')", 8, "column 6: queue 'cart' is unknown; did you mean 'card'?"),
        ("holiday('spring')", "holiday('sprin')", 8, "calendar 'sprin' is unknown; did you mean 'spring'?"),
        ("then: share", "then: shar", 7, "did you mean 'share'?"),
        ("failed: gone", "failed: gon", 8, "did you mean 'gone'?"),
        ("choose: 30", "chose: 30", 9, "did you mean 'choose'?"),
        ("gone: 70", "gone: 60", 9, "shares are 90 % together, not 100"),
        ("2026-02-16..2026-02-22", "2026-02-22..2026-02-16", 11, "ends before it begins"),
        ("2026-02-16..2026-02-22", "16 February", 11, "is no day such as 2026-10-01"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_the_nearest_name(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in GOOD
    told = mistakes(tmp_path, GOOD.replace(old, new))
    assert any(at == line and words in sentence for at, sentence in told), told


RICH = """\
start: write
context: {pin: {kind: text, secret: yes}, tries: {kind: number, default: '2'}, known: {kind: truth}, name: {kind: text}}
nodes:
  write: {do: set, fields: {tries: tries + 1, known: "pin == '1'", pin: pin}, next: ask, failed: full}
  ask: {do: collect, prompts: [x], into: pin, next: menu}
  menu: {do: menu, prompts: [x], cases: {"1": hold, "#": one}, nothing: shut, invalid: gold}
  hold: {do: wait, prompts: [x], seconds: 30, next: speak}
  speak: {do: language, language: zh, next: card}
  card: {do: queue, queues: [card, gold], otherwise: one}
  one: {do: agent, agent: name, otherwise: other}
  other: {do: script, script: two}
  gold: {do: call-type, call_type: card, next: more}
  more: {do: requalify, call_type: loan}
  shut: {do: busy}
  full: {do: release}
"""
TWO = "start: gone\ncontext: {pin: {kind: text, secret: yes, default: ''}}\nnodes:\n  gone: {do: release}\n"


def together(folder: Path, text: str = RICH, **others: str) -> dict[str, Script]:
    for name, other in {"one": text, "two": TWO, "loan": TWO, **others}.items():
        (folder / f"{name}.yaml").write_text(other)
    return load_all(folder, ["one"], {"loan": ["loan"], "card": ["one"]}, ["card", "gold"])


def test_scripts_that_go_on_with_one_another_are_loaded_together(tmp_path: Path) -> None:
    assert sorted(together(tmp_path)) == ["loan", "one", "two"]


def test_the_samples_load_together() -> None:
    types = {"card-service": ["welcome"], "card-menu": ["service"]}
    found = load_all(SAMPLES, ["welcome", "service"], types, ["card"])
    assert sorted(found) == ["queue", "service", "welcome"]
    assert found["queue"] == load(SAMPLES / "queue.yaml", ["card"])


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("[card, gold]", "[card, gild]", 9, "queue 'gild' is unknown; did you mean 'gold'?"),
        ("[card, gold]", "[card, card]", 9, "queue 'card' is named twice"),
        ("[card, gold]", "[]", 9, "0 given, at least 1 needed"),
        ("into: pin", "into: pim", 5, "the context has no field 'pim'; did you mean 'pin'?"),
        ("into: pin", "into: tries", 5, "digits are text, and 'tries' is a number"),
        ("{tries: tries", "{trys: tries", 4, "the context has no field 'trys'; did you mean 'tries'?"),
        ("tries + 1", "'no text'", 4, "column 4: 'text' was not expected"),
        ("tries + 1", "name", 4, "tries is text, a number is needed"),
        ("known: \"pin == '1'\"", "name: pin", 4, "name is shown, and 'pin' is secret"),
        ("known: \"pin == '1'\"", "tries2: 1", 4, "the context has no field 'tries2'; did you mean 'tries'?"),
        ("pin: pin}, next", "pin: text(free('cart'))}, next", 4, "column 11: queue 'cart' is unknown"),
        ("failed: full", "failed: ful", 4, "node 'ful' does not exist; did you mean 'full'?"),
        (", failed: full", "", 4, "key 'failed' is missing"),
        ("fields: {tries: tries + 1, known: \"pin == '1'\", pin: pin}", "fields: {}", 4, "0 given, at least 1 needed"),
        ("agent: name", "agent: tries", 10, "agent is a number, text is needed"),
        ("agent: name", "agent: pin", 10, "agent is shown, and 'pin' is secret"),
        ("agent: name", "agent: nam", 10, "no name 'nam'; did you mean 'name'?"),
        (", otherwise: other", "", 10, "key 'otherwise' is missing"),
        ('"#": one', '"12": one', 6, "key '12': '12' does not have the form [0-9*#A-D]"),
        ('{"1": hold, "#": one}', "{}", 6, "0 given, at least 1 needed"),
        ("nothing: shut", "nothing: shot", 6, "node 'shot' does not exist; did you mean 'shut'?"),
        ("invalid: gold", "invalid: gild", 6, "node 'gild' does not exist; did you mean 'gold'?"),
        (", invalid: gold", "", 6, "key 'invalid' is missing"),
        ("nothing: shut, ", "", 6, "key 'nothing' is missing"),
        ("seconds: 30", "seconds: 0", 7, "0 is out of range: 1 to 3600"),
        ("language: zh", "language: z/h", 8, "does not have the form"),
        ("script: two", "script: too", 11, "script 'too' does not exist; did you mean 'two'?"),
        ("call_type: card", "call_type: crad", 12, "call type 'crad' does not exist; did you mean 'card'?"),
        (", next: more", "", 12, "key 'next' is missing"),
        ("call_type: loan", "call_type: lone", 13, "call type 'lone' does not exist; did you mean 'loan'?"),
        ("default: '2'", "default: two", 2, "'two' is no number"),
        ("kind: truth", "kind: truth, default: maybe", 2, "'maybe' is no truth"),
        ("known: {kind", "not: {kind", 2, "'not' means something else in expressions; choose another name"),
        ("known: {kind", "ced: {kind", 2, "'ced' means something else in expressions"),
        ("kind: truth", "kind: truths", 2, "did you mean 'truth'?"),
        (
            "name: {kind: text",
            f"name: {{kind: text, default: {'x' * 16384}",
            2,
            "octets by its defaults alone, 16,384",
        ),
        ("known: {kind", "Known: {kind", 2, "does not have the form"),
        ("do: busy}", "do: busy, cause: 17}", 14, "key 'cause' is for do release; leave it out"),
    ],
)
def test_a_mistake_in_scripts_that_belong_together(tmp_path: Path, old: str, new: str, line: int, words: str) -> None:
    assert old in RICH
    with pytest.raises(ConfigurationError) as caught:
        together(tmp_path, RICH.replace(old, new))
    told = [(mistake.line, mistake.sentence) for mistake in caught.value.mistakes]
    assert any(at == line and words in sentence for at, sentence in told), told


def test_a_secret_does_not_go_on_to_a_script_where_it_is_none(tmp_path: Path) -> None:
    plain = TWO.replace(", secret: yes", "")
    with pytest.raises(ConfigurationError) as caught:
        together(tmp_path, two=plain, loan=plain)
    assert [(one.line, one.sentence) for one in caught.value.mistakes] == [
        (11, "field 'pin' is secret here and not in script 'two'"),
        (13, "field 'pin' is secret here and not in script 'loan'"),
    ]


def test_a_field_of_another_kind_is_another_field(tmp_path: Path) -> None:
    other = "start: gone\ncontext: {pin: {kind: number}}\nnodes:\n  gone: {do: release}\n"
    assert "two" in together(tmp_path, two=other)


def test_mistakes_of_all_scripts_are_told_each_in_its_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        together(tmp_path, RICH.replace("do: busy", "do: bussy"), two="start: gone\nnodes: {}\n")
    assert [one.file.name for one in caught.value.mistakes] == ["one.yaml"]
    with pytest.raises(ConfigurationError) as caught:
        together(tmp_path, RICH.replace("into: pin", "into: pim"), two="start: gone\nnodes: {}\n", loan="start: [")
    assert sorted({one.file.name for one in caught.value.mistakes}) == ["loan.yaml", "one.yaml", "two.yaml"]


def test_a_script_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none.yaml: cannot be read"):
        load_all(tmp_path, ["none"], {}, ())


def test_scripts_outlive_the_router_s_journal(tmp_path: Path) -> None:
    for found in together(tmp_path).values():
        assert msgspec.json.decode(msgspec.json.encode(found), type=Script) == found


def test_alone_a_script_may_name_others_that_nobody_has_looked_for(tmp_path: Path) -> None:
    assert load(script(tmp_path, RICH), ["card", "gold"]).name == "one"


RUNS = """\
start: split
context: {pin: {kind: text, secret: yes}, tries: {kind: number}}
nodes:
  split: {do: distribute, load: {one: card, weigh: gold}, failed: gone}
  weigh: {do: distribute, weights: {one: 3, other: 1}}
  one: {do: run, script: runs, next: gone, failed: gone}
  other: {do: run, script: more, next: gone, failed: gone}
  gone: {do: release}
"""
RUN = "start: back\ncontext: {tries: {kind: number}}\nnodes:\n  back: {do: return}\n"
MORE = "start: on\nnodes:\n  on: {do: script, script: runs}\n"


def running(folder: Path, text: str = RUNS, types: dict[str, list[str]] | None = None, **others: str) -> list[str]:
    """What is wrong, each with its file and line."""
    for name, other in {"main": text, "runs": RUN, "more": MORE, **others}.items():
        (folder / f"{name}.yaml").write_text(other)
    try:
        load_all(folder, ["main"], types or {"card": ["main"]}, ["card", "gold"])
    except ConfigurationError as error:
        return [f"{one.file.name}:{one.line}: {one.sentence}" for one in error.mistakes]
    return []


def test_scripts_that_run_one_another_and_share_out_contacts_load_together(tmp_path: Path) -> None:
    assert running(tmp_path) == []
    found = load_all(tmp_path, ["main"], {"card": ["main"]}, ["card", "gold"])
    assert sorted(found) == ["main", "more", "runs"]
    assert msgspec.json.decode(msgspec.json.encode(found["main"]), type=Script) == found["main"]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("one: card", "one: cart", "main.yaml:4: queue 'cart' is unknown; did you mean 'card'?"),
        (
            ", failed: gone}\n  weigh",
            "}\n  weigh",
            "main.yaml:4: key 'failed' is missing: by 'load' there may be nobody",
        ),
        ("{one: card, weigh: gold}", "{weigh: card}", "main.yaml:4: 1 given, at least 2 needed"),
        ("weigh: gold}", "wiegh: gold}", "main.yaml:4: node 'wiegh' does not exist; did you mean 'weigh'?"),
        ("one: 3, other: 1}", "one: 3, other: 0}", "main.yaml:5: 0 is out of range: 1 to 1000"),
        ("other: 1}}", "other: 1}, failed: gone}", "main.yaml:5: by 'weights' nothing fails; leave it out"),
        (
            "weights: {one: 3, other: 1}",
            "weights: {}",
            "main.yaml:5: contacts are shared out by 'weights' or by 'load'",
        ),
        (
            "weights: {",
            "load: {one: card, other: gold}, weights: {",
            "main.yaml:5: contacts are shared out by 'weights'",
        ),
        ("script: runs", "script: run", "main.yaml:6: script 'run' does not exist; did you mean 'runs'?"),
        ("script: runs, next: gone, failed: gone", "script: runs, next: gone", "main.yaml:6: key 'failed' is missing"),
    ],
)
def test_a_mistake_in_scripts_that_run_others(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in RUNS
    found = running(tmp_path, RUNS.replace(old, new))
    assert any(one.startswith(told) for one in found), found


def test_a_script_that_is_run_returns_and_its_fields_are_of_one_kind(tmp_path: Path) -> None:
    gone = "start: gone\nnodes:\n  gone: {do: release}\n"
    assert running(tmp_path, runs=gone) == [
        "main.yaml:6: script 'runs' never returns; 'do: script' goes on with one that does not",
        "main.yaml:7: script 'more' never returns; 'do: script' goes on with one that does not",
    ]
    other = RUN.replace("kind: number", "kind: text")
    assert running(tmp_path, runs=other) == [
        "main.yaml:6: field 'tries' is number here and text in script 'runs'",
        "main.yaml:7: field 'tries' is number here and text in script 'runs'",
    ]
    open_pin = RUN.replace("tries: {kind: number}", "pin: {kind: text}")
    assert running(tmp_path, runs=open_pin) == [
        "main.yaml:6: field 'pin' is secret here and not in script 'runs'",
        "main.yaml:7: field 'pin' is secret here and not in script 'runs'",
    ]


@pytest.mark.parametrize(
    ("types", "names"),
    [
        ({"card": ["main"], "loan": ["runs"]}, ["loan"]),
        ({"card": ["main"], "loan": ["more"]}, ["loan"]),
        ({"card": ["main", "more"]}, ["card"]),
        ({"card": ["main"], "loan": ["main"]}, []),
    ],
)
def test_a_return_that_a_call_type_comes_to_without_a_run_is_told(
    tmp_path: Path, types: dict[str, list[str]], names: list[str]
) -> None:
    assert running(tmp_path, types=types) == [
        f"runs.yaml:4: contacts of call type {name!r} come here without a 'run', and have nowhere to return to"
        for name in names
    ]

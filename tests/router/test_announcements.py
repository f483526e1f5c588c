# SPDX-License-Identifier: GPL-2.0-only
"""What callers who wait are told of their queue, from what is so now, in their language."""

from pathlib import Path

import pytest

from appliance.config import ConfigurationError
from appliance.router.apply import apply
from appliance.router.events import BranchHeard, Effect, Event, LifeBegan
from appliance.router.rules import CallType, Rules, Seat, skill_group
from appliance.router.state import EMPTY, State
from appliance.script.loading import load
from appliance.wire.routes import RouteAnswer, Treat
from appliance.wire.treatments import Collect, Music, Play, Ringing, Voicemail
from tests.router import test_router_apply as tests
from tests.router.test_router_apply import BOX, S, answers, check, connected, leg_began, leg_ended

pytestmark = pytest.mark.unit

SCRIPT = """\
start: speak
context: {balance: {kind: number, default: '12.5'}, pin: {kind: text, secret: yes}}
nodes:
  speak: {do: switch, on: ced, cases: {"2": english}, otherwise: chinese}
  english: {do: language, language: en, next: card}
  chinese: {do: language, language: zh, next: card}
  card: {do: queue, queues: [card], next: number, otherwise: gone}
  number: {do: play, prompts: [queue-thereare, number(position()), queue-callswaiting], next: wait-s}
  wait-s: {do: play, prompts: [queue-holdtime, duration(expected('card'))], failed: unknown, next: music}
  unknown: {do: play, prompts: [all-reps-busy], next: music}
  music: {do: wait, prompts: [song], seconds: 30, next: balance}
  balance: {do: menu, prompts: [your-balance, amount(balance)], cases: {"1": number}, nothing: number, invalid: gone}
  gone: {do: release}
"""
HOLD = """\
start: card
nodes:
  card: {do: queue, queues: [card], hold: [queue-thereare, number(position()), song, digits(ced)], otherwise: gone}
  gone: {do: release}
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rules:
    folder = tmp_path_factory.mktemp("scripts")
    scripts = {name: load(written(folder, name, text), ["card"]) for name, text in (("go", SCRIPT), ("hold", HOLD))}
    return Rules(
        call_types={"1": CallType("go", "1", "go"), "2": CallType("hold", "2", "hold")},
        queues={"card": skill_group("1001")},
        seats={"1001": Seat("1001", "Li Na", BOX, "8001")},
        scripts=scripts,
    )


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(text)
    return path


def ask(at_ns: int, contact: str, *, before: RouteAnswer | None = None, **known: object) -> Event:
    cursor = "" if before is None else before.cursor
    return tests.ask(at_ns, contact, **{"dnis": "1", "cursor": cursor, **known})  # type: ignore[arg-type]


def busy(rules: Rules, *, talked: bool = True) -> State:
    """One agent, who has talked for 100 s and talks again since 101 s."""
    events: list[Event] = [BranchHeard(1, BOX), ask(1, "c0", dnis="2"), leg_began(1, "1001", "l", "c0", "epoch.1")]
    events += [connected(1, "l", "c0"), leg_ended(100 * S, "l", "c0")] if talked else []
    if talked:
        events += [ask(101 * S, "c9", dnis="2"), leg_began(101 * S, "1001", "l9", "c9", "epoch.3")]
        events += [connected(101 * S, "l9", "c9")]
    return run(events, apply(EMPTY, LifeBegan(0, "epoch", rules))[0])[0]


def run(events: list[Event], state: State) -> tuple[State, list[Effect]]:
    after, effects = tests.run(events, state)
    check(after)
    return after, effects


def heard(told: RouteAnswer) -> list[tuple[str, ...]]:
    assert isinstance(told.action, Treat)
    return [verb.prompts for verb in told.action.verbs if not isinstance(verb, Ringing | Voicemail)]


def test_callers_hear_their_number_and_how_long_it_will_be_and_it_changes_as_the_queue_does(rules: Rules) -> None:
    state, effects = run([ask(101 * S, "c1"), ask(101 * S, "c2", ced="2")], busy(rules))
    first, second = answers(effects)
    assert heard(first) == [("queue-thereare", "digits/1", "queue-callswaiting")]
    assert heard(second) == [("queue-thereare", "digits/2", "queue-callswaiting")]
    assert first.values["position()"] == "1"
    state, effects = run([ask(105 * S, "c2", before=second, outcome="played")], state)
    (told,) = answers(effects)
    assert heard(told) == [("queue-holdtime", "digits/3", "minutes", "digits/30", "seconds"), ("song",)]
    assert told.values["expected(card)"] == "196"
    _, effects = run(
        [
            leg_ended(110 * S, "l9", "c9"),
            leg_began(110 * S, "1001", "l1", "c1", "epoch.5"),
            connected(110 * S, "l1", "c1"),
            ask(135 * S, "c2", before=told, outcome="played"),
        ],
        state,
    )
    asked = answers(effects)[-1]
    assert heard(asked) == [("your-balance", "digits/12", "currency/yuan", "vm-and", "digits/50", "currency/fen")]
    assert isinstance(asked.action.verbs[0], Collect)  # type: ignore[union-attr]
    _, effects = run([ask(140 * S, "c2", before=asked, outcome="digits", ced="1")], state)
    assert heard(answers(effects)[-1]) == [("queue-thereare", "digits/2", "queue-callswaiting")]


def test_what_nobody_can_tell_is_not_said_and_the_script_goes_its_own_way(rules: Rules) -> None:
    state, effects = run([ask(2 * S, "c1")], busy(rules, talked=False))
    state, effects = run([ask(6 * S, "c1", before=answers(effects)[-1], outcome="played")], state)
    (told,) = answers(effects)
    assert heard(told) == [("all-reps-busy",), ("song",)]
    assert told.values["wait-s"] == "expected('card'): failed, expected('card'): nobody can tell"


def test_the_prompts_of_a_hold_say_it_too_and_leave_out_what_cannot_be_said(rules: Rules) -> None:
    _, effects = run([ask(102 * S, "c1", dnis="2"), ask(103 * S, "c2", dnis="2", ced="12")], busy(rules))
    first, second = answers(effects)
    assert isinstance(first.action, Treat)
    assert isinstance(first.action.verbs[0], Music)
    assert heard(first) == [("queue-thereare", "digits/1", "song")]
    assert heard(second) == [("queue-thereare", "digits/2", "song", "digits/1", "digits/2")]


@pytest.mark.parametrize(
    ("prompt", "sentence"),
    [
        ("numbers(position())", "nothing is said as 'numbers'; did you mean 'number'?"),
        ("number(ced)", "number(ced) is text, a number is needed"),
        ("number(expected('gold'))", "column 17: queue 'gold' is unknown; known are: card"),
        ("digits(pin)", "digits(pin) is shown, and 'pin' is secret"),
        ("number(position('card'))", "column 8: position takes 0 values, not 1"),
    ],
)
def test_what_cannot_be_said_is_told_where_it_stands(tmp_path: Path, prompt: str, sentence: str) -> None:
    text = SCRIPT.replace("number(position())", prompt)
    with pytest.raises(ConfigurationError) as refused:
        load(written(tmp_path, "wrong", text), ["card"])
    (mistake,) = refused.value.mistakes
    assert (mistake.line, mistake.sentence) == (8, sentence)


def test_a_play_is_a_verb_of_its_own_where_something_is_said(rules: Rules) -> None:
    """It is said as it is then, not as it was when the prompts before it began."""
    _, effects = run([ask(102 * S, "c1")], busy(rules))
    assert answers(effects)[-1].path == ("speak", "chinese", "card", "number")
    assert isinstance(answers(effects)[-1].action.verbs[0], Play)  # type: ignore[union-attr]

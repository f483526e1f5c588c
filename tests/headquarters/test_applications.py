# SPDX-License-Identifier: GPL-2.0-only
"""One number, three applications, by who the caller is and what he keys in; and the report that has them all."""

import datetime as dt
from pathlib import Path

import pytest

from appliance.cli.__main__ import main
from appliance.headquarters.reports import store
from appliance.headquarters.reports.writer import Writer
from appliance.router.apply import apply
from appliance.router.events import BranchHeard, LifeBegan, RouteAsked
from appliance.router.rules import CallType, Rules, Seat, skill_group
from appliance.router.state import EMPTY, State
from appliance.script.loading import load_all
from appliance.wire.routes import RingAgent, RouteAnswer, RouteRequest
from tests.headquarters.test_overflow import recorded
from tests.headquarters.told import BOX, TEN_NS, S
from tests.router.test_router_apply import answers

pytestmark = pytest.mark.unit

WELCOME = """\
start: who
nodes:
  who: {do: switch, on: clid, cases: {"0251*": known}, otherwise: ask}
  known: {do: requalify, call_type: gold}
  ask: {do: collect, prompts: [vm-press], next: wants}
  wants: {do: switch, on: ced, cases: {"2": lent}, otherwise: card}
  lent: {do: requalify, call_type: loans}
  card: {do: queue, queues: [card], otherwise: gone}
  gone: {do: release}
"""
OTHER = "start: all\nnodes: {{all: {{do: queue, queues: [{0}], otherwise: gone}}, gone: {{do: release}}}}\n"
OTHERS = ("gold", "loans")


def loaded(folder: Path) -> State:
    for name, text in (("welcome", WELCOME), *((name, OTHER.format(name)) for name in OTHERS)):
        (folder / f"{name}.yaml").write_text(text)
    agents = {"card": "1001", "gold": "1002", "loans": "1003"}
    rules = Rules(
        call_types={"95588": CallType("card", "95588", "welcome")},
        queues={name: skill_group(agent) for name, agent in agents.items()},
        seats={agent: Seat(agent, agent, BOX, agent) for agent in agents.values()},
        scripts=load_all(folder, ["welcome"], {name: (name,) for name in OTHERS}, list(agents)),
        unnumbered=tuple(CallType(name, "", name) for name in OTHERS),
    )
    return apply(apply(EMPTY, LifeBegan(0, "epoch", rules))[0], BranchHeard(1, BOX))[0]


def asks(state: State, number: int, **known: str) -> tuple[State, RouteAnswer]:
    request = RouteRequest(request=f"r{number}{known}", contact=f"c{number}", dnis="95588", **known)  # type: ignore[arg-type]
    state, effects = apply(state, RouteAsked(number * S, BOX, request, number * S))
    return state, answers(effects)[-1]


def test_a1_one_number_is_three_applications_by_the_caller_and_his_digit_and_all_are_in_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state = loaded(tmp_path)
    state, known = asks(state, 1, clid="02512345678")
    last = [known]
    for number, digit in ((2, "1"), (3, "2")):
        state, menu = asks(state, number, clid="01012345678")
        state, told = asks(state, number, clid="01012345678", cursor=menu.cursor, outcome="digits", ced=digit)
        last.append(told)
    rung = [(one.call_type, one.action.queue) for one in last if isinstance(one.action, RingAgent)]
    assert rung == [("gold", "gold"), ("card", "card"), ("loans", "loans")]
    engine = store.open_writer(store.path_of(tmp_path))
    for number, answer in enumerate(last, 1):
        Writer(engine).store(recorded(number, answer))
    engine.dispose()
    day = dt.datetime.fromtimestamp(TEN_NS / 10**9).astimezone().date().isoformat()
    assert main(["report", "call-type", "--day", day, "--state", str(tmp_path), "--language", "en"]) == 0
    rows = [line.split()[1:4] for line in capsys.readouterr().out.splitlines() if line[:1].isdigit()]
    assert sorted(rows) == [["card", "1", "1"], ["gold", "1", "1"], ["loans", "1", "1"]]

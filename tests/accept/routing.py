# SPDX-License-Identifier: GPL-2.0-only
"""Routing that takes many callers to be seen: the real router under a virtual clock, no processes."""

from pathlib import Path

from appliance.router.apply import apply
from appliance.router.events import Answer, LifeBegan, RouteAsked
from appliance.router.rules import CallType, Rules
from appliance.router.state import EMPTY
from appliance.script.loading import load
from appliance.wire.routes import Release, RouteRequest
from tests.accept.sheet import Sheet
from tests.bench.router import suite
from tests.router.expectations import DAY, measured, whole_of
from tests.router.simulation import Crowd

CALLERS, SHARE = 10_000, 7_000
CALLS = 5_000
SCRIPT = """\
start: share
nodes:
  share: {do: percent, shares: {north: 70, south: 30}}
  north: {do: if, that: "weekday <= 7 and time >= '00:00'", then: first, otherwise: second, failed: second}
  south: {do: release, cause: 2}
  first: {do: release, cause: 1}
  second: {do: release, cause: 3}
"""


def run(sheet: Sheet, folder: Path) -> None:
    """Shares, and a crowd with faults."""
    sheet.stage(f"{CALLERS:,} callers shared out, and a crowd in which everything goes wrong")
    with sheet.guarded("A4", "callers are shared out by percent"):
        sheet.equal("A4", f"percent: 70 of 100 of {CALLERS:,} callers", _shared(folder), SHARE)
    with sheet.guarded("A9", "a crowd is routed"):
        _crowd(sheet)
    with sheet.guarded("I1", "a large center's hour is routed"):
        _large(sheet, folder)
    with sheet.guarded("B5", "callers are told how long they will wait"):
        _waits(sheet)


def _shared(folder: Path) -> int:
    folder.mkdir()
    path = folder / "share.yaml"
    path.write_text(SCRIPT)
    rules = Rules({"1": CallType("share", "1", "share")}, {}, {}, {"share": load(path, ())})
    state, north = apply(EMPTY, LifeBegan(1, "one", rules))[0], 0
    for number in range(CALLERS):
        request = RouteRequest(request=f"r{number}", contact=f"c{number}", dnis="1")
        state, (told,) = apply(state, RouteAsked(number + 2, "BR-0001", request, number))
        north += isinstance(told, Answer) and told.answer.action == Release(cause=1)
    return north


def _crowd(sheet: Sheet) -> None:
    crowd = Crowd(seed=11, agents=10, arrivals_s=1.9, talk_s=20.0, wait_s=25, faults=True)
    crowd.run(CALLS)
    counts = crowd.counts
    ended = counts["answered"] + counts["abandoned"] + counts["refused"]
    sheet.note(f"{counts['events']:,} events: {counts['answered']} answered, {counts['abandoned']} abandoned")
    sheet.equal("A9", "crowd: callers who were overtaken", counts["inversions"], 0)
    sheet.equal("A7", "crowd: agents reserved twice", counts["double"], 0)
    sheet.equal("C7", "crowd: offered less answered, abandoned and refused", counts["offered"] - ended, 0)
    sheet.equal("I4", "crowd: contacts, places and reservations left over", counts["left over"], 0)


def _large(sheet: Sheet, folder: Path) -> None:
    """As `make bench ARGS=router` measures it, against its bars; in CPU time, so that what else runs counts little."""
    network = suite.SMALL
    rules = network.rules(folder / "large")
    told = {name: value for name, value, _ in (*suite.decisions("1000_agents", rules), *suite.simulated())}
    agents = f"{network.agents:,} agents"
    for name, promise in (
        ("decision.1000_agents.p99", f"a decision with {agents} and {network.queues} queues, p99"),
        ("hour.1000_agents", f"an hour of {agents} simulated"),
    ):
        bar = suite.bars()[name]
        sheet.at_most("I1", promise, round(told[name], 3), bar.at_most or 0.0, bar.unit)


def _waits(sheet: Sheet) -> None:
    teams = [(team, measured(team, every=20)) for team in DAY]
    for team, told in teams:
        shares = f"{told.share():.0%} hear what comes to be, {told.best:.0%} could"
        sheet.note(f"{team.name}: {len(told.rows)} of {team.calls:,} callers wait, {shares}")
    whole = whole_of(told for _, told in teams)
    sheet.note(f"{whole.best:.1%} of all who wait could be told by who knows the law of all that is to come")
    sheet.at_least("B5", "expected wait as it is heard, within 30 %, of a day's who wait", 100 * whole.share(), 80, "%")

# SPDX-License-Identifier: GPL-2.0-only
"""What of a decision is kept: its octets in the record, by a script of ten nodes before a queue of twenty agents."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from appliance.call.contact import CallState, Contact, Party
from appliance.call.events import Routed
from appliance.call.routing import decided
from appliance.router.events import Answer, Assigned, Effect, Event
from appliance.router.rules import Rules
from appliance.script.loading import load
from appliance.wire.calls import RouteDecided
from tests.bench.router.decision import Flow
from tests.bench.router.network import Network

LATENCY_MS = 1.234
CALLER = Contact(
    contact="BR-0001.06h0kiqj6vsmekhb.1", state=CallState.ROUTING, caller=Party("L1", "line1"), dnis="4000"
)
_SCRIPT = """\
start: dialled
zone: Asia/Shanghai
context: {{tier: {{kind: text}}}}
nodes:
  dialled: {{do: switch, on: dnis, cases: {{"4*": caller}}, otherwise: caller}}
  caller: {{do: switch, on: clid, cases: {{"139*": day}}, otherwise: day}}
  day: {{do: switch, on: day, cases: {{mon..fri: hours}}, otherwise: hours}}
  hours: {{do: switch, on: time, cases: {{"08:00-20:00": tier}}, otherwise: tier}}
  tier: {{do: set, fields: {{tier: "'gold'"}}, next: staff, failed: staff}}
  staff: {{do: if, that: staffed('{queue}') > 0, then: crowd, otherwise: gone}}
  crowd: {{do: if, that: waiting('{queue}') < 10000, then: share, otherwise: gone}}
  share: {{do: percent, shares: {{first: 70, wait: 30}}}}
  first: {{do: priority, priority: 5, next: wait}}
  wait: {{do: queue, queues: [{queue}], hold: [music], wait_s: 3600, otherwise: gone}}
  gone: {{do: release, cause: 17}}
"""


def rules(network: Network, folder: Path) -> Rules:
    """The network's, each queue with such a script."""
    plain = network.rules(folder)
    for name in plain.scripts:
        (folder / f"{name}.yaml").write_text(_SCRIPT.format(queue=name))
    scripts = {name: load(folder / f"{name}.yaml", [name]) for name in plain.scripts}
    return msgspec.structs.replace(plain, scripts=scripts)


def of_decisions(network: Network, folder: Path, decisions: int) -> list[int]:
    """Of every decision as a branch tells it to the record: of questions, and of who waited and is given an agent."""
    found: list[int] = []

    def told(_: Event, effects: tuple[Effect, ...]) -> None:
        found.extend(len(msgspec.json.encode(one)) for one in _decided(effects))

    flow = Flow(rules(network, folder), 0.9, told=told)
    found.clear()
    flow.run(decisions)
    return found


def _decided(effects: tuple[Effect, ...]) -> Iterator[RouteDecided]:
    for effect in effects:
        if isinstance(effect, Answer | Assigned):
            yield decided(CALLER, Routed(effect.answer, LATENCY_MS))

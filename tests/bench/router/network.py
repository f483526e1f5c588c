# SPDX-License-Identifier: GPL-2.0-only
"""A network of agents and queues: each agent in two queues, one called number and one script a queue."""

from pathlib import Path

import msgspec

from appliance.router.rules import CallType, Rules, Seat, skill_group
from appliance.script.loading import load
from tests.headquarters.site import Site

AGENTS_A_BOX = 50
STRIDE = 7  # of the second queue: two agents who share one queue seldom share the other

_SCRIPT = """\
start: wait
nodes:
  wait: {{do: queue, queues: [{queue}], hold: [music], wait_s: 3600, otherwise: gone}}
  gone: {{do: release, cause: 17}}
"""


class Network(msgspec.Struct, frozen=True):
    """So many of each."""

    agents: int
    queues: int

    @property
    def boxes(self) -> list[str]:
        """The branches."""
        return [f"BR-{number:04}" for number in range(-(-self.agents // AGENTS_A_BOX))]

    @property
    def numbers(self) -> list[str]:
        """What callers dial, a queue each."""
        return [str(4_000 + number) for number in range(self.queues)]

    def members(self) -> dict[str, list[str]]:
        """The agents of each queue."""
        found: dict[str, list[str]] = {f"q{number}": [] for number in range(self.queues)}
        for number in range(self.agents):
            for queue in {number % self.queues, (number * STRIDE + number // self.queues) % self.queues}:
                found[f"q{queue}"].append(f"a{number}")
        return found

    def rules(self, folder: Path) -> Rules:
        """What the router has of it."""
        members = self.members()
        self.write_scripts(folder)
        return Rules(
            call_types={dnis: CallType(name, dnis, name) for name, dnis in zip(members, self.numbers, strict=True)},
            queues={name: skill_group(*agents) for name, agents in members.items()},
            seats={f"a{number}": self._seat(number) for number in range(self.agents)},
            scripts={name: load(folder / f"{name}.yaml", [name]) for name in members},
        )

    def write(self, site: Site) -> None:
        """Headquarters' file, and its scripts."""
        members = self.members()
        self.write_scripts(site.config.scripts)
        text = {
            "role": "headquarters",
            "box": "HQ-0001",
            "server": {"listen": str(site.config.server.listen), "secret": str(site.config.server.secret)},
            "web": {"listen": str(site.config.web.listen)},
            "call_types": [
                {"name": name, "dnis": [dnis], "script": name} for name, dnis in zip(members, self.numbers, strict=True)
            ],
            "scripts": str(site.config.scripts),
            "skill_groups": [{"name": name, "agents": agents} for name, agents in members.items()],
            "agents": [
                {"id": seat.agent, "name": seat.name, "box": seat.box, "extension": seat.extension}
                for seat in map(self._seat, range(self.agents))
            ],
        }
        (site.folder / "headquarters.yaml").write_bytes(msgspec.json.encode(text))

    def write_scripts(self, folder: Path) -> None:
        """One a queue."""
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(self.queues):
            (folder / f"q{number}.yaml").write_text(_SCRIPT.format(queue=f"q{number}"))

    def _seat(self, number: int) -> Seat:
        box, phone = divmod(number, AGENTS_A_BOX)
        return Seat(f"a{number}", f"Agent {number}", self.boxes[box], str(8_000 + phone))

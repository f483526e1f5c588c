# SPDX-License-Identifier: GPL-2.0-only
"""A branch's own supervisor with its engine and line worker, from a file that names one end of the cable."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from appliance.config import Branch
from appliance.config.files import load_role
from appliance.media.engine import Engine
from appliance.media.events import Client
from appliance.processes.cards import Cards
from appliance.processes.supervisor import Held, branch_children
from appliance.supervisor.child import Child
from appliance.supervisor.spec import Command, Spec
from appliance.supervisor.supervisor import Supervisor
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from tests.media.rig import Side
from tests.ports import free_port, free_rtp_base
from tests.vm.cable import JITTER_MS, Cable
from tests.vm.office import Office

AGAIN_S = 1.0
CONFIGURATION = """\
role: branch
box: BR-0001
name: Nanjing Road
headquarters: {{server: 127.0.0.1:4222, secret: token}}
engine: {{rtp_base: {rtp_base}}}
spans:
  - {{name: carrier, driver: dahdi, card_span: {card_span}, jitter_ms: {jitter_ms}, echo_tail_ms: 0, {signalling}}}
sip: {{listen: 127.0.0.1:{sip}, proxy: 127.0.0.1:5060, domain: branch.test}}
extensions: []
prompts: {{directories: [.]}}
"""


@dataclass(frozen=True, slots=True)
class Inherited:
    """The box's engine, as the box's clients know it: by the supervisor's descriptors."""

    fds: Mapping[str, int]

    @property
    def segment_fd(self) -> int:
        """Of the segment."""
        return self.fds["segment"]

    def engine(self, client: Client) -> Engine:
        """Handle for a client; the line's is the line worker's and takes no events here."""
        return Engine(self.segment_fd, self.fds[client.name.lower()], client)


@dataclass(frozen=True, slots=True)
class Box(Office):
    """One end."""

    engine: Child
    line: Child


def _written(folder: Path, card_span: int, signalling: str) -> Path:
    folder.mkdir()
    (folder / "token").touch(mode=0o600)
    file = folder / "branch.yaml"
    keys = {"sip": free_port(), "rtp_base": free_rtp_base(), "card_span": card_span, "jitter_ms": JITTER_MS}
    file.write_text(CONFIGURATION.format(**keys, signalling=signalling))
    return file


def _with(spec: Spec, environment: dict[str, str]) -> Spec:
    command = Command(spec.command().argv, environment)
    return msgspec.structs.replace(spec, command=lambda: command)


@asynccontextmanager
async def box(folder: Path, cable: Cable, end: int, signalling: str) -> AsyncIterator[Box]:
    """A branch at one end of the cable, whose channels must be closed. `signalling`: keys of its span."""
    file, state = _written(folder, cable.spans[end], signalling), folder / "state"
    branch = load_role(file, Branch)
    held = Cards(branch.spans)
    environment = {"BRANCHLINE_CONFIG": str(file), "BRANCHLINE_STATE": str(state)}
    specs = {spec.name: spec for spec in branch_children(branch, state, Held(branch, state), held.fds)}
    chosen = [_with(specs[name], environment) for name in ("engine", "line1")]
    supervisor = Supervisor(chosen, state, Sealer(Identity.take(branch.box, "supervisor")), held.alarms)
    ready = asyncio.Event()
    running = asyncio.create_task(supervisor.run(ready.set))
    await ready.wait()
    watching = asyncio.create_task(held.watch(supervisor.tell, AGAIN_S))
    fds = specs["engine"].fds
    try:
        yield Box(state / "run/leg.line1.sock", Side(Inherited(fds)), *supervisor.children)  # type: ignore[arg-type]
    finally:
        watching.cancel()
        supervisor.stop()
        await running
        for log in (state / "log").glob("*.log"):
            print(f"{log.name} at end {end}:", log.read_text()[-2000:])
        for fd in {fd for spec in specs.values() for fd in spec.fds.values()}:
            os.close(fd)

# SPDX-License-Identifier: GPL-2.0-only
"""A line process, `line1` and so on: its span, ISDN, R2 or CAS, and the leg protocol on its socket."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from appliance.config import Branch, load_or_exit
from appliance.config.branch import CesopsnSpan, DahdiSpan, Span, line_workers
from appliance.line.cas import CasLine
from appliance.line.channels import Order
from appliance.line.span import PriLine
from appliance.line.switch import TrunkPlan
from appliance.line.worker import LineWorker
from appliance.media.engine import Engine, inherited_fds
from appliance.media.events import Client
from appliance.processes import cards, cas
from appliance.processes.environment import state_directory
from appliance.signalling.pri.link import Link, Profile, Side, Timers
from appliance.supervisor import logs, notify
from appliance.trace.legs import LegLog
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from drivers.cesopsn import CesopsnDriver, CesopsnSettings
from drivers.dahdi import DahdiDriver
from drivers.model import D_CHANNELS, TIMESLOTS

T316_S = 10.0  # Q.931 Table 9-2 says 120 s; a channel that waits for RESTART ACKNOWLEDGE is out of service


def settings(span: CesopsnSpan) -> CesopsnSettings:
    """The driver's settings of a configured span over UDP."""
    return CesopsnSettings(
        local=span.local,
        remote=span.remote,
        frames_per_packet=span.frames_per_packet,
        rtp_header=span.rtp_header,
        clock=span.clock,
        clock_domain=span.clock_domain,
        clock_priority=span.clock_priority,
        jitter_ms=span.jitter_ms,
        line=span.line,
    )


def d_channel(span: Span) -> int:
    """ISDN's timeslot on a configured span."""
    return span.d_channel or D_CHANNELS[span.line]


def line(number: int, span: Span, *, data: bool = False) -> PriLine | CasLine:
    """What is spoken on a configured span. `data`: its data calls have somewhere to go."""
    plan = TrunkPlan(span.echo_tail_ms, span.rx_gain_db, span.tx_gain_db)
    order = Order(span.channel_order)
    if span.signalling != "pri":
        return CasLine(number, span.name, cas.circuits(span), plan, order, cas.own_number(span))
    side = Side.USER if span.side == "user" else Side.NETWORK
    timers = Timers(t309_s=span.timers.t309_s, t316_s=T316_S)
    link = Link(side, timers, Profile(span.profile), debug=os.environ.get("BRANCHLINE_LOG") == "debug")
    timeslots = TIMESLOTS[span.line]
    return PriLine(number, span.name, d_channel(span), link, plan, order, span.dnis_digits, data, timeslots)


def configure(engine: Engine, number: int, span: CesopsnSpan | DahdiSpan) -> None:
    """Put a configured span into service; a card's channels are those that this process inherited."""
    bits = cas.bits(span)
    signalling = None if bits else d_channel(span), bits
    if isinstance(span, CesopsnSpan):
        CesopsnDriver(engine).configure(number, settings(span), *signalling)
    else:
        inherited = inherited_fds(os.environ.get("BRANCHLINE_FDS", ""))
        DahdiDriver(engine).configure(number, cards.settings(number, span, inherited), *signalling)


async def run(branch: Branch, state: Path, name: str) -> None:
    """Serve until cancelled. Raises KeyError where the branch has no worker of this name."""
    spans = {number: branch.spans[number] for number in line_workers(branch)[name]}
    engine = Engine.from_environment(Client[name.upper()])
    engine.attach()
    passing = {rule.span for rule in branch.tandem}
    lines = [line(number, span, data=span.name in passing) for number, span in spans.items()]
    sealer = Sealer(Identity.take(branch.box, name))
    socket = state / "run" / f"leg.{name}.sock"
    worker = LineWorker(socket, sealer, engine, lines, state / "performance")
    for number, span in spans.items():
        configure(engine, number, span)
    worker.service.watch = LegLog(state, name).take
    await worker.start()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, cas.reread, spans, worker)
    notify.ready()
    await asyncio.gather(notify.keep_alive(), asyncio.Event().wait())


def main() -> None:
    """Start from the environment (BRANCHLINE_CONFIG, BRANCHLINE_STATE, BRANCHLINE_FDS); the argument is its name."""
    name = sys.argv[1]
    logs.configure(name)
    asyncio.run(run(load_or_exit(Branch), state_directory(), name))


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: GPL-2.0-only
"""A line process, `line1` and so on: its span, ISDN, R2 or CAS, and the leg protocol on its socket."""

import asyncio
import functools
import os
import signal
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from appliance.config import Branch, load_or_exit
from appliance.config.branch import CesopsnSpan, DahdiSpan, Ds26521Span, Span, line_workers
from appliance.config.lines import DahdiCard, LineCard, Si3050Card
from appliance.line.cas import CasLine
from appliance.line.channels import Order
from appliance.line.span import PriLine
from appliance.line.switch import TrunkPlan
from appliance.line.worker import LineWorker
from appliance.media.engine import Engine, inherited_fds
from appliance.media.events import Client
from appliance.processes import cards, cas, framers, lines, resting
from appliance.processes.environment import state_directory
from appliance.signalling.pri.interface import Interface
from appliance.signalling.pri.link import Link, Profile, Side, Timers
from appliance.signalling.pri.nfas import Group
from appliance.supervisor import logs, notify
from appliance.trace.legs import LegLog
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from drivers.cesopsn import CesopsnDriver, CesopsnSettings
from drivers.dahdi import DahdiDriver
from drivers.model import D_CHANNELS, TIMESLOTS
from drivers.spi.spans import SpiSpanDriver

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
        framing=span.framing,
    )


def d_channel(span: Span) -> int | None:
    """ISDN's timeslot on a configured span; None: another span of its group has it."""
    if span.nfas is not None and span.nfas.d_channel == "none":
        return None
    return span.d_channel or D_CHANNELS[span.line]


def groups(spans: Iterable[Span | LineCard]) -> dict[str, Group]:
    """The groups of spans that share a D-channel (NFAS), by name."""
    members = [(span, span.nfas) for span in spans if isinstance(span, Span) and span.nfas is not None]
    backups = {nfas.group: nfas.interface for _, nfas in members if nfas.d_channel == "backup"}
    return {
        nfas.group: Group(*_spoken(span), primary=nfas.interface, backup=backups.get(nfas.group), debug=_debug())
        for span, nfas in members
        if nfas.d_channel == "primary"
    }


def line(number: int, span: Span | LineCard, shared: Mapping[str, Group], *, data: bool = False) -> PriLine | CasLine:
    """What is spoken on a configured span. `shared`: the groups; `data`: its data calls have somewhere to go."""
    if isinstance(span, LineCard):
        return lines.line(number, span, _inherited())
    plan = TrunkPlan(span.echo_tail_ms, span.rx_gain_db, span.tx_gain_db, *lines.limits(span.dtmf))
    order = Order(span.channel_order)
    if span.signalling != "pri":
        return CasLine(number, span.name, cas.circuits(span), plan, order, cas.own_number(span), TIMESLOTS[span.line])
    link: Link | Interface
    if span.nfas is None:
        link = Link(*_spoken(span), debug=_debug())
    else:
        link = Interface(shared[span.nfas.group], span.nfas.interface)
    timeslots = TIMESLOTS[span.line]
    return PriLine(number, span.name, d_channel(span) or 0, link, plan, order, span.dnis_digits, data, timeslots)


def _spoken(span: Span) -> tuple[Side, Timers, Profile]:
    side = Side.USER if span.side == "user" else Side.NETWORK
    return side, Timers(t309_s=span.timers.t309_s, t316_s=T316_S), Profile(span.profile)


def _debug() -> bool:
    return os.environ.get("BRANCHLINE_LOG") == "debug"


def configure(
    engine: Engine,
    chips: SpiSpanDriver,
    number: int,
    span: CesopsnSpan | DahdiSpan | Ds26521Span | Si3050Card | DahdiCard,
) -> None:
    """Put a configured span into service; a card's channels are those that this process inherited."""
    if isinstance(span, Si3050Card):
        engine.open_span(number, lines.sound(span), None)
        return
    if isinstance(span, DahdiCard):
        DahdiDriver(engine).configure(number, cards.settings(number, span, _inherited()), None)
        return
    bits = resting.bits(span)
    signalling = None if bits else d_channel(span), bits
    if isinstance(span, CesopsnSpan):
        CesopsnDriver(engine).configure(number, settings(span), *signalling)
    elif isinstance(span, Ds26521Span):
        chips.configure(number, framers.settings(span, bits), *signalling)
    else:
        DahdiDriver(engine).configure(number, cards.settings(number, span, _inherited()), *signalling)


def _inherited() -> dict[str, int]:
    return inherited_fds(os.environ.get("BRANCHLINE_FDS", ""))


async def run(branch: Branch, state: Path, name: str) -> None:
    """Serve until cancelled. Raises KeyError where the branch has no worker of this name."""
    spans = {number: branch.spans[number] for number in line_workers(branch)[name]}
    engine = Engine.from_environment(Client[name.upper()])
    engine.attach()
    passing = {rule.span for rule in branch.tandem}
    shared = groups(spans.values())
    spoken = [line(number, span, shared, data=span.name in passing) for number, span in spans.items()]
    sealer = Sealer(Identity.take(branch.box, name))
    socket = state / "run" / f"leg.{name}.sock"
    chips = SpiSpanDriver(engine)
    for number, span in spans.items():
        configure(engine, chips, number, span)
    worker = LineWorker(socket, sealer, engine, spoken, state / "performance", framers=framers.framers(spans, chips))
    worker.service.watch = LegLog(state, name).take
    await worker.start()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, cas.reread, spans, worker)
    loop.add_signal_handler(signal.SIGUSR1, functools.partial(worker.drain, now=True))
    loop.add_signal_handler(signal.SIGUSR2, functools.partial(worker.drain, now=False))
    notify.ready()
    await asyncio.gather(notify.keep_alive(), framers.serve(chips), asyncio.Event().wait())


def main() -> None:
    """Start from the environment (BRANCHLINE_CONFIG, BRANCHLINE_STATE, BRANCHLINE_FDS); the argument is its name."""
    name = sys.argv[1]
    logs.configure(name)
    asyncio.run(run(load_or_exit(Branch), state_directory(), name))


if __name__ == "__main__":
    main()

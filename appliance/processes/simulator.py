# SPDX-License-Identifier: GPL-2.0-only
"""The simulated exchange's process: the far end of a branch's first span, with robot callers on it.

    BRANCHLINE_CONFIG=branch.yaml python -m appliance.processes.simulator [--rate 6] [--seed 1] [--at-most 4]
    python -m appliance.processes.simulator --local 127.0.0.1:9001 --remote 127.0.0.1:9101

BRANCHLINE_CONFIG is the branch's file: its first span over UDP, seen from the other side, unless both addresses are
given.
SIGTERM or Ctrl-C: the robots hang up, the channels are cleared, the process ends with status 0.
"""

import argparse
import asyncio
import contextlib
import signal
import sys
from pathlib import Path

import structlog

from appliance.config import Branch, Endpoint, exit_with, load_or_exit
from appliance.config.branch import CesopsnSpan
from appliance.signalling.pri.link import Profile
from appliance.simulator.exchange import Exchange, ExchangeSettings
from appliance.simulator.robots import Robots, Traffic, sounds_in
from appliance.supervisor import logs, notify

SOUNDS = Path("/usr/share/asterisk/sounds/en_US_f_Allison")
CUSTOMERS_SAY = ("demo-nogo", "tt-allbusy", "queue-periodic-announce", "vm-review", "demo-enterkeywords", "vm-newuser")
CLEARING_S = 3.0

log = structlog.get_logger()


def arguments(words: list[str]) -> argparse.Namespace:
    """Parsed command line; wrong use ends the process with status 2."""
    parser = argparse.ArgumentParser(prog="simulator", description="the exchange on the other end of the E1")
    parser.add_argument("--local", type=Endpoint.parse, help="address:port here")
    parser.add_argument("--remote", type=Endpoint.parse, help="address:port of the branch")
    parser.add_argument("--dialled", default="95588", help="number that the robots call")
    parser.add_argument("--rate", type=float, default=6.0, help="calls a minute; 0: none")
    parser.add_argument("--at-most", type=int, default=4, help="calls at once, 1 to 30")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same calls")
    parser.add_argument("--sounds", type=Path, default=SOUNDS, help="folder with what customers say")
    return parser.parse_args(words)


def settings(options: argparse.Namespace) -> ExchangeSettings:
    """The E1 as the command line and the branch's file have it; a mistake ends the process with status 2."""
    if options.local is not None and options.remote is not None:
        return ExchangeSettings(options.local, options.remote)
    span = next((span for span in load_or_exit(Branch).spans if isinstance(span, CesopsnSpan)), None)
    if span is None:
        exit_with("no span of the branch is of driver cesopsn; give --local and --remote")
    return ExchangeSettings(
        local=options.local or span.remote,
        remote=options.remote or span.local,
        frames_per_packet=span.frames_per_packet,
        rtp_header=span.rtp_header,
        t309_s=span.timers.t309_s,
        line=span.line,
        profile=Profile(span.profile),
    )


async def serve(line: ExchangeSettings, traffic: Traffic | None) -> None:
    """Be the exchange until told to stop."""
    exchange = Exchange(line)
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await exchange.start()
    notify.ready()
    log.info("exchange.process.started", local=line.local, remote=line.remote)
    robots = asyncio.create_task(_run_robots(exchange, traffic))
    await stopped.wait()
    robots.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await robots
    exchange.clear_all()
    with contextlib.suppress(TimeoutError):  # a branch that is gone clears nothing
        await exchange.all_cleared(CLEARING_S)
    await exchange.close()


async def _run_robots(exchange: Exchange, traffic: Traffic | None) -> None:
    """An exchange that starts anew knows no calls: first make the branch forget those of its former life."""
    await exchange.in_service(None)
    await exchange.restart(None)
    if traffic is not None:
        await Robots(exchange, traffic).run()


def main() -> int:
    """Run. Exit status 2: the configuration or the command line is wrong."""
    logs.configure("simulator")
    options = arguments(sys.argv[1:])
    line = settings(options)
    try:
        traffic = _traffic(options) if options.rate else None
    except (ValueError, FileNotFoundError) as error:
        exit_with(str(error))
    asyncio.run(serve(line, traffic))
    return 0


def _traffic(options: argparse.Namespace) -> Traffic:
    return Traffic(
        sounds_in(options.sounds, CUSTOMERS_SAY),
        dialled=options.dialled,
        calls_per_minute=options.rate,
        at_most=options.at_most,
        seed=options.seed,
    )


if __name__ == "__main__":
    sys.exit(main())

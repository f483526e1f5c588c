# SPDX-License-Identifier: GPL-2.0-only
"""`make bench`: every case beside its peers in one run, as a table and as build/bench/bench.json; 1 below a bar.

ARGS: names of blocks (all without; `router`, `fleet`, `enrolment` have tables of their own), --seconds N a case,
--packaged (Debian's own builds of the peers), --baseline (count the instructions of our cases and keep them as the
committed baseline).
"""

import argparse
import subprocess
import sys
import tomllib
from collections.abc import Sequence

import msgspec

from rootfs.setup.steps import SetupError
from tests.bench import baseline, peers
from tests.bench.enrolment import suite as enrolment
from tests.bench.fleet import suite as fleet
from tests.bench.program import FOLDER, HERE, Program
from tests.bench.router import suite

ROUTER, FLEET, ENROLMENT = "router", "fleet", "enrolment"
SECONDS = 2.0


class Bar(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a case must reach: the peers' time, summed, by ours; and, where it is not 0, ours in ns."""

    case: str
    peer: tuple[str, ...] = ()
    at_least: float = 0.0
    ours_at_most_ns: float = 0.0


class Row(msgspec.Struct, frozen=True):
    """One line of the table; ns per 20 ms frame of one channel."""

    block: str
    case: str
    ours_ns: float
    peer: str
    peer_ns: float
    ratio: float
    bar: float
    ours_at_most_ns: float
    passed: bool


def bars(block: str) -> list[Bar]:
    """The bars of a block. Raises msgspec.ValidationError for a wrong key."""
    path = HERE / "bars" / f"{block}.toml"
    return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8"))["bar"], list[Bar])


def rows(block: str, times: dict[str, dict[str, float]]) -> list[Row]:
    """The lines of a block from its times by case and by who."""
    found = []
    for bar in bars(block):
        ours = times[bar.case]["ours"]
        theirs = sum(times[bar.case][who] for who in bar.peer)
        passed = theirs / ours >= bar.at_least and not (0 < bar.ours_at_most_ns < ours)
        name = "+".join(bar.peer)
        ratio = theirs / ours
        found.append(Row(block, bar.case, ours, name, theirs, ratio, bar.at_least, bar.ours_at_most_ns, passed))
    return found


def _print(row: Row) -> None:
    verdict = "ok" if row.passed else "FAIL"
    beside = f"{row.peer:>16} {row.peer_ns:10.1f} {row.ratio:8.1f}x ≥ {row.bar:5.1f}x" if row.peer else " " * 45
    limit = f"≤ {row.ours_at_most_ns:.1f} ns" if row.ours_at_most_ns else ""
    print(f"  {row.block:<12} {row.case:<24} {row.ours_ns:10.1f} {beside} {limit:>12}  {verdict}", flush=True)


def main(arguments: Sequence[str]) -> int:
    """Measure and compare."""
    parser = argparse.ArgumentParser(prog="make bench ARGS=…")
    parser.add_argument("blocks", nargs="*")
    parser.add_argument("--seconds", type=float, help=f"{SECONDS:g} a case, {suite.SECONDS:g} of the router's load")
    parser.add_argument("--packaged", action="store_true")
    parser.add_argument("--baseline", action="store_true")
    options = parser.parse_args(arguments)
    passed: list[bool] = []
    blocks = [block for block in options.blocks if block not in (ROUTER, FLEET, ENROLMENT)]
    if blocks or not options.blocks or options.baseline:
        try:
            program = Program([] if options.packaged or options.baseline else peers.rebuilt())
        except SetupError as error:
            print(error.report(), file=sys.stderr)
            return 1
        except subprocess.CalledProcessError as refused:
            return refused.returncode
        if options.baseline:
            baseline.commit(baseline.measured(program))
            print(f"BENCH: baseline of {baseline.key()} written to {baseline.FILE.name}")
            return 0
        known = dict.fromkeys(case.block for case in program.cases())
        if unknown := [block for block in blocks if block not in known]:
            print(
                f"no block {', '.join(unknown)}; there are {', '.join((*known, ROUTER, FLEET, ENROLMENT))}",
                file=sys.stderr,
            )
            return 2
        passed += [row.passed for row in _compared(program, blocks or list(known), options.seconds or SECONDS)]
    if ROUTER in options.blocks or not options.blocks:
        passed += [row.passed for row in suite.measured(options.seconds or suite.SECONDS)]
    if FLEET in options.blocks or not options.blocks:
        passed += [row.passed for row in fleet.measured(options.seconds or fleet.SECONDS)]
    if ENROLMENT in options.blocks or not options.blocks:
        passed += [row.passed for row in enrolment.measured()]
    print(f"BENCH: {sum(passed)} of {len(passed)} bars reached; build/bench/*.json")
    return 0 if all(passed) else 1


def _compared(program: Program, blocks: Sequence[str], seconds: float) -> list[Row]:
    print(f"  {'block':<12} {'case':<24} {'ours ns':>10} {'peer':>16} {'peer ns':>10} {'ratio':>9}      bar")
    table: list[Row] = []
    for block in blocks:
        names = dict.fromkeys(case.name for case in program.cases() if case.block == block)
        lines = rows(block, {name: program.measure(block, name, seconds) for name in names})
        for line in lines:
            _print(line)
        table += lines
    (FOLDER / "bench.json").write_bytes(msgspec.json.format(msgspec.json.encode(table)))
    print("  ns per 20 ms frame of one channel")
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

# SPDX-License-Identifier: GPL-2.0-only
"""`trace call`: the answer in a file, and one sentence about it."""

import argparse
import os
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from appliance.cli import terminal
from appliance.config.scalars import nearest
from appliance.media import segment
from appliance.media.trace import EngineTrace
from appliance.trace import call, capture


def main(words: Sequence[str]) -> int:
    """Do as told. Exit status 1: there is no such call; 2: it was asked for wrongly."""
    told = _read(words)
    return trace_call(Path(told.state), told.id, Path(told.file or f"{told.id}.pcapng"))


def _read(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="trace", description="What was kept of a call, as one file for Wireshark.")
    parser.add_argument("what", choices=("call",), metavar="call")
    parser.add_argument("id", metavar="ID", help="a contact or a leg, as the record and the logs name it")
    parser.add_argument("file", nargs="?", metavar="FILE", help="else ID.pcapng")
    return terminal.read(parser, words)


def trace_call(state: Path, asked: str, file: Path) -> int:
    """Write what there is of a call. Exit status: 1, and no file, where there is none."""
    engine = engine_of(state)
    try:
        packets = call.packets(state, asked, engine)
        capture.write(file, packets)
    except KeyError as unknown:
        sys.stderr.write(f"{asked}: no contact or leg of this name in the trace; {_meant(asked, unknown.args[0])}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{file} cannot be written: {error.strerror}\n")
        return 1
    counts = Counter(packet.interface for packet in packets)
    sys.stderr.write(f"{file}: {', '.join(f'{count} of {name}' for name, count in sorted(counts.items()))}\n")
    return 0


def engine_of(state: Path) -> EngineTrace | None:
    """The running box's. What workers wrote is read without it."""
    try:
        descriptor = os.open(segment.path(state), os.O_RDONLY)
    except OSError:
        sys.stderr.write("the box does not run: its D-channel, bits and RTP went with it\n")
        return None
    try:
        return EngineTrace(descriptor)
    except ValueError:
        sys.stderr.write("the box that runs is of another version: its D-channel, bits and RTP cannot be read\n")
        return None
    finally:
        os.close(descriptor)


def _meant(asked: str, known: list[str]) -> str:
    if not known:
        return "it is empty"
    near = nearest(asked, known)
    return f"did you mean {near}?" if near else f"the newest is {known[-1]}"

# SPDX-License-Identifier: GPL-2.0-only
"""`capture signalling`, `rtp`, `call`, `interface`: what passes in the next seconds, as one file for Wireshark.

Ctrl-C ends the while and keeps what there is.
"""

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from appliance.cli import trace
from appliance.cli.grammar.matching import Matched
from appliance.cli.session import Session
from appliance.config import ConfigurationError
from appliance.media.engine import RTP_PORTS
from appliance.media.trace import EngineTrace
from appliance.trace import between, call, interface
from appliance.trace import capture as file_format
from appliance.trace.capture import Packet

SECONDS, MIB = 10, 8
_MIB = 1_048_576


def signalling(session: Session, matched: Matched) -> int:
    """SIP, D-channels, bits."""
    return _after(session, matched, lambda engine, *when: between.signalling(session.state, engine, *when))


def rtp(session: Session, matched: Matched) -> int:
    """Headers of sound."""
    return _after(session, matched, lambda engine, *when: between.rtp(engine, *when) if engine else ())


def one_call(session: Session, matched: Matched) -> int:
    """All of one call, from its beginning to then."""
    name = matched.arguments["call"]
    try:
        return _after(session, matched, lambda engine, *_: call.packets(session.state, name, engine), f"{name}.pcapng")
    except KeyError as unknown:
        there = unknown.args[0][-1:] or [session.told("none", "无")]
        told = f"there is no call {name} in the trace; the newest is {there[0]}", f"没有呼叫{name}；最新为{there[0]}"
        sys.stderr.write(f"{session.told(*told)}\n")
        return 1


def of_interface(session: Session, matched: Matched) -> int:
    """All that passes one, without sound."""
    given = matched.arguments
    seconds, octets = int(given.get("capture-seconds", SECONDS)), int(given.get("mebibytes", MIB)) * _MIB
    found: list[Packet] = []
    _begun(session, seconds)
    try:
        with contextlib.suppress(KeyboardInterrupt):
            for packet in interface.packets(given["interface"], seconds, octets, _sound(session)):
                found.append(packet)  # noqa: PERF402 - what has come is kept at Ctrl-C
    except OSError as error:
        there = ", ".join(sorted(path.name for path in Path("/sys/class/net").iterdir()))
        what = session.told(f"{error.strerror}; there is {there}", f"{error.strerror}；现有{there}")
        sys.stderr.write(f"{given['interface']}: {what}\n")
        return 1
    return _write(session, matched, found, f"{given['interface']}.pcapng")


def _after(
    session: Session,
    matched: Matched,
    packets: Callable[[EngineTrace | None, int, int], Iterable[Packet]],
    name: str = "",
) -> int:
    """Let the while pass, then read what the trace has of it."""
    seconds, begun = int(matched.arguments.get("capture-seconds", SECONDS)), time.monotonic_ns()
    engine = trace.engine_of(session.state)
    _begun(session, seconds)
    with contextlib.suppress(KeyboardInterrupt):
        time.sleep(seconds)
    found = list(packets(engine, begun, time.monotonic_ns()))
    return _write(session, matched, found, name or f"{matched.words[1]}.pcapng")


def _begun(session: Session, seconds: int) -> None:
    sys.stdout.write(session.told(f"for {seconds} s, Ctrl-C ends it\n", f"持续{seconds}秒，Ctrl-C 结束\n"))
    sys.stdout.flush()


def _write(session: Session, matched: Matched, found: list[Packet], name: str) -> int:
    """Exit status 1: nothing has passed, or the file cannot be written."""
    file = Path(matched.arguments.get("file", name))
    if not found:
        sys.stderr.write(session.told("nothing has passed: no file is written\n", "没有数据，未写文件\n"))
        return 1
    try:
        file_format.write(file, found)
    except OSError as error:
        sys.stderr.write(f"{file}: {error.strerror}\n")
        return 1
    counts = Counter(packet.interface for packet in found)
    said = ", ".join(session.told(f"{n} of {what}", f"{what} {n}个") for what, n in sorted(counts.items()))
    sys.stdout.write(f"{file}: {said}\n")
    return 0


def _sound(session: Session) -> frozenset[int]:
    """UDP ports that carry it: the engine's, without RTCP, and those of spans over UDP."""
    with contextlib.suppress(ConfigurationError):
        data = session.running().data
        base = int(data.get("engine", {}).get("rtp_base", 0))
        ends = [str(span.get(end, "")) for span in data.get("spans", ()) for end in ("local", "remote")]
        spans = (int(port) for _, _, port in (end.rpartition(":") for end in ends) if port.isdigit())
        return frozenset((*range(base, base + 2 * RTP_PORTS, 2), *spans))
    return frozenset()

# SPDX-License-Identifier: GPL-2.0-only
"""`trace call` on a call that has just ended, read by tshark; what the workers' part of the trace costs."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from appliance.config import Endpoint
from appliance.trace.legs import LegLog, of_call
from appliance.trace.log import SIP_OCTETS, TraceLog, lines
from appliance.trace.sip import SipMessage, SipTap
from appliance.wire.envelope import decode
from tests.accept.sheet import Sheet
from tests.accept.site import ROOT, Site
from tests.ports import HOST
from tests.trace import hep

NAMES = {"0x05": "SETUP", "0x5a": "RELEASE COMPLETE"}
CPU_PERCENT = 3.0
FULL_BOX_CALLS_A_SECOND = 240 / 180  # of three minutes
REPEATED = 200


async def run(site: Site, sheet: Sheet, record: dict[str, Any]) -> None:
    """Of a call by this record."""
    file = site.folder / "call.pcapng"
    command = [sys.executable, "-m", "appliance.cli", "trace", "call", record["contact"], str(file)]
    environment = os.environ | {"BRANCHLINE_STATE": str(site.branch.state)}
    await asyncio.to_thread(subprocess.run, command, cwd=ROOT, env=environment, check=True, capture_output=True)
    messages = [NAMES.get(kind, kind) for kind in _read(file, "q931", "q931.message_type")]
    sheet.equal("P8", "trace: the call in Q.931, first and last", _ends(messages), "SETUP … RELEASE COMPLETE")
    sheet.equal("P8", "trace: the call in SIP, first and last", _ends(_read(file, "sip", "sip.Method")), "INVITE … BYE")
    streams = [line.split() for line in _tshark(file, "-q", "-z", "rtp,streams").splitlines() if "g711A" in line]
    sheet.equal("P8", "trace: RTP streams, A-law by the descriptions", len(streams), 2)
    sheet.equal("P8", "trace: packets missing in them", sum(int(s[s.index("g711A") + 2]) for s in streams), 0)
    sheet.equal(
        "P8", "trace: packets that tshark calls malformed", len(_read(file, "_ws.malformed", "frame.number")), 0
    )
    sheet.at_most("P8", "trace: CPU of a full box's SIP and legs", await asyncio.to_thread(_cost, site, record),
                  CPU_PERCENT, "%")  # fmt: skip
    sheet.note("of one core; the engine's part is `make bench ARGS=trace`")


def _tshark(file: Path, *options: str) -> str:
    ran = subprocess.run(["tshark", "-n", "-r", str(file), *options], check=True, capture_output=True, text=True)
    return ran.stdout


def _read(file: Path, only: str, field: str) -> list[str]:
    """A field's values, where it has one."""
    told = _tshark(file, "-Y", only, "-T", "fields", "-E", "occurrence=f", "-e", field)
    return [value for value in told.splitlines() if value]


def _ends(values: list[str]) -> str:
    return f"{values[0]} … {values[-1]}" if values else "nothing"


def _cost(site: Site, record: dict[str, Any]) -> float:
    """Per cent of a core: this call's own messages and legs, taken again and again."""
    state, legs = site.branch.state, of_call(site.branch.state, record["contact"])
    names, dialogs = [leg.leg.leg.encode() for leg in legs], {leg.leg.call_id for leg in legs}
    steps = [decode(line) for line in lines(state, "legs.*") if any(name in line for name in names)]
    kept = [msgspec.json.decode(line, type=SipMessage) for line in lines(state, "sip") if line]
    copies = [hep.packet(m.text.encode("latin-1"), m.source, m.target) for m in kept if m.call_id in dialogs]
    if not copies:
        raise AssertionError("no message of the call in the trace")
    proxy = Endpoint(HOST, site.ports.kamailio)
    with tempfile.TemporaryDirectory() as folder:
        log, leg_log = TraceLog(Path(folder), "sip", SIP_OCTETS), LegLog(Path(folder), "sip")
        tap = SipTap(proxy, log.write)
        begun = time.process_time()
        for _ in range(REPEATED):
            for copy in copies:
                tap.datagram_received(copy, proxy)
            for step in steps:
                leg_log.take(step)
        log.close()
        spent = time.process_time() - begun
    return 100 * spent / REPEATED * FULL_BOX_CALLS_A_SECOND

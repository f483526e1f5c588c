# SPDX-License-Identifier: GPL-2.0-only
"""Bad input and a full disk: a clear word, nothing started, nothing lost, and never the call."""

import asyncio
import os
import random
import socket
import subprocess
import sys
from pathlib import Path

from appliance.wire.alarms import AlarmCleared, AlarmRaised
from appliance.wire.client import Client
from appliance.wire.envelope import Envelope, Sealer
from appliance.wire.ids import Identity
from tests.accept.sheet import Sheet
from tests.accept.site import ROOT, Site, until
from tests.accept.talk import Rig, closed, heard
from tests.ports import HOST
from tests.sound.alaw import encode
from tests.sound.compare import compare
from tests.sound.speech import read_wav

CONFIGURATION_ERROR = 2
DAMAGED = 400
SEED = 20


async def run(rig: Rig, sheet: Sheet, said: dict[str, Path]) -> None:
    """Configuration, port, damaged packets, full disk."""
    sheet.stage("bad input")
    with sheet.guarded("P3", "unknown configuration key is refused"):
        _unknown_key(rig.site, sheet)
    with sheet.guarded("P3", "port in use is told"):
        _port_in_use(rig.site, sheet)
    with sheet.guarded("K4", "damaged packets do not touch the call"):
        await _damaged(rig, sheet, said)
    sheet.stage("full disk")
    with sheet.guarded("V1", "full disk stops recording, never the call"):
        await _full_disk(rig, sheet)


def _refused(configuration: Path, state: Path) -> tuple[int, str]:
    environment = os.environ | {"BRANCHLINE_CONFIG": str(configuration), "BRANCHLINE_STATE": str(state)}
    argv = [sys.executable, "-m", "appliance.processes.supervisor"]
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stderr


def _unknown_key(site: Site, sheet: Sheet) -> None:
    text = site.branch.configuration.read_text()
    bad = site.branch.configuration.with_name("bad.yaml")
    bad.write_text(text.replace("timeout_ms:", "timeout_mss:"))
    line = 1 + text[: text.index("timeout_ms:")].count("\n")
    state = site.folder / "bad"
    status, told = _refused(bad, state)
    sheet.equal("P3", "unknown key: exit status", status, CONFIGURATION_ERROR)
    named = f"bad.yaml:{line}:" in told and "timeout_mss" in told and "timeout_ms" in told.replace("timeout_mss", "")
    sheet.holds("P3", "unknown key: file, line and nearest valid name are told", named)
    sheet.holds("P3", "unknown key: nothing was started", not (state / "run" / "processes.json").exists())


def _port_in_use(site: Site, sheet: Sheet) -> None:
    """A second branch on the ports of the first."""
    status, told = _refused(site.branch.configuration, site.folder / "second")
    holder = str(site.branch.pid("kamailio"))
    sheet.equal("P3", "port in use: exit status", status, CONFIGURATION_ERROR)
    sheet.holds(
        "P3", "port in use: the port and its holder are told", str(site.ports.kamailio) in told and holder in told
    )


async def _damaged(rig: Rig, sheet: Sheet, said: dict[str, Path]) -> None:
    ports, source = rig.site.ports, said["caller-alaw"]
    call, phone = await rig.talking("02512345001", (str(source),))
    call.cue()
    dice = random.Random(SEED)  # noqa: S311  repeatable damage, no secret
    targets = [ports.line_branch, ports.kamailio, ports.sip, *(ports.rtp_base + n for n in range(8))]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        for _ in range(DAMAGED):
            octets = dice.randbytes(dice.choice((0, 1, 3, 12, 40, 172, 256, 1200)))
            stranger.sendto(octets, (HOST, dice.choice(targets)))
            await asyncio.sleep(0.01)
    await asyncio.sleep(5.5)
    call.hang_up()
    result = await call.result()
    await closed(phone)
    sound = compare(encode(read_wav(source)), encode(await heard(phone)))
    sheet.equal("K4", f"{DAMAGED} damaged datagrams: cause of the call", result.cause, 16)
    sheet.at_least("K4", f"{DAMAGED} damaged datagrams: blocks identical", sound.identical_share, 0.99)
    restarts = {name: child["starts"] for name, child in rig.site.branch.children().items() if child["starts"] > 1}
    sheet.note(f"processes started more than once so far: {restarts or 'none'}")
    await rig.exchange.all_cleared()


class AlarmWatch:
    """An observer of one socket's alarms."""

    def __init__(self, path: Path) -> None:
        self.standing: set[str] = set()
        self._client = Client(path, Sealer(Identity.take("TEST", "accept")), self._take, role="observer")
        self._task = asyncio.create_task(self._client.run())

    def close(self) -> None:
        """Stop watching."""
        self._task.cancel()

    def _take(self, envelope: Envelope) -> None:
        if isinstance(envelope.body, AlarmRaised):
            self.standing.add(envelope.body.code)
        elif isinstance(envelope.body, AlarmCleared):
            self.standing.discard(envelope.body.code)


async def _full_disk(rig: Rig, sheet: Sheet) -> None:
    clid, state = "02512345002", rig.site.branch.state
    watch = AlarmWatch(state / "run" / "recorder.sock")
    filler = state / "filler"
    try:
        call, phone = await rig.talking(clid)
        await asyncio.sleep(1.0)
        await asyncio.to_thread(_fill, filler)
        took = await until(lambda: "recorder.disk-full" in watch.standing, 10, "no alarm for the full disk")
        sheet.note(f"full disk: alarm after {took:.1f} s")
        await asyncio.sleep(2.0)
        sheet.holds(
            "V1", "full disk: the call lives", call.answered is not None and phone.events[-1].type != "CALL_CLOSED"
        )
        phone.hang_up()
        result = await call.result()
        sheet.equal("V1", "full disk: cause at the exchange", result.cause, 16)
        filler.unlink()
        await until(lambda: "recorder.disk-full" not in watch.standing, 15, "the alarm is not cleared")
        record = await rig.site.record_of(clid, 20)
        sheet.holds("V1", "full disk: the record is complete afterwards", record["talk_samples"] is not None)
        await rig.exchange.all_cleared()
    finally:
        filler.unlink(missing_ok=True)
        watch.close()


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1 << 16))
        except OSError:
            return

# SPDX-License-Identifier: GPL-2.0-only
"""A box as others see it: metrics, SNMP, reports of what has died, an archive without secrets; all during a call."""

import asyncio
import os
import signal
import sys
import tarfile
import urllib.request

from prometheus_client.parser import text_string_to_metric_families as parsed

from appliance.simulator.states import State
from appliance.supervisor.crashes import kept
from tests.accept.sheet import Sheet
from tests.accept.site import until, wait
from tests.accept.talk import Rig, closed
from tests.ports import HOST, free_port

PHRASE = "a phrase of many letters"
OURS = "1.3.6.1.4.1.8072.9999.9999.1"
SPAN_ALARMS = f".{OURS}.1.3.1.3.1"
CARD, PIN = "6222021234567894", "471147"


async def run(rig: Rig, sheet: Sheet) -> None:
    """Switched on while a caller talks to an agent, and off again."""
    sheet.stage("seen from outside")
    with sheet.guarded("P8", "a box tells others of itself"):
        text = rig.site.branch.configuration.read_text()
        call, phone = await rig.talking("02512366002")
        call.cue()
        try:
            await _told(rig, sheet)
            sheet.holds("P8", "the call during all of that lives", call.state is not State.CLEARED)
        finally:
            rig.site.branch.configuration.write_text(text)
            call.hang_up()
        await call.result()
        await closed(phone)
        await until(lambda: "diagnostics" not in rig.site.branch.children(), 20, "the box follows its file back")


async def _told(rig: Rig, sheet: Sheet) -> None:
    box, metrics, snmp = rig.site.branch, free_port(), free_port()
    secret = box.configuration.parent / "secrets" / "snmp"
    secret.touch(0o600)
    secret.write_text(f"{PHRASE}\n")
    files = "authentication: secrets/snmp, privacy: secrets/snmp"
    keys = f"metrics: {HOST}:{metrics}, snmp: {{listen: {HOST}:{snmp}, user: nms, {files}}}"
    box.configuration.write_text(f"{box.configuration.read_text()}diagnostics: {{{keys}}}\n")
    await until(lambda: box.children().get("diagnostics", {}).get("state") == "running", 30, "diagnostics are up")
    await _metrics(metrics, sheet)
    await _snmp(snmp, sheet)
    await _crash(rig, sheet)
    await _archive(rig, sheet)


async def _metrics(port: int, sheet: Sheet) -> None:
    def read() -> str:
        with urllib.request.urlopen(f"http://{HOST}:{port}/metrics", timeout=5) as answer:
            return str(answer.read().decode())

    await asyncio.to_thread(
        wait, lambda: "outbox_events" in read() and "legs{" in read(), 10, "metrics of stores and legs"
    )
    families = {family.name: family for family in parsed(await asyncio.to_thread(read))}
    sheet.at_least("P8", "metrics of a branch, by name", len(families), 60)
    sheet.at_least(
        "P8", "of these, spans' and D-channels'", sum("span" in one or "dchannel" in one for one in families), 20
    )
    cost = families["branchline_scrape_seconds"].samples[0].value
    sheet.at_most("P8", "processor time of a scrape", 1000 * cost, 20, "ms")


async def _snmp(port: int, sheet: Sheet) -> None:
    who = ("-v3", "-l", "authPriv", "-u", "nms", "-a", "SHA-256", "-A", PHRASE, "-x", "AES", "-X", PHRASE)
    told = ""
    async with asyncio.timeout(10):
        while SPAN_ALARMS not in told:
            told = await _said("snmpwalk", *who, "-On", f"{HOST}:{port}", OURS)
    sheet.holds(
        "P8",
        "SNMP v3 walks the span, without an alarm",
        f"{SPAN_ALARMS} = Hex-STRING: 00" in told or f'{SPAN_ALARMS} = ""' in told,
    )
    older = await _said("snmpwalk", "-v2c", "-c", "public", "-t", "0.5", "-r", "0", f"{HOST}:{port}", OURS)
    sheet.holds("P8", "SNMP v2c gets no answer", "Timeout" in older)


async def _crash(rig: Rig, sheet: Sheet) -> None:
    os.kill(rig.site.branch.pid("ivr"), signal.SIGSEGV)

    def here() -> bool:
        return any(
            one.process == "ivr" and "signal 11" in one.ended for one in kept(rig.site.headquarters.state / "crashes")
        )

    took = await until(here, 15, "headquarters has the report of the crash")
    sheet.at_most("P8", "a crash is reported to headquarters after", took, 15, "s")


async def _archive(rig: Rig, sheet: Sheet) -> None:
    box, path = rig.site.branch, rig.site.folder / "support.tar.gz"
    planted = (PHRASE, CARD, PIN, *(rig.site.secret(number) for number in rig.site.extensions), _token(rig))
    lines = [f'{{"event": "test.planted", "digits": "{PIN}", "said": "{secret}"}}\n{secret}\n' for secret in planted]
    with (box.state / "log" / "ivr.log").open("a") as log:
        log.writelines(lines)
    begun = asyncio.get_running_loop().time()
    said = await _said(sys.executable, "-m", "appliance.cli", "tech-support", str(path), box=rig)
    sheet.at_most("P8", "an archive for support takes", asyncio.get_running_loop().time() - begun, 60, "s")
    sheet.holds("P8", "it tells where it is", str(path) in said)
    with tarfile.open(path) as opened:
        octets = b"\n".join(part.read() for one in opened if (part := opened.extractfile(one)))
    found = [secret for secret in planted if secret.encode() in octets]
    sheet.equal("P8", f"secrets in the archive, of {len(planted)} planted", len(found), 0)
    sheet.note(f"{path.stat().st_size // 1024} KiB, {said.splitlines()[0] if said else 'nothing said'}")


def _token(rig: Rig) -> str:
    return (rig.site.headquarters.configuration.parent / "secrets" / "nats").read_text().strip()


async def _said(*argv: str, box: Rig | None = None) -> str:
    more = (
        {"BRANCHLINE_STATE": str(box.site.branch.state), "BRANCHLINE_CONFIG": str(box.site.branch.configuration)}
        if box
        else {}
    )
    environment = os.environ | {"LC_ALL": "C.UTF-8", "MIBS": ""} | more
    process = await asyncio.create_subprocess_exec(
        *argv, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return said.decode()

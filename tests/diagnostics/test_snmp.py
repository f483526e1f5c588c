# SPDX-License-Identifier: GPL-2.0-only
"""A branch seen by net-snmp: its daemon as the master, its tools as the manager, over loopback."""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.config import Branch, ConfigurationError
from appliance.config.files import load_role
from appliance.diagnostics.snmp import agentx, daemon
from appliance.diagnostics.snmp.agentx import Kind, Range, RemoteProtocolError, Value
from appliance.diagnostics.snmp.objects import BASE
from appliance.diagnostics.snmp.subagent import Objects
from tests.diagnostics.box import ALARM, Box, watched
from tests.headquarters.site import Site
from tests.ports import HOST, free_port

pytestmark = pytest.mark.timeout(60)
PHRASES = {"snmp-auth": "tree frogs at noon", "snmp-priv": "a quiet Tuesday"}
MIB = Path(daemon.__file__).with_name("BRANCHLINE-MIB.txt")
SMI = Path(__file__).with_name("smi")
DS1 = "1.3.6.1.2.1.10.18"
OURS = ".".join(map(str, BASE))


def keys(site: Site, port: int) -> str:
    """What the file says of it."""
    for name, phrase in PHRASES.items():
        path = site.folder / "secrets" / name
        path.touch(0o600)
        path.write_text(f"{phrase}\n")
    files = "authentication: secrets/snmp-auth, privacy: secrets/snmp-priv"
    return f"snmp: {{listen: {HOST}:{port}, user: nms, {files}}}"


@contextlib.asynccontextmanager
async def served(site: Site, port: int) -> AsyncIterator[Box]:
    """With the daemon, both of them up."""
    async with watched(site, keys(site, port)) as box:
        branch = load_role(site.folder / "branch.yaml", Branch)
        assert branch.diagnostics.snmp is not None
        command = daemon.prepare(branch, branch.diagnostics.snmp, box.state)
        pipe = asyncio.subprocess.DEVNULL
        master = await asyncio.create_subprocess_exec(
            *command.argv, env={**os.environ, **command.env}, stdout=pipe, stderr=pipe
        )
        try:
            await box.told("span_signalling_up")
            while f"{OURS}.1.1.1.0 = STRING" not in await asked(port, "get", f"{OURS}.1.1.1.0"):
                assert master.returncode is None
                await asyncio.sleep(0.1)
            yield box
        finally:
            master.kill()
            await master.wait()


async def asked(port: int, verb: str, *words: str, level: str = "authPriv", version: str = "3") -> str:
    """What the manager says, outputs and errors; names as numbers."""
    user = (
        "-l",
        level,
        "-u",
        "nms",
        "-a",
        "SHA-256",
        "-A",
        PHRASES["snmp-auth"],
        "-x",
        "AES",
        "-X",
        PHRASES["snmp-priv"],
    )
    who = user if version == "3" else ("-c", "public")
    patience = ("-t", "5", "-r", "0") if version == "3" else ("-t", "0.4", "-r", "0")
    argv = (f"snmp{verb}", f"-v{version}", *who, "-On", *patience, f"{HOST}:{port}", *words)
    process = await asyncio.create_subprocess_exec(
        *argv, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, env={**os.environ, "MIBS": ""}
    )
    said, _ = await process.communicate()
    return said.decode().replace("\n.1.", "\n1.").removeprefix(".")


@pytest.mark.system
def test_p8_snmp_v3_walks_spans_alarms_and_calls_and_nothing_else_is_answered(site: Site) -> None:
    port = free_port()

    async def scene() -> None:
        async with served(site, port) as box:
            call = await box.bench.network.call("95588", "02512345678")
            await call.release()
            await box.told("legs_released_total")
            told = await asked(port, "walk", OURS)
            assert f"{OURS}.1.1.4.0 = Gauge32: 1" in told
            assert f'{OURS}.1.2.1.4.1 = STRING: "{ALARM.sentence}"' in told
            assert f'{OURS}.1.3.1.2.1 = STRING: "telco"' in told
            assert f"{OURS}.1.3.1.4.1 = INTEGER: 1" in told
            assert f"{OURS}.1.4.1.4.1 = Counter32: 1" in told, "a leg was offered to line1"
            assert f"{OURS}.1.4.1.7.1 = Counter32: 1" in told, "and is over"
            bulk = await asked(port, "bulkwalk", OURS, "-Cr3")
            names = [[line.partition(" = ")[0] for line in walk.splitlines()] for walk in (told, bulk)]
            assert names[0] == names[1]
            spans = await asked(port, "walk", DS1)
            assert f"{DS1}.6.1.10.1 = INTEGER: 1" in spans, "no alarm"
            assert f"{DS1}.6.1.11.1 = INTEGER: 4" in spans, "message oriented"
            assert f"{DS1}.7.1.2.1 = Gauge32: 3" in spans, "errored seconds"
            assert "No Such Instance" in await asked(port, "get", f"{OURS}.1.3.1.2.7")
            refused = await asked(port, "set", f"{OURS}.1.3.1.2.1", "s", "mine")
            assert "noAccess" in refused or "authorizationError" in refused or "notWritable" in refused
            for words in ({"version": "1"}, {"version": "2c"}):
                assert "Timeout" in await asked(port, "get", f"{OURS}.1.1.1.0", **words)
            assert "authorizationError" in await asked(port, "get", f"{OURS}.1.1.1.0", level="authNoPriv")

    asyncio.run(scene())
    kept = site.branch_state / "snmp" / "box.conf"
    assert kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("phrase", "sentence"),
    [("short", "5 characters; SNMP takes 8"), ('quo"ted phrase', "a quotation mark")],
)
def test_a_passphrase_that_the_daemon_could_not_take_is_told_before(site: Site, phrase: str, sentence: str) -> None:
    text = keys(site, free_port())
    (site.folder / "secrets" / "snmp-priv").write_text(phrase)
    (site.folder / "secrets" / "nats").write_text("x\n")
    (site.folder / "secrets" / "nats").chmod(0o600)
    file = site.folder / "branch.yaml"
    file.write_text(f"{file.read_text()}diagnostics: {{{text}}}\n")
    with pytest.raises(ConfigurationError, match=sentence):
        load_role(file, Branch)


def test_the_mib_is_one_by_libsmi(tmp_path: Path) -> None:
    (tmp_path / "BRANCHLINE-MIB").write_text(MIB.read_text())
    (tmp_path / "smi.conf").write_text(f"path {tmp_path}:{SMI}\n")
    argv = ("smilint", "-c", str(tmp_path / "smi.conf"), "-l", "4", "-s", str(tmp_path / "BRANCHLINE-MIB"))
    told = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert told.stdout + told.stderr == ""


def test_rfc_2741_5_1_a_name_of_the_internet_is_written_short_and_read_back() -> None:
    name = (1, 3, 6, 1, 2, 1, 10, 18)
    written = agentx.oid(name, include=True)
    assert written == bytes([3, 2, 1, 0]) + b"\0\0\0\x01" + b"\0\0\0\x0a" + b"\0\0\0\x12"
    told = agentx.Header(agentx.Pdu.GET_NEXT, agentx.NETWORK_BYTE_ORDER, 1, 2, 3, 0)
    assert agentx.asked(told, written + agentx.oid(())).ranges == (Range(name, True, ()),)  # noqa: FBT003


@pytest.mark.parametrize("octets", [b"\x02" + bytes(19), bytes(20), b"\x01\x05\x10\x00" + bytes(12) + b"\0\0\0\x03"])
def test_a_header_that_is_none_is_refused(octets: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        agentx.header(octets)


@pytest.mark.parametrize("payload", [b"\0\0\0", b"\xff\x02\0\0" + bytes(16), b"\x05\x02\0\0" + bytes(8)])
def test_a_search_range_that_is_cut_off_is_refused(payload: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        agentx.asked(agentx.Header(agentx.Pdu.GET, agentx.NETWORK_BYTE_ORDER, 1, 2, 3, 0), payload)


def test_rfc_2741_7_2_3_2_get_next_stays_below_the_end_of_its_range() -> None:
    objects = Objects({(1, 3, n): Value(Kind.INTEGER, n) for n in (1, 2, 5)})
    found = [objects.following(Range((1, 3, 2), include, end))[0] for include, end in ((True, ()), (False, ()))]
    assert found == [(1, 3, 2), (1, 3, 5)]
    assert objects.following(Range((1, 3, 2), include=False, end=(1, 3, 5)))[1].kind is Kind.END_OF_VIEW

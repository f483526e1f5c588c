# SPDX-License-Identifier: GPL-2.0-only
"""The box's log at a real collector (rsyslogd) by TLS, and what becomes of it while there is none."""

import asyncio
import contextlib
import functools
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from appliance.config import Endpoint
from appliance.config.diagnostics import Syslog
from appliance.diagnostics.syslog import forwarder, tail
from appliance.diagnostics.syslog.forwarder import Forwarder
from appliance.diagnostics.syslog.frames import frame
from appliance.diagnostics.syslog.tail import Tail
from appliance.supervisor.logfile import LogFile
from tests.ports import HOST, free_port

pytestmark = pytest.mark.timeout(40)
NAME = "logs.example"
COLLECTOR = """\
global(
  defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{folder}/authority.pem"
  defaultNetstreamDriverCertFile="{folder}/collector.pem" defaultNetstreamDriverKeyFile="{folder}/collector.key"
)
module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")
template(name="parsed" type="string" string="%syslogseverity% %hostname% %app-name% %msgid% %msg%\\n")
ruleset(name="kept") {{ action(type="omfile" file="{folder}/collected" template="parsed") }}
input(type="imtcp" port="{port}" address="127.0.0.1" ruleset="kept")
"""


class Collector:
    """rsyslogd with a certificate of an authority of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        folder.mkdir()
        openssl = (
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        )
        key = ("-keyout", str(folder / "authority.key"), "-out", str(folder / "authority.pem"))
        run(*openssl, *key, "-subj", f"/CN={folder.name}", "-addext", "keyUsage=critical,keyCertSign")
        signer = ("-CA", str(folder / "authority.pem"), "-CAkey", str(folder / "authority.key"))
        key = ("-keyout", str(folder / "collector.key"), "-out", str(folder / "collector.pem"))
        names = (
            "-subj",
            f"/CN={NAME}",
            "-addext",
            f"subjectAltName=DNS:{NAME}",
            "-addext",
            "basicConstraints=CA:FALSE",
        )
        run(*openssl, *key, *names, *signer)
        (folder / "rsyslog.conf").write_text(COLLECTOR.format(folder=folder, port=self.port))

    def settings(self, authority: Path | None = None, name: str = NAME) -> Syslog:
        """Of a box that sends here."""
        return Syslog(Endpoint(HOST, self.port), name, authority or self.folder / "authority.pem")

    @contextlib.asynccontextmanager
    async def up(self) -> AsyncIterator[None]:
        """It runs."""
        argv = ("rsyslogd", "-n", "-i", "NONE", "-f", str(self.folder / "rsyslog.conf"))
        process = await asyncio.create_subprocess_exec(*argv, stderr=asyncio.subprocess.DEVNULL)
        try:
            yield
        finally:
            process.terminate()
            await process.wait()

    def lines(self) -> list[str]:
        """What it has, as it has read it."""
        path = self.folder / "collected"
        return path.read_text().splitlines() if path.exists() else []


def run(*argv: str) -> None:
    subprocess.run(argv, check=True, capture_output=True)


async def until(holds: Callable[[], object]) -> None:
    deadline = asyncio.get_running_loop().time() + 10
    while not holds():
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def forwarding(logs: Path, settings: Syslog, told: list[str | None]) -> AsyncIterator[Forwarder]:
    sender = Forwarder("BR-0001", settings, Tail(logs, logs.parent / "syslog.json"), told.append)
    task = asyncio.create_task(sender.run())
    try:
        yield sender
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.mark.system
def test_p8_lines_reach_the_collector_also_those_of_while_it_was_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwarder, "SETTLE_S", 0.2)
    collector, other = Collector(tmp_path / "collector"), Collector(tmp_path / "stranger")
    logs = tmp_path / "log"
    line1, kamailio = LogFile(logs / "line1.log"), LogFile(logs / "kamailio.log")
    told: list[str | None] = []

    def write(number: int) -> None:
        line1.write(b'{"event": "test.line.%d", "level": "warning", "said": "\xe4\xbd\xa0"}\n' % number)

    def numbers() -> set[str]:
        return {line.split()[3] for line in collector.lines() if line.split()[3] != "-"}

    def says(why: str) -> bool:
        return why in (told[-1] or "")

    async def scene() -> None:
        write(0)
        kamailio.write(b"plain words\nand half a line")
        async with forwarding(logs, collector.settings(), told) as sender:
            async with collector.up():
                await until(lambda: len(collector.lines()) == 2)
                assert '4 BR-0001 line1 test.line.0 {"event": "test.line.0"' in collector.lines()[1]
                assert collector.lines()[0] == "6 BR-0001 kamailio - plain words"
                await until(lambda: sender.counts.sent == 2)
            write(1)
            await until(lambda: told[-1] is not None)
            write(2)
            async with collector.up():
                write(3)
                await until(lambda: len(numbers()) == 4)
        write(4)
        for settings, why in (
            (collector.settings(other.folder / "authority.pem"), "self-signed"),
            (collector.settings(name="log.example"), "Hostname mismatch"),
        ):
            async with collector.up(), forwarding(logs, settings, told):
                await until(functools.partial(says, why))
        assert len(numbers()) == 4
        async with collector.up(), forwarding(logs, collector.settings(), told):
            await until(lambda: len(numbers()) == 5)

    asyncio.run(scene())
    assert any("takes no logs" in sentence for sentence in told if sentence)
    print(told)


def taken(of: Tail, octets: int = 1 << 20) -> list[bytes]:
    """All lines that are left, batch by batch."""
    found: list[bytes] = []
    while (batch := of.batch(octets)).lines or batch.dropped:
        found += [line for _, line in batch.lines]
        of.taken(batch)
    return found


def test_a_log_is_read_through_its_rotations_and_through_our_restarts(tmp_path: Path) -> None:
    written = LogFile(tmp_path / "log" / "sip.log", limit=1000)
    expected, found = [], []
    for number in range(200):
        line = b"line %d of many" % number
        written.write(line + b"\n")
        expected.append(line)
        if number % 40 == 7:
            found += taken(Tail(tmp_path / "log", tmp_path / "places"), 300)
    found += taken(Tail(tmp_path / "log", tmp_path / "places"))
    assert found == expected


def test_what_was_not_acknowledged_is_there_again(tmp_path: Path) -> None:
    LogFile(tmp_path / "sip.log").write(b"one\ntwo\n")
    of = Tail(tmp_path, tmp_path / "places")
    assert of.batch(100).lines == of.batch(100).lines == [("sip", b"one"), ("sip", b"two")]


def test_of_too_many_lines_the_oldest_are_passed_over_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "BACKLOG_OCTETS", 2_000)
    monkeypatch.setattr(tail, "CHUNK_OCTETS", 500)
    LogFile(tmp_path / "sip.log").write(b"".join(b"line %06d\n" % number for number in range(1000)))
    of = Tail(tmp_path, tmp_path / "places")
    batch = of.batch(1 << 20)
    assert batch.dropped["sip"] + len(batch.lines) == 1000
    assert batch.lines[-1] == ("sip", b"line 000999")
    assert len(batch.lines) * 12 <= 2_000


@pytest.mark.parametrize(
    ("line", "head"),
    [
        (
            b'{"event":"pri.call.released","level":"error","timestamp":"2026-11-27T03:24:14.0904Z"}',
            "<131>1 2026-11-27T03:24:14.0904Z BR-0001 line1 - pri.call.released - {",
        ),
        (
            b'{"event":"two words here","level":"info","timestamp":"2026-11-27T03:24:14Z"}',
            "<134>1 2026-11-27T03:24:14Z BR-0001 line1 - twowordshere - {",
        ),
        (
            b'{"event":7,"level":[],"timestamp":"2026-11-27T03:24:14Z"}',
            "<134>1 2026-11-27T03:24:14Z BR-0001 line1 - 7 - {",
        ),
    ],
)
def test_rfc_5424_6_a_line_s_head(line: bytes, head: str) -> None:
    length, _, message = frame("BR-0001", "line1", line).partition(b" ")
    assert int(length) == len(message)
    assert message.decode().startswith(head)


def test_rfc_5425_4_3_1_a_long_line_is_cut() -> None:
    length, _, message = frame("BR-0001", "line1", b"x" * 100_000).partition(b" ")
    assert int(length) == len(message) == 8192

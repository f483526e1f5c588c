# SPDX-License-Identifier: GPL-2.0-only
"""What is left of a child that has died, and what of it nobody else may read."""

import asyncio
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from appliance.supervisor.crashes import KEPT, Crashes, CrashReport, Death, kept
from appliance.supervisor.redaction import Redactor
from appliance.supervisor.spec import Command, Spec
from tests.supervisor.test_supervisor import running, spec, until

pytestmark = [pytest.mark.timeout(20)]

OF_8001 = "correct horse"
NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


def dying(program: str, mark: Path) -> Spec:
    """Dies of the program at its first start, serves at its second."""
    script = (
        "import os,signal,socket,sys\n"
        f"mark={str(mark)!r}\n"
        "if os.path.exists(mark):\n"
        " s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM);s.sendto(b'READY=1',os.environ['NOTIFY_SOCKET'])\n"
        " signal.pause()\n"
        f"open(mark,'w').close()\n{program}\n"
    )
    return Spec(name="line1", command=lambda: Command((sys.executable, "-S", "-c", script), {}))


async def reported(state: Path, program: str) -> CrashReport:
    """Its report, once the child lives again."""
    async with running(state, [dying(program, state / "mark")]):
        await until(lambda: kept(state / "crashes"))
    (report,) = kept(state / "crashes")
    return report


@pytest.mark.system
def test_p8_a_child_that_dies_by_a_signal_leaves_where_it_was(tmp_path: Path) -> None:
    program = "def take_frame(): os.kill(os.getpid(), signal.SIGSEGV)\ntake_frame()"
    report = asyncio.run(reported(tmp_path, program))
    assert (report.box, report.process, report.ended) == ("BR-0001", "line1", "ended by signal 11")
    assert any("in take_frame" in line for line in report.lines)
    (file,) = (tmp_path / "crashes").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.system
def test_p8_an_exception_nobody_caught_is_told_with_its_last_line(tmp_path: Path) -> None:
    report = asyncio.run(
        reported(tmp_path, 'print(\'{"event": "line.opened", "digits": "4711"}\', flush=True);int(\'4711#\')')
    )
    assert report.ended == "ended with status 1"
    assert report.cause.startswith("ValueError: invalid literal")
    assert "4711" not in "".join(report.lines)
    assert report.lines[0].startswith('{"event":"line.opened"')


@pytest.mark.system
def test_who_was_asked_to_end_has_not_died(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running(tmp_path, [spec("sip", "serve")]):
            pass

    asyncio.run(scene())
    assert kept(tmp_path / "crashes") == []


def crashes(folder: Path) -> Crashes:
    return Crashes(folder, "BR-0001", lambda: Redactor([OF_8001]))


def death(process: str = "sip", words: str = "Traceback\nRuntimeError: gone\n") -> Death:
    return Death(process, "ended with status 1", 3.5, 2, words.encode())


def test_one_that_dies_again_of_the_same_drives_out_no_other(tmp_path: Path) -> None:
    keeper = crashes(tmp_path)
    keeper.keep(death("call"), NOON)
    for second in range(200):
        keeper.keep(death("sip"), NOON + timedelta(seconds=second))
    sip, call = kept(tmp_path)
    assert (sip.process, sip.times, call.process, call.times) == ("sip", 200, "call", 1)
    assert sip.last_at.startswith("2026-11-27T12:03:19")
    for hour in range(1, KEPT + 10):
        keeper.keep(death("sip"), NOON + timedelta(hours=2 * hour))
    assert len(list(tmp_path.glob("*.json"))) == KEPT


def test_a_report_that_the_disk_has_spoiled_hides_no_other(tmp_path: Path) -> None:
    crashes(tmp_path).keep(death(), NOON)
    (tmp_path / "20261127T110000000000-BR-0001-call.json").write_bytes(os.urandom(64))
    assert [one.process for one in kept(tmp_path)] == ["sip"]


@pytest.mark.parametrize(
    ("line", "gone", "stays"),
    [
        (
            '{"event":"sip.call.placed","password":"x1","nested":{"pin":"4711"},"leg":"BR-0001.sip.0a.3"}',
            "4711",
            "0a.3",
        ),
        ('{"event":"ivr.digits.collected","digits":"6222021234567890"}', "62220212345678", "ivr.digits.collected"),
        ('{"event":"script.walked","value":"4711","agent":"1001"}', "4711", '"agent":"1001"'),
        ('{"event":"x","card":4111111111111111,"at_ns":1795469038391510979}', "4111", "1795469038391510979"),
        ('{"event":"x","api_token":"q-9","said":"her card is 4111 1111 1111 1111"}', "4111", "her card is"),
        ('Authorization: Digest username="8001", response="5ccc069c403ebaf9f0171e9517f40e41"', "5ccc069c", "Auth"),
        ("INVITE sip:02512345678@10.0.0.1 SIP/2.0", "025123456", "78@10.0.0.1"),
        (f"nats: user branchline, password {OF_8001}", OF_8001, "nats: user"),
        ("postgresql://hq:s3cret@db.example/record", "s3cret", "@db.example"),
        ("ValueError: invalid literal for int() with base 10: '4711#'", "4711", "ValueError"),
        ("471147", "471147", "…"),
        ('  File "line.py", line 1234, in take', "xxx", "line 1234"),
    ],
)
def test_what_leaves_the_box_has_no_secret_and_still_tells_something(line: str, gone: str, stays: str) -> None:
    told = Redactor([OF_8001]).line(line)
    assert gone not in told
    assert stays in told


@pytest.mark.parametrize("kind", ["", "EC ", "TSS2 "])
def test_a_private_key_is_no_line_of_a_log(kind: str) -> None:
    text = f"before\n-----BEGIN {kind}PRIVATE KEY-----\nMHcCAQEEIA\n-----END {kind}PRIVATE KEY-----\nafter"
    assert Redactor().text(text.encode()) == "before\n…\nafter"


def test_what_the_machine_says_of_itself_keeps_its_figures() -> None:
    facts = b"MemTotal:       24684084 kB\npassword=correct horse\n"
    assert Redactor([OF_8001]).text(facts, callers=False) == "MemTotal:       24684084 kB\npassword=…\n"

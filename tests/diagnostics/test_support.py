# SPDX-License-Identifier: GPL-2.0-only
"""An archive for whoever is asked for help: what is in it, and what must not be."""

import asyncio
import contextlib
import json
import sqlite3
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from appliance.cli.grammar.syntax import Role
from appliance.cli.session import Session
from appliance.cli.shell import Shell
from appliance.config import Branch
from appliance.config.files import load_role
from appliance.diagnostics.support import archive, parts
from appliance.supervisor.crashes import Crashes, Death
from appliance.supervisor.redaction import Redactor, secrets_of
from appliance.trace.log import TraceLog
from appliance.wire.alarms import AlarmRaised
from appliance.wire.calls import ContactBegan
from appliance.wire.envelope import Sealer
from appliance.wire.ids import Identity
from appliance.wire.service import Service
from tests.cli.test_line import typed
from tests.headquarters.site import Site

pytestmark = [pytest.mark.system, pytest.mark.timeout(60)]

PHONE, TOKEN, PIN, CARD = "of-a-phone-9f3", "8c1e55d07a4bnats", "47114", "6222021234567894"
CALLER = "02512345678"
PLANTED = (PHONE, TOKEN, PIN, CARD, CARD[:4] + " " + CARD[4:8], CALLER, "9e107d9d372bb6826bd81d3542a419d6")
DIGEST = f'Authorization: Digest username="8001", nonce="9e107d9d", response="{PLANTED[-1]}"'
SAID = (
    {"event": "ivr.digits.collected", "digits": PIN, "clid": CALLER, "contact": "BR-0001.0a.7"},
    {"event": "script.field.set", "field": {"name": "card", "value": CARD}},
    {"event": "script.field.set", "said": f"her card is {CARD[:4]} {CARD[4:8]} {CARD[8:12]} {CARD[12:]}"},
    {"event": "sip.message.refused", "message": f"REGISTER sip:8001@branch.test SIP/2.0\r\n{DIGEST}\r\n"},
    {"event": "uplink.connection.lost", "url": f"nats://branchline:{TOKEN}@127.0.0.1:4222", "password": PHONE},
)
PLAIN = (
    f"kamailio: {DIGEST}",
    f"auth: password={PHONE} for 8001",
    f"nats: connecting as branchline with {TOKEN}",
    f"ValueError: invalid literal for int() with base 10: '{PIN}'",
    f"INVITE sip:{CALLER}@10.0.0.1",
    PIN,
    f"DTMF of {CALLER}: card {CARD}",
)


def plant(site: Site) -> None:
    """In every kind of place that a box has."""
    (site.folder / "secrets" / "8001").write_text(f"{PHONE}\n")
    token = site.folder / "secrets" / "nats"
    token.touch(0o600)
    token.write_text(f"{TOKEN}\n")
    config = site.folder / "branch.yaml"
    config.write_text(f"{config.read_text()}# password of 8001: {PHONE}\n")
    state = site.branch_state
    text = "".join(f"{json.dumps(event, ensure_ascii=False)}\n" for event in SAID) + "\n".join(PLAIN) + "\n"
    for name in ("log/sip.log", "log/kamailio.log", "log/call.log.1", "kamailio/kamailio.cfg", "domain/rules.json"):
        path = state / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    Crashes(state / "crashes", "BR-0001", Redactor).keep(Death("ivr", f"ended: '{PIN}'", 1.0, 1, text.encode()))
    trace = TraceLog(state, "sip", 1 << 20)
    trace.write(text.encode())
    trace.close()
    site.tell(ContactBegan(contact="BR-0001.0a.7", leg="BR-0001.0a.7.leg", channel="span 1", dnis=CALLER))
    with contextlib.closing(sqlite3.connect(state / "router.db")) as router:
        router.execute("CREATE TABLE entry (event TEXT)")
        router.execute("INSERT INTO entry VALUES (?)", (text,))
        router.commit()


@contextlib.asynccontextmanager
async def alarmed(run: Path) -> AsyncIterator[None]:
    alarm = AlarmRaised(code="sip.peer", address="8001", sentence=f"8001 said {DIGEST}; {CARD} was dialled")
    sealer = Sealer(Identity.take("BR-0001", "supervisor"))
    service = Service(run / "supervisor.sock", sealer, "processes", lambda _: None, lambda: (alarm,))
    await service.start()
    yield
    await service.close()


def test_p8_what_is_planted_in_every_place_is_in_no_archive(site: Site) -> None:
    plant(site)
    path = site.folder / "help.tar.gz"

    async def scene() -> tuple[int, str, str]:
        async with alarmed(site.branch_state / "run"):
            words = ("tech-support", str(path))
            return await typed(site.branch_state, *words, config=site.folder / "branch.yaml")

    status, said, err = asyncio.run(scene())
    assert (status, err) == (0, ""), err
    assert f"{path}: " in said
    assert path.stat().st_mode & 0o777 == 0o600
    with tarfile.open(path) as opened:
        told = {one.name.partition("/")[2]: opened.extractfile(one).read() for one in opened}  # type: ignore[union-attr]
    for secret in PLANTED:
        assert [name for name, octets in told.items() if secret.encode() in octets] == [], secret
    wanted = {"about.json", "configuration.yaml", "told.json", "log/sip.log", "log/call.log.1", "machine/meminfo"}
    assert wanted <= told.keys()
    assert [name for name in told if name.startswith("crashes/")]
    assert b"sip.peer" in told["told.json"]
    assert b"driver: cesopsn" in told["configuration.yaml"]
    assert b"ivr.digits.collected" in told["log/sip.log"]
    assert b"outbox.db event: 1" in told["stores.txt"]
    assert b"sip.log" in told["trace-index.txt"]


def test_what_is_too_slow_or_too_much_is_named_and_the_rest_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "PART_S", 0.1)
    monkeypatch.setattr(archive, "PART_OCTETS", 1000)

    async def never() -> bytes:
        await asyncio.sleep(60)
        return b""

    async def much() -> bytes:
        return b"line of a log\n" * 1000

    async def gone() -> bytes:
        raise FileNotFoundError("/proc/gone")

    async def all_parts() -> AsyncIterator[parts.Part]:
        yield parts.Part("slow", never)
        yield parts.Part("much", much)
        yield parts.Part("gone", gone)

    told = archive.collect(tmp_path / "a.tar.gz", all_parts(), Redactor(), lambda *_: None)
    assert [line.split(":")[0] for line in told.missing] == ["slow", "much", "gone"]
    with tarfile.open(told.path) as opened:
        assert [one.name for one in opened] == ["a/much", "a/missing.txt"]


def test_a_box_s_secrets_are_found_by_its_configuration(site: Site) -> None:
    plant(site)
    box = load_role(site.folder / "branch.yaml", Branch)
    assert set(secrets_of(box)) == {PHONE, TOKEN}


def test_what_has_died_is_shown_in_chinese_and_each_with_its_last_lines(
    site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    plant(site)
    (name,) = (path.stem for path in (site.branch_state / "crashes").glob("*.json"))
    shell = Shell(Session(site.folder / "branch.yaml", site.branch_state, Role.ADMINISTRATOR, chinese=True))
    assert [shell.run(f"show crashes {which}") for which in ("", name, "none")] == [1, 1, 2]
    said, wrong = capsys.readouterr()
    assert said.splitlines()[0].split() == ["报告", "进程", "次数", "结束原因"]
    assert "第1次启动后 1.0 秒" in said
    assert "ValueError: invalid literal" in said
    assert wrong == "没有报告 'none'\n"

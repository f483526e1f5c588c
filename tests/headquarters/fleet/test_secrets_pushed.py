# SPDX-License-Identifier: GPL-2.0-only
"""A phone's password on its way: headquarters, a real message server, a branch's uplink, and an eavesdropper."""

import asyncio
import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nats
import pytest

from appliance.cli import headquarters
from appliance.config import Branch, load, read_secret
from appliance.config.files import load_role
from appliance.config.headquarters import Headquarters
from appliance.config.history import History, fingerprint
from appliance.uplink.connection import own_access, proof
from appliance.uplink.enrolling.tpm import HEAD
from appliance.wire.envelope import Sealer, encode
from appliance.wire.fleet import (
    AuditAsked,
    BoxesAsked,
    ConfigurationReported,
    DiffAsked,
    DiffTold,
    PushAsked,
    PushNow,
    StartPush,
)
from appliance.wire.ids import Identity
from appliance.wire.service_messages import Refused
from tests.headquarters.fleet import network, tpm
from tests.headquarters.fleet.rig import Fleet
from tests.headquarters.fleet.tpm import Tpm, box
from tests.headquarters.site import ROOT, Site, until

pytestmark = [pytest.mark.system, pytest.mark.timeout(150)]
SECRET, NEWER = "correct-horse-battery", "staple-of-tuesday"
FLEET = "fleet:\n  groups: [{name: branches, template: template.yaml, boxes: boxes.csv}]\n"


class Rig:
    """All of it; `heard` is every message that the server passed on."""

    def __init__(self, folder: Path) -> None:
        self.site = site = Site(folder)
        self.file = folder / "branch.yaml"
        self.file.write_text(self.file.read_text().replace("secret: secrets/nats", "credentials: credentials"))
        (folder / "template.yaml").write_text(self.file.read_text().replace("box: BR-0001", "box: ${box}"))
        (folder / "boxes.csv").write_text("box\nBR-0001\n")
        self.fleet = Fleet(site)
        hq = folder / "headquarters.yaml"
        hq.write_text(hq.read_text() + FLEET)
        network.keep_secrets(folder)
        site.config = load_role(hq, Headquarters)
        self.history = History(self.file)
        self.heard: list[bytes] = []

    def start(self, chip: Tpm | None = None) -> None:
        """Until the branch is known there."""
        self.fleet.start()
        code, _ = self.fleet.claim("SN-1", "BR-0001")
        if chip is None:
            assert self.fleet.box("credentials").enrol("SN-1", code) == "BR-0001"
        else:
            own = str(self.site.folder / "credentials")
            assert box(chip, "enrol", own, str(self.fleet.url), "SN-1", code, str(self.fleet.ca)).returncode == 0
        self.site.start("headquarters", "fleet")
        until(lambda: "fleet.door.opened" in self.site.log_of("fleet"), 20, "the fleet listens")
        self.site.start_alone("uplink")
        until(self.knows, 20, "the box has told what it runs")

    def knows(self) -> bool:
        told = self.asked(DiffAsked(target="all"), known=False)
        return isinstance(told, DiffTold) and not told.unknown and "not known here" not in str(told.changed)

    def asked(self, asked: Any, *, known: bool = True) -> Any:
        told = headquarters.fleet(self.site.state, asked)
        assert not (known and isinstance(told, Refused)), told
        return told

    def push(self, so: Callable[[PushNow], bool], what: str) -> PushNow:
        found: list[PushNow] = []

        def is_so() -> bool:
            now = self.asked(PushAsked()).now
            found[:] = [now] if now else []
            return bool(now) and so(now)

        until(is_so, 45, what)  # a report that was lost is said again after 20 s
        return found[0]

    def secret(self) -> str:
        branch = load(self.file)
        assert isinstance(branch, Branch)
        return read_secret(branch.extensions[0].secret)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """All that is on disks but where secrets are kept."""
        for path in self.site.folder.rglob("*"):
            inside = path.relative_to(self.site.folder)
            if path.is_file() and inside.parts[0] not in ("for-boxes", "secrets"):
                yield str(inside), path.read_bytes()


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    made = Rig(tmp_path_factory.mktemp("pushed"))
    try:
        made.start()
        yield made
    finally:
        made.site.close()


async def _while_eavesdropping(rig: Rig, story: Callable[[], None]) -> None:
    client = await nats.connect(f"nats://{rig.site.config.server.listen}", **proof(own_access(rig.site.config)))

    async def hear(message: Any) -> None:
        rig.heard.append(message.data)

    await client.subscribe(">", cb=hear)
    await client.flush()
    await asyncio.to_thread(story)
    await client.close()


def test_a_secret_that_is_nowhere_is_refused_at_headquarters_and_one_that_was_changed_at_the_box(rig: Rig) -> None:
    template = rig.site.folder / "template.yaml"
    text = template.read_text()
    template.write_text(text.replace("secrets/8001", "secrets/8002"))
    refused = rig.asked(StartPush(target="all"), known=False)
    assert refused.code == "push.invalid"
    assert "template.yaml:" in refused.sentence
    assert "box BR-0001 has no secrets/8002, and it is not kept here: it would be" in refused.sentence
    template.write_text(text)
    (same,) = rig.asked(DiffAsked(target="all")).changed
    assert same.lines == (), "the file that the box has by itself is its own"

    network.keep(rig.site.folder, "branches/8001", SECRET)
    rig.site.freeze("uplink")
    rig.asked(StartPush(target="all", healthy_s=0, by="li", origin="console"))
    network.keep(rig.site.folder, "branches/8001", NEWER)
    rig.site.kill("uplink")
    rig.site.start_alone("uplink")
    stopped = rig.push(lambda now: now.course == "stopped", "refused")
    assert "headquarters did not send secrets/8001.pushed-" in stopped.reason
    assert rig.secret() == "of a phone that nobody has"


def test_a_phone_s_password_reaches_its_branch_and_nobody_else(rig: Rig) -> None:
    def story() -> None:
        for number, secret in enumerate((SECRET, NEWER), 1):
            network.keep(rig.site.folder, "branches/8001", secret)
            (changed,) = rig.asked(DiffAsked(target="all")).changed
            assert changed.lines[-1].startswith("+ set extensions 8001 secret secrets/8001.pushed-")
            rig.asked(StartPush(target="all", healthy_s=0, comment="passwords", by="li", origin="console"))
            rig.push(lambda now: now.waves[0].stages == {"kept": 1}, "the branch has taken it")
            assert rig.secret() == secret
            rig.history.confirm()
            rig.push(lambda now: now.course == "done", "confirmed")
            assert len([one for one in rig.history.versions() if one.push]) == number
        assert rig.asked(DiffAsked(target="all")).same == 1
        assert not rig.asked(BoxesAsked(drift=True)).boxes
        assert rig.asked(AuditAsked(box="BR-0001")).entries[0].lines[-1].startswith("+ set extensions 8001 secret")
        for role, state in (("headquarters", rig.site.state), ("branch", rig.site.branch_state)):
            names = {"BRANCHLINE_CONFIG": str(rig.site.folder / f"{role}.yaml"), "BRANCHLINE_STATE": str(state)}
            command = [sys.executable, "-m", "appliance.cli", "tech-support"]
            subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, **names}, capture_output=True)

    asyncio.run(_while_eavesdropping(rig, story))
    assert any(b'"secrets"' in heard for heard in rig.heard)
    for secret in (SECRET.encode(), NEWER.encode()):
        assert not any(secret in heard for heard in rig.heard)
        assert [name for name, octets in rig.files() if secret in octets] == []
        for state in (rig.site.state, rig.site.branch_state):
            (told,) = (state / "support").glob("*.tar.gz")
            with tarfile.open(told) as archive:
                members = [opened for one in archive if (opened := archive.extractfile(one)) is not None]
                assert members
                assert not any(secret in opened.read() for opened in members)


def test_a_box_that_takes_no_secrets_stops_the_push_and_is_told_of(rig: Rig) -> None:
    name = "BR-0002"
    (rig.site.folder / "boxes.csv").write_text(f"box\nBR-0001\n{name}\n")
    sealer = Sealer(Identity.take(name, "uplink"))
    runs = rig.file.read_text().replace("BR-0001", name).replace("Nanjing Road", "Old")
    told = ConfigurationReported(name="Old", software="0.0.9", fingerprint=fingerprint(runs), text=runs)

    async def old() -> None:
        options = {**proof(own_access(rig.site.config)), "inbox_prefix": f"_INBOX.{name}"}
        client = await nats.connect(f"nats://{rig.site.config.server.listen}", **options)
        await client.request(f"config.{name}.report", encode(sealer.seal(told)), timeout=5)
        await client.close()

    asyncio.run(old())
    rig.asked(StartPush(target=name, waves=("all",), healthy_s=0, by="li", origin="console"))
    stopped = rig.push(lambda now: now.course == "stopped", "headquarters cannot give it")
    assert stopped.reason.endswith("it takes no secrets: its software is older, or it has no certificate")
    assert stopped.waves[0].stages == {"refused": 1}
    assert rig.asked(AuditAsked(box=name)).entries[0].what == "refused"


def test_headquarters_that_dies_and_a_box_that_dies_meanwhile_go_on(rig: Rig) -> None:
    secret = network.keep(rig.site.folder, "branches/8001", "of Wednesday").read_text().strip()
    rig.site.kill("uplink")
    rig.asked(StartPush(target="BR-0001", waves=("all",), healthy_s=0, by="li", origin="console"))
    rig.site.kill("fleet")
    rig.site.start_alone("fleet")
    until(lambda: rig.site.log_of("fleet").count("fleet.door.opened") == 2, 20, "the fleet listens")
    rig.site.start_alone("uplink")
    rig.push(lambda now: now.waves[0].stages == {"kept": 1}, "the branch has taken it")
    assert rig.secret() == secret


@tpm.in_tls
def test_a_box_whose_key_is_in_a_tpm_gets_its_secrets_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    chip, made = Tpm(tmp_path / "chip"), Rig(tmp_path)
    for name, value in chip.environment.items():
        monkeypatch.setenv(name, value)
    try:
        network.keep(tmp_path, "branches/8001", SECRET)
        made.start(chip)
        assert (tmp_path / "credentials" / "key.pem").read_bytes().startswith(HEAD)
        made.asked(StartPush(target="all", healthy_s=0, by="li", origin="console"))
        made.push(lambda now: now.waves[0].stages == {"kept": 1}, "the branch has taken it")
        assert made.secret() == SECRET
    finally:
        made.site.close()
        chip.close()

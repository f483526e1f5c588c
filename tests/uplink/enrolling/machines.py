# SPDX-License-Identifier: GPL-2.0-only
"""Headquarters and a box from the factory on two machines (network namespaces), dnsmasq between them."""

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from appliance.config import Branch, Headquarters, load, read_secret
from appliance.headquarters import server
from appliance.headquarters.fleet import claims
from appliance.headquarters.fleet.identities import Identities, path_of
from tests.headquarters.site import until
from tests.uplink.enrolling import netns
from tests.uplink.enrolling.netns import BOX, HEADQUARTERS, Cable

NAME = "Nanjing Road"
PASSWORD = "of the first phone"  # noqa: S105 - of a test
_HEADQUARTERS = f"""\
role: headquarters
box: HQ-0001
server: {{listen: {HEADQUARTERS}:4222, secret: secrets/nats}}
web: {{listen: 127.0.0.1:8095}}
enrolment: {{listen: {HEADQUARTERS}:8443, credentials: identity}}
call_types: []
scripts: .
skill_groups: []
agents: []
fleet: {{secrets: for-boxes}}
"""
_BRANCH = """\
role: branch
box: {box}
name: {name}
headquarters: {{server: {server}, {proof}}}
spans: [{{name: unused, driver: cesopsn, local: 127.0.0.1:9101, remote: 127.0.0.1:9001}}]
sip: {{listen: 127.0.0.1:5070, proxy: 127.0.0.1:5060, domain: branch.invalid}}
extensions: [{phones}]
prompts: {{directories: [.]}}
"""


def _keep(path: Path, secret: str) -> None:
    path.touch(0o600)
    path.write_text(f"{secret}\n")


class Machines:
    """Both, in folders of their own."""

    def __init__(self, folder: Path, cable: Cable) -> None:
        self.cable, self.folder = cable, folder
        self.hq, self.box = folder / "hq", folder / "box"
        self.processes: list[subprocess.Popen[bytes]] = []
        for place in (self.hq / "boxes", self.box / "secrets"):
            place.mkdir(parents=True)
        for place in (self.hq / "for-boxes", self.hq / "for-boxes" / "all"):
            place.mkdir(0o700)
        _keep(self.hq / "for-boxes" / "all" / "8001", PASSWORD)
        (self.hq / "headquarters.yaml").write_text(_HEADQUARTERS)
        _keep(self.box / "secrets" / "nats", "the factory's, which opens nothing")
        proof = "secret: secrets/nats, discover: yes"
        text = _BRANCH.format(box="BL-777", name="Not configured", server="127.0.0.1:4222", proof=proof, phones="")
        (self.box / "branch.yaml").write_text(text)

    def supervise(self, where: str, file: Path, module: str = "supervisor", **more: str) -> None:
        names = {"BRANCHLINE_CONFIG": str(file), "BRANCHLINE_STATE": str(file.parent / "state"), **more}
        (file.parent / "state").mkdir(exist_ok=True)
        command = [sys.executable, "-m", f"appliance.processes.{module}"]
        self.processes.append(self.cable.start(where, command, file.parent / f"{module}.log", **names))

    def dnsmasq(self, *options: str, dns: bool = False) -> None:
        """DHCP on the cable, and DNS, telling what is in `options`."""
        own = ["--no-daemon", "--conf-file=/dev/null", "--interface=hq0", "--bind-interfaces"]
        own += ["--no-resolv", "--no-hosts"] if dns else ["--port=0"]
        ours = [f"--dhcp-leasefile={self.folder / 'leases'}", f"--dhcp-range={BOX},{BOX},1h", "--user=root"]
        command = ["dnsmasq", *own, *ours, *options]
        self.processes.append(self.cable.start(self.cable.headquarters, command, self.folder / "dnsmasq.log"))

    def serve_messages(self) -> None:
        """The message server alone."""
        config = load(self.hq / "headquarters.yaml")
        assert isinstance(config, Headquarters)
        command = server.prepare(config, self.hq / "state")
        self.processes.append(self.cable.start(self.cable.headquarters, command, self.hq / "nats-server.log"))

    def log_of(self, place: Path, name: str) -> str:
        """Of a process, whoever has started it."""
        files = (place / f"{name}.log", place / "state" / "log" / f"{name}.log")
        return "".join(file.read_text() for file in files if file.exists())

    def told(self) -> str:
        """What the box says of itself."""
        told = self.box / "state" / "enrolling"
        return told.read_text() if told.exists() else ""

    def close(self) -> None:
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@contextlib.contextmanager
def between(folder: Path) -> Iterator[Machines]:
    """Both on a cable; what was started there is ended."""
    with netns.cable() as laid:
        made = Machines(folder, laid)
        try:
            yield made
        finally:
            made.close()


def awaited(machines: Machines, serial: str) -> tuple[str, str]:
    """Headquarters has claim and configuration; the box's name, and its code."""
    hq = machines.hq
    until(lambda: "callout.opened" in machines.log_of(hq, "enrolment"), 40, "headquarters' door is open")
    code = claims.draw()
    claim = Identities(path_of(hq / "state")).claim(serial, claims.hashed(serial, code), "test")
    given = _BRANCH.format(
        box=claim.box,
        name=NAME,
        server=f"{HEADQUARTERS}:4222",
        proof="credentials: credentials",
        phones="{number: 8001, name: Desk, secret: secrets/8001}",
    )
    (hq / "boxes" / f"{claim.box}.yaml").write_text(given)
    return claim.box, code


def prepared(machines: Machines) -> tuple[str, dict[str, str]]:
    """The name of the box that is awaited, and what its image says."""
    hq = machines.hq
    machines.dnsmasq(f"--dhcp-option=vendor:branchline,1,https://{HEADQUARTERS}:8443")
    box, code = awaited(machines, "SN-777")
    factory = machines.folder / "factory.toml"
    factory.write_text(f'serial = "SN-777"\ncode = "{code}"\nca = """{(hq / "identity" / "ca.pem").read_text()}"""\n')
    disks = str(machines.folder / "no-disk")
    return box, {"BRANCHLINE_FACTORY": str(factory), "BRANCHLINE_DISKS": disks}


class Passed(NamedTuple):
    """Seconds from the plug."""

    configured_s: float
    connected_s: float


def plugged_in(machines: Machines, *, whole: bool) -> Passed:
    """A box from the factory becomes its branch; all of it is asserted. `whole`: its supervisor runs."""
    box = machines.box
    name, image = prepared(machines)
    began = time.monotonic()
    machines.supervise(machines.cable.box, box / "branch.yaml", "enrolling", **image)
    enrolling = machines.processes[-1]
    until(lambda: machines.told().startswith("configured by"), 40, "configured")
    configured_s = time.monotonic() - began
    if not whole:  # what the supervisor does with every change of the file
        machines.supervise(machines.cable.box, box / "branch.yaml", "uplink")
    until(lambda: '"up": true' in machines.log_of(box, "uplink"), 60, "up")
    passed = Passed(configured_s, time.monotonic() - began)

    running = load(box / "branch.yaml")
    assert isinstance(running, Branch)
    assert (running.box, running.name) == (name, NAME)
    secret = running.extensions[0].secret
    assert (read_secret(secret), secret.stat().st_mode & 0o777) == (PASSWORD, 0o600), "it came with it"
    assert "found by DHCP option 43" in machines.log_of(box, "enrolling")
    assert enrolling.wait(5) == 0, "who has enrolled the box has ended"
    assert (box / "credentials" / "key.pem").stat().st_mode & 0o777 == 0o600
    assert f'"box": "{name}"' in machines.log_of(machines.hq, "enrolment")
    return passed

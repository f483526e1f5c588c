# SPDX-License-Identifier: GPL-2.0-only
"""A software TPM (swtpm) behind a resource manager (tpm2-abrmd, in the kernel's place), and a box's processes on it."""

import functools
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.uplink.enrolling.tpm import TCTI
from tests.headquarters.site import ROOT, until
from tests.ports import free_port

PROGRAMS = ("swtpm", "tpm2-abrmd", "dbus-daemon", "openssl")
BUS = "DBUS_SESSION_BUS_ADDRESS"


def provider() -> tuple[int, ...]:
    """The version of the package tpm2-openssl; empty: it is not there."""
    asked = ["dpkg-query", "--show", "--showformat", "${Version}", "tpm2-openssl"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return tuple(map(int, re.findall(r"\d+", told.partition("-")[0])))


def there() -> bool:
    """Whether all of it is installed."""
    return bool(provider()) and all(map(shutil.which, PROGRAMS))


def _listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


NEEDS = f"needs tpm2-openssl and {', '.join(PROGRAMS)}"
in_tls = pytest.mark.skipif(
    not there() or provider() < (1, 2), reason="tpm2-openssl from 1.2 on signs in TLS, as Debian 13 has it"
)


class Tpm:
    """One chip; its state is in the folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self.environment = {TCTI: "tabrmd:bus_type=session", BUS: f"unix:path={folder / 'bus'}"}
        try:
            self._power_up(free_port())
        except BaseException:
            self.close()
            raise

    def _power_up(self, port: int) -> None:
        control = port + 1  # where TSS looks for it
        tcp = "type=tcp,bindaddr=127.0.0.1,port="
        told = ["--server", f"{tcp}{port}", "--ctrl", f"{tcp}{control}", "--flags", "startup-clear"]
        self._start("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self._folder}", *told)
        until(functools.partial(_listens, control), 10, "the chip has current")
        self._start("dbus-daemon", "--session", "--nofork", f"--address={self.environment[BUS]}")
        until((self._folder / "bus").exists, 10, "the bus is there")
        self._start("tpm2-abrmd", "--session", "--allow-root", f"--tcti=swtpm:host=127.0.0.1,port={port}")
        until(self._answers, 20, "the TPM answers")

    def _start(self, *command: str) -> None:
        environment = {**os.environ, **self.environment}
        with (self._folder / "log").open("ab") as log:
            self._processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))

    def _answers(self) -> bool:
        words = ["openssl", "rand", "-provider", "tpm2", "-provider", "default", "-propquery", "?provider=tpm2", "4"]
        environment = {**os.environ, **self.environment}
        return subprocess.run(words, capture_output=True, env=environment, check=False).returncode == 0

    def close(self) -> None:
        for process in reversed(self._processes):
            process.terminate()
            process.wait(10)


def box(tpm: Tpm | None, *words: str) -> subprocess.CompletedProcess[str]:
    """One process of a box on that machine: `enrol`, `renew`, `connect` or `sign`, see below."""
    clean = {name: value for name, value in os.environ.items() if name not in (TCTI, BUS)}
    environment = {**clean, **(tpm.environment if tpm else {})}
    command = [sys.executable, "-m", "tests.headquarters.fleet.tpm", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


def main(verb: str, folder: str, *words: str) -> None:
    """What the enrolling process and the uplink do with credentials; the last word is the sentence of a refusal."""
    import asyncio  # noqa: PLC0415 - of the child alone

    import nats  # noqa: PLC0415

    from appliance.uplink.connection import Access, proof  # noqa: PLC0415
    from appliance.uplink.enrolling.claim import Url  # noqa: PLC0415
    from appliance.uplink.enrolling.clock import SYSTEM  # noqa: PLC0415
    from appliance.uplink.enrolling.credentials import Credentials  # noqa: PLC0415
    from appliance.uplink.enrolling.door import Door  # noqa: PLC0415

    credentials = Credentials(Path(folder), in_tpm=verb == "enrol")

    async def work() -> None:
        match verb, *words:
            case "enrol", url, serial, code, ca:
                credentials.pin(Path(ca).read_text())  # noqa: ASYNC240 - nobody else waits
                print(await Door(credentials, SYSTEM).enrol(Url.parse(url), serial, code))
            case "renew", url:
                await Door(credentials, SYSTEM).renew(Url.parse(url))
                await Door(credentials, SYSTEM).standing(Url.parse(url))
            case "connect", server, name:
                for _ in range(3):
                    client = await nats.connect(server, **proof(Access(None, credentials, box=name)))
                    await client.flush()
                    await client.close()
            case "sign", told:
                print(credentials.sign(told.encode()).hex())

    asyncio.run(work())


if __name__ == "__main__":
    main(*sys.argv[1:])

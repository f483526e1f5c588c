# SPDX-License-Identifier: GPL-2.0-only
"""A PC that starts the image from its disk, in QEMU by TCG: EFI or BIOS, a watchdog, a network that leads nowhere.

Its serial port is the console. Where a second one is asked for, the machine's firmware gives systemd a unit (SMBIOS
strings, systemd.system-credentials(7)): a root's shell there, which no image has of itself.
"""

from __future__ import annotations

import base64
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

FIRMWARE = Path("/usr/share/OVMF")
DISK_SIZE = "3G"
ENTER = "\r"
SHELL_UNIT = """\
[Unit]
Description=A root's shell for the test
[Service]
ExecStart=/bin/sh
StandardInput=tty-force
StandardOutput=inherit
StandardError=inherit
TTYPath=/dev/ttyS1
Environment=PS1=#ready# PATH=/usr/sbin:/usr/bin
"""
SLOW_UNIT = "[Service]\nEnvironment=BRANCHLINE_SLOW=8\nWatchdogSec=3min\n"
"""An instruction takes TCG some twenty, and others may have the processor."""
SHELL_WANTED = "[Unit]\nWants=image-test.service\n"


class SilentError(AssertionError):
    """What was waited for did not come; the message has the last that did."""


class Port:
    """A serial port of the machine, from outside. All that comes is kept in a file."""

    def __init__(self, path: Path, log: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(0.2)
        _connect(self._socket, path)
        self._log = log.open("ab", buffering=0)
        self._pending = ""

    def expect(self, pattern: str, seconds: float) -> re.Match[str]:
        """What matches next. Raises SilentError."""
        until = time.monotonic() + seconds
        while True:
            if found := re.search(pattern, self._pending, re.DOTALL):
                self._pending = self._pending[found.end() :]
                return found
            if time.monotonic() > until:
                raise SilentError(f"{pattern!r} did not come in {seconds:.0f} s; last: {self._pending[-1500:]!r}")
            self._read()

    def _read(self) -> None:
        try:
            came = self._socket.recv(65536)
        except TimeoutError:
            return
        if not came:
            raise SilentError(f"the machine is gone; last: {self._pending[-1500:]!r}")
        self._log.write(came)
        self._pending += came.decode("utf-8", "replace")

    def type(self, text: str) -> None:
        """Press these keys."""
        self._socket.sendall(text.encode())

    def run(self, command: str, seconds: float = 60.0) -> str:
        """What a command of the root's shell prints."""
        self.type(f"echo begin-$((1+1)); {command}; echo end-of-$((1+1)){ENTER}")
        said = self.expect(r"begin-2\s+(.*?)end-of-2", seconds)[1]
        return re.sub(r"\r|\x1b\[[\d;]*[A-Za-z]", "", said).strip()  # systemd speaks to a terminal

    def close(self) -> None:
        """Let go of it."""
        self._socket.close()
        self._log.close()


class Machine:
    """A PC with a disk of its own in `folder`, a copy of `image`, bigger than that; `keep`: as it was left there."""

    def __init__(self, folder: Path, image: Path, *, efi: bool = True, memory: str = "1G", keep: bool = False) -> None:
        self.folder, self.efi, self.memory = folder, efi, memory
        folder.mkdir(parents=True, exist_ok=True)
        self.disk = folder / "disk.img"
        if not keep:
            subprocess.run(["cp", "--sparse=always", image, self.disk], check=True)
            subprocess.run(["truncate", "-s", DISK_SIZE, self.disk], check=True)
        if efi and not keep:
            shutil.copy(FIRMWARE / "OVMF_VARS_4M.fd", folder / "vars.fd")
        self._qemu: subprocess.Popen[bytes] | None = None
        self.ports: list[Port] = []

    def start(self, *, with_shell: bool = False, more: Sequence[str] = ()) -> None:
        """Switch it on; `ports` are the console and, `with_shell`, the root's."""
        names = ("console", "shell") if with_shell else ("console",)
        words = [*self._command(), *more, *_credentials(with_shell=with_shell)]
        for name in names:
            (self.folder / name).unlink(missing_ok=True)
            words += ["-chardev", f"socket,id={name},path={self.folder / name},server=on,wait=off"]
            words += ["-serial", f"chardev:{name}"]
        with (self.folder / "qemu.log").open("ab") as log:
            self._qemu = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.ports = [Port(self.folder / name, self.folder / f"{name}.log") for name in names]

    def cut(self) -> None:
        """The mains fail."""
        for port in self.ports:
            port.close()
        if self._qemu is not None:
            self._qemu.kill()
            self._qemu.wait()
        self.ports, self._qemu = [], None

    def _command(self) -> list[str]:
        words = ["qemu-system-x86_64", "-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2"]
        words += ["-m", self.memory, "-display", "none", "-monitor", "none", "-nodefaults"]
        if self.efi:
            code = FIRMWARE / "OVMF_CODE_4M.fd"
            words += ["-drive", f"if=pflash,format=raw,readonly=on,file={code}"]
            words += ["-drive", f"if=pflash,format=raw,file={self.folder / 'vars.fd'}"]
        words += ["-drive", f"if=virtio,format=raw,file={self.disk}", "-device", "virtio-rng-pci"]
        words += ["-device", "i6300esb", "-action", "watchdog=reset"]
        return [*words, "-nic", "user,model=virtio-net-pci,restrict=on"]


def _credentials(*, with_shell: bool) -> list[str]:
    told = {"systemd.unit-dropin.branchline.service": SLOW_UNIT}
    if with_shell:
        told["systemd.extra-unit.image-test.service"] = SHELL_UNIT
        told["systemd.unit-dropin.multi-user.target"] = SHELL_WANTED
    prefix = "type=11,value=io.systemd.credential.binary:"
    packed = {name: base64.b64encode(text.encode()).decode() for name, text in told.items()}
    return [word for name, value in packed.items() for word in ("-smbios", f"{prefix}{name}={value}")]


def _connect(port: socket.socket, path: Path) -> None:
    until = time.monotonic() + 10.0
    while True:
        try:
            port.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return

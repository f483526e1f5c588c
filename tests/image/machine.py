# SPDX-License-Identifier: GPL-2.0-only
"""A PC that starts the image from its disk, in QEMU by TCG: EFI or BIOS, a watchdog, a network that leads nowhere.

Its serial port is the console. What no image has of itself, the machine's firmware gives systemd as units (SMBIOS
strings, systemd.system-credentials(7)): a root's shell on a second port, and those that a test brings.
"""

from __future__ import annotations

import base64
import codecs
import contextlib
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tests.uplink.enrolling.netns import Cable

FIRMWARE = Path("/usr/share/OVMF")
DISK_SIZE = "3G"
GATEWAY = "10.0.2.2"
"""This host, as the machine sees it (QEMU's user network)."""
ENTER = "\r"
SHELL = "image-test"
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
PATIENT = "[Service]\nTimeoutStartSec=15min\n"
WATCHED = f"{PATIENT}Environment=BRANCHLINE_SLOW=20\nWatchdogSec=3min\n"
SLOW = {"": WATCHED, "-update": WATCHED, "-door": PATIENT, "-enrolling": PATIENT}
"""What the appliance's units are told: an instruction takes TCG some twenty, and others may have the processor."""
COUNTED = "shift=1,sleep=on"
"""Two nanoseconds an instruction: a PC of 500 MIPS."""
NEVER = "[Unit]\nConditionPathExists=/nowhere\n"


class SilentError(AssertionError):
    """What was waited for did not come; the message has the last that did."""


class Port:
    """A serial port of the machine, from outside. All that comes is read and kept in a file as it comes."""

    def __init__(self, path: Path, log: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        _connect(self._socket, path)
        self._log = log.open("ab", buffering=0)
        self._came = threading.Condition()
        self._pending, self._gone, self._asked = "", False, 0
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def expect(self, pattern: str, seconds: float) -> re.Match[str]:
        """What matches next. Raises SilentError."""
        until = time.monotonic() + seconds
        with self._came:
            while (found := re.search(pattern, self._pending, re.DOTALL)) is None:
                if self._gone:
                    raise SilentError(f"the machine is gone; last: {self._pending[-1500:]!r}")
                if not self._came.wait(until - time.monotonic()) and time.monotonic() > until:
                    raise SilentError(f"{pattern!r} did not come in {seconds:.0f} s; last: {self._pending[-1500:]!r}")
            self._pending = self._pending[found.end() :]
            return found

    def skip(self) -> None:
        """Pass over what has come."""
        with self._came:
            self._pending = ""

    def _read(self) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while not self._gone:
            try:
                came = self._socket.recv(65536)
            except OSError:
                came = b""
            with self._came:
                self._log.write(came)
                self._pending += decoder.decode(came)
                self._gone = not came
                self._came.notify_all()

    def type(self, text: str) -> None:
        """Press these keys."""
        self._socket.sendall(text.encode())

    def run(self, command: str, seconds: float = 60.0) -> str:
        """What a command of the root's shell prints."""
        return self.answer(self.ask(command), seconds)

    def ask(self, command: str) -> int:
        """Begin a command of the root's shell. Its number: an answer that comes late is of no other command."""
        self._asked += 1
        self.type(f"echo begin-$(({self._asked})); {command}; echo end-of-$(({self._asked})){ENTER}")
        return self._asked

    def answer(self, asked: int, seconds: float) -> str:
        """What it prints, when it is over."""
        said = self.expect(rf"begin-{asked}\s+(.*?)end-of-{asked}\b", seconds)[1]
        return re.sub(r"\r|\x1b\[[\d;]*[A-Za-z]", "", said).strip()  # systemd speaks to a terminal

    def close(self) -> None:
        """Let go of it."""
        with contextlib.suppress(OSError):  # the machine has
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()
        self._log.close()


class Machine:
    """A PC with a disk of its own in `folder`, a copy of `image`, bigger than that; `keep`: as it was left there.

    `counting`: one core, whose clock is what it has carried out, so that a busy host makes it slow and never late.
    """

    def __init__(
        self, folder: Path, image: Path, *, efi: bool = True, counting: bool = False, keep: bool = False
    ) -> None:
        self.folder, self.efi, self.counting = folder, efi, counting
        folder.mkdir(parents=True, exist_ok=True)
        self.disk = folder / "disk.img"
        if not keep:
            subprocess.run(["cp", "--sparse=always", image, self.disk], check=True)
            subprocess.run(["truncate", "-s", DISK_SIZE, self.disk], check=True)
        if efi and not keep:
            shutil.copy(FIRMWARE / "OVMF_VARS_4M.fd", folder / "vars.fd")
        self._qemu: subprocess.Popen[bytes] | None = None
        self.ports: list[Port] = []

    def start(
        self,
        *,
        with_shell: bool = False,
        more: Sequence[str] = (),
        units: Mapping[str, str] = {},
        without: Sequence[str] = (),
        udp: Mapping[int, int] = {},
        tcp: Mapping[int, int] = {},
        cable: Cable | None = None,
    ) -> None:
        """Switch it on; `ports` are the console and, `with_shell`, the root's.

        `units`: services of a test's own, by name; `without`: some of the image that do not start. `udp`, `tcp`: ports
        of this host's loopback, and where in the machine each leads; the machine finds this host at GATEWAY then, and
        the network beyond. `cable`: it is on that one instead, and its process where headquarters is.
        """
        names = ("console", "shell") if with_shell else ("console",)
        units = {**units, **({SHELL: SHELL_UNIT} if with_shell else {})}
        doors = [
            f"hostfwd={kind}:127.0.0.1:{here}-:{there}"
            for kind, ports in (("udp", udp), ("tcp", tcp))
            for here, there in ports.items()
        ]
        words = [*self._command(cable, doors), *more, *_credentials(units, without)]
        for name in names:
            (self.folder / name).unlink(missing_ok=True)
            words += ["-chardev", f"socket,id={name},path={self.folder / name},server=on,wait=off"]
            words += ["-serial", f"chardev:{name}"]
        with (self.folder / "qemu.log").open("ab") as log:
            self._qemu = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.ports = [Port(self.folder / name, self.folder / f"{name}.log") for name in names]

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Between two instructions, so that its disk may be read."""
        assert self._qemu is not None  # who asks has switched it on
        self._qemu.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._qemu.send_signal(signal.SIGCONT)

    def cut(self) -> None:
        """The mains fail."""
        for port in self.ports:
            port.close()
        if self._qemu is not None:
            self._qemu.kill()
            self._qemu.wait()
        self.ports, self._qemu = [], None

    def _command(self, cable: Cable | None, doors: Sequence[str]) -> list[str]:
        words = ["ip", "netns", "exec", cable.headquarters] if cable else []
        words += ["qemu-system-x86_64", "-M", "q35", "-cpu", "max", "-m", "1G"]
        if self.counting:
            words += ["-accel", "tcg,thread=single", "-smp", "1", "-icount", COUNTED]
        else:
            words += ["-accel", "tcg,thread=multi", "-smp", "2"]
        words += ["-display", "none", "-monitor", "none", "-nodefaults"]
        if self.efi:
            code = FIRMWARE / "OVMF_CODE_4M.fd"
            words += ["-drive", f"if=pflash,format=raw,readonly=on,file={code}"]
            words += ["-drive", f"if=pflash,format=raw,file={self.folder / 'vars.fd'}"]
        # Without an order the firmware wakes all that a start could come from, the network too: half a minute.
        words += ["-drive", f"if=none,id=disk,format=raw,file={self.disk}"]
        words += ["-device", "virtio-blk-pci,drive=disk,bootindex=0", "-device", "virtio-rng-pci"]
        words += ["-device", "i6300esb", "-action", "watchdog=reset"]
        lan = ["tap", "ifname=hq0", "script=no", "downscript=no"] if cable else ["user", *(doors or ["restrict=on"])]
        words += ["-netdev", ",".join([*lan, "id=lan"])]
        return [*words, "-device", "virtio-net-pci,netdev=lan,romfile="]


def _credentials(units: Mapping[str, str], without: Sequence[str]) -> list[str]:
    told = {f"systemd.unit-dropin.branchline{name}.service": text for name, text in SLOW.items()}
    told |= {f"systemd.unit-dropin.{name}.service": NEVER for name in without}
    told |= {f"systemd.extra-unit.{name}.service": text for name, text in units.items()}
    if units:
        wants = " ".join(f"{name}.service" for name in units)
        told["systemd.unit-dropin.multi-user.target"] = f"[Unit]\nWants={wants}\n"
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

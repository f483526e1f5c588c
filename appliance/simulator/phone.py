# SPDX-License-Identifier: GPL-2.0-only
"""A stranger's SIP phone: one baresip process with one account, a voice of its own, and ears that write WAV.

Everything it needs lies in one folder; it ends with the thread that started it, at the latest. baresip binds its SIP
port and the one above (TLS), speaks on ctrl_tcp in netstrings of JSON, and hangs up when its sound ends, so the sound
given is looped (or padded with silence) to `SPEECH_S`.
"""

import contextlib
import os
import re
import socket
import subprocess
import threading
import time
import wave
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
import structlog

from appliance.config import Endpoint

SPEECH_S = 900
RATE_HZ = 8000
EXPIRES_S = 300
START_S = 8.0
STOP_S = 5.0
RTP_PORTS = (24000, 27998)
MODULES = Path("/usr/lib/baresip/modules")
CODECS = {"pcma": "g711", "pcmu": "g711", "g722": "g722", "opus": "opus", "G726-32": "g726"}
"""By name, with the module that has it."""

log = structlog.get_logger()


class PhoneError(Exception):
    """The phone did not do what was asked of it in time; the sentence names its folder."""


class PhoneEvent(msgspec.Struct, frozen=True):
    """What baresip told: CALL_INCOMING, CALL_ESTABLISHED, CALL_CLOSED, …; `at_s` by time.monotonic."""

    type: str
    param: str
    peer: str
    at_s: float


class Phone:
    """`with Phone("8001@branch.test", …) as phone:` — registered when the block begins, gone when it ends."""

    encryption = ""
    """Baresip's mediaenc: `srtp` offers keys with RTP/AVP, `srtp-mand` RTP/SAVP and nothing else; "": plain."""
    packet_ms = 20
    """Of the packets that it wishes."""

    def __init__(
        self,
        address: str,
        password: str,
        proxy: Endpoint,
        folder: Path,
        *,
        speech: Path | None = None,
        loop: bool = True,
        auto_answer: bool = True,
        codec: str = "pcma",
    ) -> None:
        """Write the configuration. `speech`: WAV, 8 kHz mono 16 bit; None is silence. Raises ValueError.

        `codec`: one of CODECS and no other; keys are told as events of RFC 4733.
        """
        self.number = address.partition("@")[0]
        self.folder = folder
        self._control = Endpoint("127.0.0.1", 0)
        self._module = CODECS[codec]
        self._account = (
            f"<sip:{address}>;auth_user={self.number};auth_pass={password}"
            f';outbound="sip:{proxy}";regint={EXPIRES_S};audio_codecs={codec};ptime={self.packet_ms}'
            f";answermode={'auto' if auto_answer else 'manual'}{self.encryption and f';mediaenc={self.encryption}'}\n"
        )
        self.events: list[PhoneEvent] = []
        self._changed = threading.Condition()
        self._registration = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / "heard").mkdir(exist_ok=True)
        _write_speech(folder / "speech.wav", speech, loop=loop)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process. Raises PhoneError when there is none."""
        if self._process is None:
            raise PhoneError(f"phone {self.number} is not running")
        return self._process.pid

    def start(self) -> None:
        """Start and register. Raises PhoneError when the registrar does not take it within START_S."""
        self._write_configuration()
        with (self.folder / "log").open("ab") as told:
            self._process = subprocess.Popen(
                ("setpriv", "--pdeathsig", "KILL", "--", "baresip", "-f", str(self.folder)),
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=told,
            )
        try:
            self._connect()
            self._wait_registered()
        except PhoneError:
            self.kill()
            raise

    def stop(self) -> None:
        """Unregister, hang up, end; the process is gone when this returns."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            log.warning("phone.process.killed", number=self.number)
        self.kill()

    def kill(self) -> None:
        """Pull the plug: no BYE, no unregistering."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def answer(self) -> None:
        """Pick up the ringing call."""
        self._command("accept")

    def hang_up(self) -> None:
        """End the call, or refuse the ringing one (486)."""
        self._command("hangup")

    def dial(self, number: str) -> None:
        """Call a number through the proxy."""
        self._command("dial", number)

    def press(self, digits: str) -> None:
        """Press keys in the call, one after another."""
        self._command("sndcode", digits)

    def hold(self) -> None:
        """Put the call on hold (re-INVITE)."""
        self._command("hold")

    def resume(self) -> None:
        """Take the call off hold."""
        self._command("resume")

    def transfer(self, number: str) -> None:
        """Hand the other side on to a number (REFER)."""
        self._command("transfer", number)

    def wait_for(self, type_: str, timeout_s: float = 5.0, *, after: int = 0) -> PhoneEvent:
        """The first event of this type from number `after` on. Raises PhoneError after `timeout_s`."""
        until = time.monotonic() + timeout_s
        with self._changed:
            while True:
                for event in self.events[after:]:
                    if event.type == type_:
                        return event
                if not self._changed.wait(until - time.monotonic()):
                    seen = [event.type for event in self.events]
                    raise PhoneError(f"phone {self.number}: no {type_} in {timeout_s} s, only {seen}; {self.folder}")

    def heard(self) -> list[Path]:
        """What it heard, one WAV a call, oldest first; complete shortly after CALL_CLOSED, or when it was stopped."""
        return sorted((self.folder / "heard").glob("dump-*-dec.wav"), key=lambda path: path.stat().st_mtime_ns)

    def _write_configuration(self) -> None:
        sip = free_port_pair()
        self._control = Endpoint("127.0.0.1", free_port())
        lines = [
            "poll_method epoll",
            f"sip_listen 127.0.0.1:{sip}",
            "net_interface 127.0.0.1",
            f"rtp_ports {RTP_PORTS[0]}-{RTP_PORTS[1]}",
            "jitter_buffer_type fixed",
            "jitter_buffer_delay 2-10",
            "call_hold_other_calls no",  # two callers are heard at once, as by every phone here
            f"audio_source aufile,{self.folder / 'speech.wav'}",
            "audio_player aubridge,nobody",  # baresip 1.1 calls what it has freed as one into a file begins twice
            "ausrc_srate 8000",
            "ausrc_channels 1",
            f"snd_path {self.folder / 'heard'}",
            f"ctrl_tcp_listen {self._control}",
            f"module_path {MODULES}",
            *(f"module {name}.so" for name in (self._module, "aufile", "aubridge", "sndfile", "srtp")),
            "module_tmp account.so",
            *(f"module_app {name}.so" for name in ("menu", "ctrl_tcp")),
        ]
        for name, text in (("config", "\n".join(lines) + "\n"), ("accounts", self._account), ("contacts", "")):
            descriptor = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)

    def _connect(self) -> None:
        until = time.monotonic() + START_S
        while True:
            if self._process is None or self._process.poll() is not None:
                raise PhoneError(f"phone {self.number}: baresip ended; see {self.folder / 'log'}")
            with contextlib.suppress(ConnectionError):
                self._socket = socket.create_connection(self._control, timeout=1)
                break
            if time.monotonic() > until:
                raise PhoneError(f"phone {self.number}: no control connection; see {self.folder / 'log'}")
            time.sleep(0.02)
        self._socket.settimeout(None)
        threading.Thread(target=self._listen, args=(self._socket,), name=f"phone {self.number}", daemon=True).start()

    def _wait_registered(self) -> None:
        """The event may come before our connection, so baresip is asked."""
        until = time.monotonic() + START_S
        while " OK " not in self._registration:
            if "ERR" in self._registration:
                raise PhoneError(f"phone {self.number}: the registrar refused it; see {self.folder / 'log'}")
            if time.monotonic() > until:
                raise PhoneError(f"phone {self.number}: not registered in {START_S} s; see {self.folder / 'log'}")
            with self._changed:
                self._command("reginfo")
                self._changed.wait(0.05)

    def _command(self, command: str, parameters: str = "") -> None:
        if self._socket is None:
            raise PhoneError(f"phone {self.number} is not running")
        octets = msgspec.json.encode({"command": command, "params": parameters, "token": command})
        self._socket.sendall(b"%d:%s," % (len(octets), octets))

    def _listen(self, control: socket.socket) -> None:
        unread = b""
        while True:
            try:
                octets = control.recv(65536)
            except OSError:  # closed by `kill`
                return
            if not octets:
                return
            messages, unread = netstrings(unread + octets)
            for message in messages:
                self._take(message)

    def _take(self, message: bytes) -> None:
        body: dict[str, Any] = msgspec.json.decode(message)
        if body.get("token") == "reginfo":
            self._registration = re.sub(r"\x1b\[[0-9;]*m", " ", str(body["data"]))
        if not body.get("event"):
            return
        told = PhoneEvent(str(body["type"]), str(body.get("param", "")), str(body.get("peeruri", "")), time.monotonic())
        with self._changed:
            self.events.append(told)
            self._changed.notify_all()


def netstrings(octets: bytes) -> tuple[list[bytes], bytes]:
    """The whole netstrings (`length:octets,`) at the front, and what is left."""
    found: list[bytes] = []
    while True:
        length, colon, rest = octets.partition(b":")
        if not colon or len(rest) < int(length) + 1:
            return found, octets
        found.append(rest[: int(length)])
        octets = rest[int(length) + 1 :]


def free_port() -> int:
    """A TCP and UDP port of the loopback that nobody has now."""
    return _free(1)


def free_port_pair() -> int:
    """The first of two neighbouring ones."""
    return _free(2)


def _free(count: int) -> int:
    while True:
        with contextlib.ExitStack() as held:
            first = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                for kind, at in [(socket.SOCK_STREAM, port)] + [
                    (kind, port + n) for n in range(1, count) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)
                ]:
                    held.enter_context(socket.socket(socket.AF_INET, kind)).bind(("127.0.0.1", at))
            except OSError:
                continue
            return port


def _write_speech(path: Path, speech: Path | None, *, loop: bool) -> None:
    """`speech` over and over, or once and then silence, SPEECH_S long. Raises ValueError for another format."""
    once = b""
    if speech is not None:
        with wave.open(str(speech)) as source:
            if (source.getnchannels(), source.getsampwidth(), source.getframerate()) != (1, 2, RATE_HZ):
                raise ValueError(f"{speech}: not 8 kHz mono 16 bit")
            once = source.readframes(source.getnframes())
    length = 2 * RATE_HZ * SPEECH_S
    sound = once * (length // len(once) + 1) if once and loop else once + bytes(max(0, length - len(once)))
    with wave.open(str(path), "wb") as sink:
        sink.setnchannels(1)
        sink.setsampwidth(2)
        sink.setframerate(RATE_HZ)
        sink.writeframes(sound[:length])

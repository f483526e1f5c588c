# SPDX-License-Identifier: GPL-2.0-only
"""SIPp as many phones: registered by digest, answering with A-law sound, or calling.

`SippPhones` is one SIPp process that answers for all its numbers (sound by rtp_stream, looped); `register` is another
that registers them with the first one's address as contact. `SippCallers` calls. Counters come from SIPp's own
statistics file, so a test asserts what SIPp saw.
"""

import csv
import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from appliance.config import Endpoint
from tests.ports import free_port

SCENARIOS = Path(__file__).with_name("scenarios")
HOST = "127.0.0.1"
REGISTER_S = 20.0
STOP_S = 5.0
HOLD_MS = 1000
INFO_PAUSE_MS = 250


class SippError(AssertionError):
    """SIPp failed or a call of its did; the text is the end of its log."""


class Account:
    """A number and its password."""

    def __init__(self, number: str, password: str) -> None:
        self.number = number
        self.password = password

    @property
    def credentials(self) -> str:
        """As SIPp wants them in a scenario."""
        return f"[authentication username={self.number} password={self.password}]"


class Sipp:
    """One SIPp process, ended by its id."""

    def __init__(self, scenario: Path, remote: Endpoint, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.media_port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._name = f"{scenario.stem}-{self.port}"
        self._statistics = folder / f"{self._name}.csv"
        where = ("-i", HOST, "-p", str(self.port), "-mi", HOST, "-mp", str(self.media_port), "-cp", str(free_port()))
        told = (
            "-trace_stat",
            "-stf",
            str(self._statistics),
            "-fd",
            "1",
            "-trace_err",
            "-error_file",
            self._path("err"),
        )
        self.argv = ("sipp", str(remote), "-sf", str(scenario), *where, *told, "-nostdin", "-nd", *options)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with (self._folder / f"{self._name}.log").open("wb") as told:
            self._process = subprocess.Popen(
                self.argv, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=told, stderr=told, env={"TERM": "dumb"}
            )
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def wait(self, timeout_s: float) -> None:
        """Until it has made all its calls. Raises SippError when one failed, or it takes longer."""
        assert self._process is not None
        try:
            status = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired as late:
            raise SippError(f"sipp {self._name}: not done in {timeout_s} s\n{self.errors()}") from late
        if status != 0:
            raise SippError(f"sipp {self._name}: status {status}\n{self.errors()}")

    def stop(self) -> None:
        """End it now; its statistics are complete then."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def count(self, column: str) -> int:
        """A cumulated column of the statistics, SuccessfulCall or FailedCall; final after `stop`."""
        path = self._statistics
        rows = list(csv.DictReader(path.read_text().splitlines(), delimiter=";")) if path.exists() else []
        return int(rows[-1].get(f"{column}(C)") or rows[-1].get(column) or 0) if rows else 0

    def errors(self) -> str:
        """What it complained of."""
        path = Path(self._path("err"))
        return path.read_text()[-2000:] if path.exists() else ""

    def _path(self, ending: str) -> str:
        return str(self._folder / f"{self._name}.{ending}")


class SippPhones(Sipp):
    """Phones that ring for `ring_ms`, answer, and hang up when we do.

    They send `sound` (raw A-law, over and over), or without one send back each packet that they hear.
    """

    def __init__(
        self,
        accounts: Sequence[Account],
        proxy: Endpoint,
        domain: str,
        folder: Path,
        sound: Path | None = None,
        ring_ms: int = 100,
    ) -> None:
        if sound is None:
            super().__init__(_filled("echo.xml", folder, ring_ms=str(ring_ms)), proxy, folder, "-rtp_echo")
        else:
            super().__init__(_filled("phone.xml", folder, sound=str(sound), ring_ms=str(ring_ms)), proxy, folder)
        self._accounts = accounts
        self._proxy = proxy
        self._domain = domain

    def __enter__(self) -> Self:
        super().__enter__()
        try:
            self.register()
        except SippError:
            self.stop()
            raise
        return self

    def register(self) -> None:
        """Register every number here. Raises SippError when one is refused."""
        lines = [f"{a.number};{self._domain};{self.port};{a.credentials}" for a in self._accounts]
        values = self._folder / f"accounts-{self.port}.csv"
        values.write_text("\n".join(["SEQUENTIAL", *lines]) + "\n")
        values.chmod(0o600)
        count = str(len(self._accounts))
        options = ("-inf", str(values), "-m", count, "-r", "200", "-l", count, "-timeout", "15s")
        with Sipp(SCENARIOS / "register.xml", self._proxy, self._folder, *options) as registration:
            registration.wait(REGISTER_S)


class SippCallers(Sipp):
    """`calls` calls to `number`, all at once, each held for HOLD_MS with sound, then hung up.

    `infos`: content types and bodies that each call first tells by INFO; each must be answered by 200.
    """

    def __init__(
        self,
        account: Account,
        number: str,
        proxy: Endpoint,
        domain: str,
        folder: Path,
        sound: Path,
        *,
        calls: int = 1,
        infos: Sequence[tuple[str, str]] = (),
    ) -> None:
        values = {"domain": domain, "caller": account.number, "credentials": account.credentials}
        part = (SCENARIOS / "info.part").read_text()
        told = [
            _with(part, cseq=str(n), kind=kind, body=body, pause_ms=str(INFO_PAUSE_MS))
            for n, (kind, body) in enumerate(infos, 3)
        ]
        values = {"infos": "".join(told), "bye": str(3 + len(told))} | values
        scenario = _filled("caller.xml", folder, sound=str(sound), hold_ms=str(HOLD_MS), **values)
        options = ("-s", number, "-m", str(calls), "-l", str(calls), "-r", str(calls), "-timeout", "60s")
        super().__init__(scenario, proxy, folder, *options, "-timeout_error")


def _filled(name: str, folder: Path, **values: str) -> Path:
    """A scenario with our values in it; SIPp's own words stand in brackets and stay."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(_with((SCENARIOS / name).read_text(), **values))
    path.chmod(0o600)
    return path


def _with(text: str, **values: str) -> str:
    for key, value in values.items():
        text = text.replace(f"@{key}@", value)
    return text

# SPDX-License-Identifier: GPL-2.0-only
"""A PostgreSQL of Debian's in a folder of its own, on a free port of loopback; ended with its test."""

import contextlib
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import psycopg

from appliance.config.headquarters import Record
from appliance.headquarters.reports import store
from tests.headquarters.site import until
from tests.ports import free_port

USER, DATABASE = "branchline", "calls"


class Server:
    """One server. Its programs refuse root, and run as Debian's user then."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.secret = folder / "record-password"
        self.secret.touch(0o600)
        self.secret.write_text(secrets.token_hex(12) + "\n")
        self._user = "postgres" if os.geteuid() == 0 else None
        self._home = Path(tempfile.mkdtemp(prefix="pg-"))  # pytest's folders are closed to other users
        self._programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        self._server: subprocess.Popen[bytes] | None = None
        password = self._home / "password"
        password.write_text(self.secret.read_text())
        if self._user is not None:
            entry = pwd.getpwnam(self._user)
            for path in (self._home, password):
                os.chown(path, entry.pw_uid, entry.pw_gid)
        words = ("-A", "scram-sha-256", "-U", USER, "--pwfile", str(password), "--no-sync", "-E", "UTF8")
        self._run("initdb", "-D", str(self._home / "data"), *words)
        self.start()
        with psycopg.connect(self.words("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")

    @property
    def setting(self) -> Record:
        """As headquarters' file has it."""
        return Record(f"postgresql://{USER}@127.0.0.1:{self.port}/{DATABASE}", self.secret, tls="disable")

    @property
    def place(self) -> store.Place:
        return store.place_of(Path(), self.setting)

    def start(self) -> None:
        """Serve, and wait until it does."""
        words = ("-D", str(self._home / "data"), "-k", str(self._home), "-h", "127.0.0.1", "-p", str(self.port))
        with (self._home / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [str(self._programs / "postgres"), *words], stdout=log, stderr=log, user=self._user, cwd="/"
            )
        until(self._serves, 20, "PostgreSQL serves")

    def kill(self) -> None:
        """As the loss of its machine would: SIGQUIT, nothing is flushed, the log is replayed at the next start."""
        self._end(signal.SIGQUIT)

    def kill_9(self) -> None:
        """All its processes at once; whoever is asked now refuses."""
        if self._server is not None:
            self._signal(signal.SIGKILL)
            self._server.wait(20)
            self._server = None

    def kill_backend(self) -> None:
        """One of those that serve us: the server ends all connections and recovers."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pids()[-1], signal.SIGKILL)

    def stop(self) -> None:
        """In order, but without waiting for anybody."""
        self._end(signal.SIGINT)

    def freeze(self) -> None:
        """It accepts and says nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._signal(signal.SIGCONT)

    def _signal(self, how: signal.Signals) -> None:
        for pid in self._pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)

    def _pids(self) -> list[int]:
        """The first is the parent of the others."""
        if self._server is None:
            return []
        pid = self._server.pid
        return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]

    def close(self) -> None:
        """End it and forget all."""
        self.thaw()
        self._end(signal.SIGINT)
        shutil.rmtree(self._home)

    def _end(self, how: signal.Signals) -> None:
        """At once where it does not end in order: one that recovers takes its time."""
        if self._server is not None:
            self._server.send_signal(how)
            try:
                self._server.wait(8)
            except subprocess.TimeoutExpired:
                self._server.send_signal(signal.SIGQUIT)
                self._server.wait(20)
            self._server = None

    def _serves(self) -> bool:
        try:
            psycopg.connect(self.words("postgres")).close()
        except psycopg.OperationalError:
            return False
        return True

    def words(self, database: str = DATABASE) -> str:
        """For psycopg."""
        password = self.secret.read_text().strip()
        return f"host=127.0.0.1 port={self.port} user={USER} dbname={database} password={password} sslmode=disable"

    def _run(self, program: str, *words: str) -> None:
        command = [str(self._programs / program), *words]
        subprocess.run(command, check=True, user=self._user, cwd="/", capture_output=True)

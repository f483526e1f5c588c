# SPDX-License-Identifier: GPL-2.0-only
"""The command line's door: a Unix socket at which every user of the box may knock, and gets what their groups allow.

A login (`appliance/cli/login.py`) hands over its terminal by SCM_RIGHTS; who it is says the kernel (SO_PEERCRED). Each
is served by a fork of this process, as the box's user, with the role of its groups: so configuration and sockets stay
that user's alone (0600), nobody passes them by, and a prompt does not wait for Python's start.

Beside the supervisor, not below it: a box whose configuration is refused is mended through here.
"""

import array
import contextlib
import os
import signal
import socket
import struct
import sys
import threading
from pathlib import Path

import msgspec

from appliance.cli import __main__ as command_line
from appliance.cli import audit, calls, configuring, login, roles, root, spans
from appliance.cli.grammar.syntax import Role
from appliance.processes.environment import state_directory
from appliance.supervisor import notify

SESSIONS = 16
REQUEST_OCTETS = 65_536
READY_S = 5.0
EXPORTS = "exports"
"""Where files that a command writes or reads are: of the box's state directory."""
WARM = (calls, configuring, spans)
"""Imported before anybody knocks."""
_CREDENTIALS = struct.Struct("3i")


class Asked(msgspec.Struct, frozen=True):
    """A login's words, and what it tells of its terminal."""

    words: tuple[str, ...]
    environment: dict[str, str] = {}


class Door:
    """`path` is for everybody; what may be done behind it is not."""

    def __init__(self, path: Path, state: Path) -> None:
        self._path, self._state = path, state
        self._sessions: set[int] = set()

    def serve(self) -> None:
        """For ever."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(self._path))
            self._path.chmod(0o666)
            listener.listen(SESSIONS)
            notify.ready()
            while True:
                knocked, _ = listener.accept()
                with knocked:
                    self._reap()
                    self._begin(knocked, listener)

    def _reap(self) -> None:
        for pid in tuple(self._sessions):
            if os.waitpid(pid, os.WNOHANG)[0]:
                self._sessions.discard(pid)

    def _begin(self, knocked: socket.socket, listener: socket.socket) -> None:
        if len(self._sessions) >= SESSIONS:
            knocked.sendall(b"refused %d sessions are open: close one\n" % SESSIONS)
            return
        pid = os.fork()
        if pid:
            self._sessions.add(pid)
            return
        listener.close()
        status = 2
        try:
            status = Login(knocked, self._state).run()
            with contextlib.suppress(OSError):
                sys.stdout.flush()
                knocked.sendall(b"status %d\n" % status)
        finally:
            os._exit(status)


class Login:
    """One session, in a process of its own."""

    def __init__(self, knocked: socket.socket, state: Path) -> None:
        self._socket, self._state = knocked, state
        self._back = threading.Event()

    def run(self) -> int:
        """Until its user leaves. The command's exit status."""
        credentials = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        pid, uid, _ = _CREDENTIALS.unpack(credentials)
        role = roles.of_peer(uid)
        asked = self._take()
        if not _by_ssh(pid):
            of_others = {name: value for name, value in asked.environment.items() if name not in login.SSH}
            asked = msgspec.structs.replace(asked, environment=of_others)
        if role is None:
            audit.note(self._state, "cli.login.refused", by=roles.user_name(uid))
            chinese = asked.environment.get("LANG", "").startswith("zh")
            self._socket.sendall(f"refused {roles.nobody(uid, chinese=chinese)}\n".encode())
            return 2
        who = self._become(asked, uid, role)
        threading.Thread(target=self._listen, daemon=True).start()
        if uid == 0:
            root.open_shell = self._shell
        key = asked.environment.get(login.KEY, "")
        audit.note(self._state, "cli.login.began", by=who, role=role, whence=audit.whence(), key=key)
        return command_line.main(asked.words)

    def _take(self) -> Asked:
        """Its request, its terminal as ours from now on. Raises ValueError: it is none."""
        self._socket.settimeout(READY_S)
        descriptors = array.array("i")
        octets, control, _, _ = self._socket.recvmsg(REQUEST_OCTETS, socket.CMSG_SPACE(3 * descriptors.itemsize))
        for level, kind, data in control:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
        self._socket.settimeout(None)
        if len(descriptors) != 3:
            raise ValueError("a login hands over three descriptors")
        for number, descriptor in enumerate(descriptors):
            os.dup2(descriptor, number)
            os.close(descriptor)
        sys.stdin = open(0, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115 - until the end
        sys.stdout, sys.stderr = (
            open(number, "w", encoding="utf-8", errors="replace", buffering=1, closefd=False)  # noqa: SIM115
            for number in (1, 2)
        )
        return msgspec.json.decode(octets, type=Asked)

    def _become(self, asked: Asked, uid: int, role: Role) -> str:
        """Whose work it will be: the person's whose key opened the account, else the account's."""
        for name in login.TOLD:
            os.environ.pop(name, None)
            if name in asked.environment:
                os.environ[name] = asked.environment[name]
        for name in ("COLUMNS", "LINES"):
            os.environ.pop(name, None)
        who = os.environ.get(login.PERSON) or roles.user_name(uid)
        os.environ |= {"BRANCHLINE_ROLE": role, "BRANCHLINE_AUTHOR": who, "BRANCHLINE_PEER": str(uid)}
        exports = self._state / EXPORTS
        exports.mkdir(mode=0o700, exist_ok=True)
        os.chdir(exports)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        return who

    def _listen(self) -> None:
        """What the login says meanwhile; when it is gone, so are we."""
        with self._socket.makefile("rb") as lines:
            for line in lines:
                if line == b"interrupt\n":
                    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
                elif line == b"back\n":
                    self._back.set()
        os.kill(os.getpid(), signal.SIGTERM)

    def _shell(self) -> int:
        """Root's, at its own end."""
        self._back.clear()
        self._socket.sendall(b"shell\n")
        self._back.wait()
        return 0


def _by_ssh(pid: int) -> bool:
    """Whether it is sshd whose child the login is: at the console an environment may say anything."""
    with contextlib.suppress(OSError, ValueError):
        parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        return Path(f"/proc/{parent}/comm").read_text().startswith("sshd")
    return False


def main() -> None:
    """Serve. Exit status 2: there is no state directory."""
    state = state_directory().absolute()
    os.umask(0o077)
    configuration = Path(os.environ.get("BRANCHLINE_CONFIG", "")).absolute()
    os.environ |= {"BRANCHLINE_STATE": str(state), "BRANCHLINE_CONFIG": str(configuration)}
    Door(Path(os.environ.get("BRANCHLINE_DOOR", login.DOOR)), state).serve()


if __name__ == "__main__":
    main()

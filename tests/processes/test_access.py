# SPDX-License-Identifier: GPL-2.0-only
"""SSH to a box as its configuration says: Debian's sshd and ssh, the image's own files, its firewall, over a cable.

The box is a network namespace with accounts of its own; what its systemd would start is started here: `access` and
`firewall` after each change, sshd as they order it.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.config.candidate import Candidate
from appliance.config.history import History
from appliance.config.management import ACCOUNTS
from rootfs.image import tree
from tests.cli.test_shell import branch_file

ROOT = Path(__file__).parents[2]
BOX, OFFICE, ELSEWHERE = "10.9.0.1", "10.9.0.2", "10.9.9.2"
PORT = 2222
PEOPLE = {"wang": "administrator", "li": "technician", "zhou": "viewer"}
DENIED = "Permission denied (publickey)."
pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

ACCESSIBLE = """
import os, subprocess, sys
etc, *command = sys.argv[1:]
subprocess.run(["mount", "--bind", etc, "/etc"], check=True)
os.execvp(command[0], command)
"""
"""In a mount namespace: with the image's accounts. All of /etc, as a file that a neighbour replaces loses its mount."""
FOLDERS = ("pam.d", "security")
FILES = (
    "nsswitch.conf",
    "ld.so.cache",
    "localtime",
    "ssl/openssl.cnf",
    "hosts",
    "login.defs",
    "environment",
    "pam.conf",
)
"""Of this machine's /etc."""


KNOCKS = """
import socket, sys
answered = 0
for _ in range(16):
    with socket.socket() as asking:
        asking.settimeout(0.3)
        answered += asking.connect_ex((sys.argv[1], int(sys.argv[2]))) == 0
print(answered)
"""


def done(*argv: str, check: bool = True, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=check, timeout=30, input=text)


class Box:
    """A branch with a door for SSH, and who comes to it."""

    def __init__(self, folder: Path, private: Path) -> None:
        self.folder, self.file, self.state = folder, branch_file(private), private / "state"
        self.state.mkdir()
        self.namespace, self.office = f"box{os.getpid()}", f"office{os.getpid()}"
        self.orders = folder / "orders"
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        folder.chmod(0o755)
        self._accounts()
        self._programs()
        for name in (*PEOPLE, "stranger"):
            done("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"{name}@laptop", "-f", str(private / name))
        self.keys = private

    @property
    def environment(self) -> dict[str, str]:
        """Of what systemd starts at the box."""
        return {
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "BRANCHLINE_CONFIG": str(self.file),
            "BRANCHLINE_STATE": str(self.state),
            "BRANCHLINE_DOOR": str(self.folder / "door.sock"),
            "ACCESS_KEYS": str(self.folder / "ssh/keys"),
            "ACCESS_RUN": str(self.folder / "run"),
            "ACCESS_LOGIN": str(self.folder / "login"),
        }

    def _accounts(self) -> None:
        """As the image has them (rootfs/image/compose.py)."""
        etc = self.folder / "etc"
        for name in FOLDERS:
            shutil.copytree(f"/etc/{name}", etc / name)
        for name in FILES:
            (etc / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(f"/etc/{name}", etc / name)
        passwd, group, shadow = (Path(f"/etc/{name}").read_text() for name in ("passwd", "group", "shadow"))
        for number, (role, account) in enumerate(ACCOUNTS.items(), 6001):
            passwd += f"{account}:x:{number}:{number}::/:{self.folder / 'login'}\n"
            group += f"{account}:x:{number}:\nbranchline-{role}:x:{number + 1000}:{account}\n"
            shadow += f"{account}:*:19000::::::\n"
        for name, text in (("passwd", passwd), ("group", group), ("shadow", shadow)):
            (etc / name).touch(0o600)
            (etc / name).write_text(text)
        for name in ("passwd", "group"):
            (etc / name).chmod(0o644)

    def _programs(self) -> None:
        login, systemctl = self.folder / "login", self.folder / "bin/systemctl"
        login.write_text(
            f"#!/bin/sh\nexport PYTHONPATH={ROOT} BRANCHLINE_DOOR={self.folder / 'door.sock'}\n"
            f'exec {sys.executable} -m appliance.cli.login "$@"\n'
        )
        systemctl.parent.mkdir()
        systemctl.write_text(f'#!/bin/sh\necho "$@" >>{self.orders}\n')
        for program in (login, systemctl):
            program.chmod(0o755)
        (self.folder / "ssh/keys").mkdir(parents=True)
        done("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.folder / "ssh/ssh_host_ed25519_key"))
        own = (tree.OVERLAY / "etc/ssh/sshd_config.d/branchline.conf").read_text()
        debians = Path("/etc/ssh/sshd_config").read_text().replace("\nInclude ", "\n#Include ")
        places = own.replace("/data/ssh", str(self.folder / "ssh")).replace(
            "/run/branchline-ssh", str(self.folder / "run")
        )
        (self.folder / "sshd_config").write_text(f"{places}PidFile none\n{debians}")

    def wire(self) -> None:
        """The cable to the office, where a second address is not the office's; the firewall, closed."""
        for name in (self.namespace, self.office):
            done("ip", "netns", "add", name)
        done(
            *("ip", "-n", self.namespace, "link", "add", "eth0", "type", "veth"),
            *("peer", "name", "eth0", "netns", self.office),
        )
        ends = (self.namespace, (f"{BOX}/24", "10.9.9.1/24")), (self.office, (f"{OFFICE}/24", f"{ELSEWHERE}/24"))
        for name, addresses in ends:
            for address in addresses:
                done("ip", "-n", name, "address", "add", address, "dev", "eth0")
            for link in ("lo", "eth0"):
                done("ip", "-n", name, "link", "set", link, "up")
        done(*self.inside("nft", "-f", str(tree.OVERLAY / "etc/nftables.conf")))

    def inside(self, *argv: str) -> list[str]:
        """At the box."""
        return ["ip", "netns", "exec", self.namespace, *argv]

    def start(self, name: str, *argv: str) -> None:
        """With the image's accounts."""
        command = self.inside("unshare", "--mount", sys.executable, "-c", ACCESSIBLE, str(self.folder / "etc"), *argv)
        with (self.folder / f"{name}.log").open("ab") as log:
            self.children[name] = subprocess.Popen(command, env=self.environment, cwd=ROOT, stdout=log, stderr=log)

    def end(self, name: str) -> None:
        child = self.children.pop(name, None)
        if child is not None:
            child.kill()
            child.wait()

    def close(self) -> None:
        for name in tuple(self.children):
            self.end(name)
        for name in (self.namespace, self.office):
            done("ip", "netns", "delete", name, check=False)

    def configure(self, *lines: str) -> None:
        """At the console, by lines as they are typed."""
        environment = self.environment | {"LANG": "C.UTF-8"}
        typed = "".join(f"{line}\n" for line in ("configure", *lines, "commit"))
        told = subprocess.run(
            [sys.executable, "-m", "appliance.cli"],
            input=typed,
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        assert "nothing was committed" not in told.stderr, told.stderr
        self.follow()

    def follow(self) -> None:
        """What the image's units do when the file has changed."""
        for program in ("access", "firewall"):
            argv = self.inside(sys.executable, "-m", f"appliance.processes.{program}")
            subprocess.run(argv, env=self.environment, cwd=ROOT, check=True, timeout=30)
        orders = self.orders.read_text().splitlines() if self.orders.exists() else []
        self.orders.unlink(missing_ok=True)
        for order in orders:
            assert order.split()[0] == "--no-block"
            assert order.split()[2] == "ssh.service"
            self.end("sshd")
            if order.split()[1] == "restart":
                self.start("sshd", "/usr/sbin/sshd", "-D", "-e", "-f", str(self.folder / "sshd_config"))
                self._listening()

    def _listening(self) -> None:
        until = time.monotonic() + 10
        while f":{PORT} " not in done(*self.inside("ss", "-Hltn")).stdout:
            assert time.monotonic() < until
            assert self.children["sshd"].poll() is None, (self.folder / "sshd.log").read_text()
            time.sleep(0.02)

    def ssh(
        self, key: str, account: str, *words: str, options: tuple[str, ...] = (), program: str = "ssh"
    ) -> list[str]:
        """How one of the office comes in."""
        settings = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes")
        port = "-p" if program == "ssh" else "-P"
        return [
            *("ip", "netns", "exec", self.office, program, "-F", "none", port, str(PORT), "-i", str(self.keys / key)),
            *(word for setting in (*settings, "BatchMode=yes", "ConnectTimeout=3") for word in ("-o", setting)),
            *options,
            *("-o", "LogLevel=ERROR"),
            *([f"{account}@{BOX}", *words] if program == "ssh" else words),
        ]

    def asked(self, key: str, account: str, *words: str, text: str | None = None, **more: Any) -> tuple[int, str, str]:
        """Exit status, what was said, what was said of mistakes. The office's pace is forgotten first."""
        done(*self.inside("nft", "flush", "set", "inet", "branchline", "ssh_pace"))
        told = done(*self.ssh(key, account, *words, **more), check=False, text=text or "")
        return told.returncode, told.stdout, told.stderr

    def noted(self, event: str) -> list[dict[str, Any]]:
        """Lines of its log."""
        lines = (self.state / "log" / "cli.log").read_text().splitlines()
        return [line for line in map(json.loads, lines) if line["event"] == event]

    def key(self, name: str) -> str:
        """The line of the `.pub` file."""
        return (self.keys / f"{name}.pub").read_text().strip()


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    """A box whose configuration says nothing of SSH."""
    if os.getuid() != 0:
        pytest.fail("network namespaces need root")
    public = Path(tempfile.mkdtemp(dir="/run"))  # sshd trusts no keys below /tmp, where everybody writes
    box = Box(public, tmp_path_factory.mktemp("box"))
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd's own, as its unit makes it
    try:
        box.wire()
        box.start("door", sys.executable, "-m", "appliance.processes.door")
        until = time.monotonic() + 10
        while not (public / "door.sock").exists():
            assert time.monotonic() < until, (public / "door.log").read_text()
            time.sleep(0.02)
        box.follow()
        yield box
    finally:
        box.close()
        shutil.rmtree(public)


@pytest.fixture
def box(closed: Box) -> Box:
    """With its three people, from the office."""
    closed.configure(
        f"set management ssh listen {BOX}:{PORT}",
        "set management ssh sources 10.9.0.0/24",
        *(f"set management users {name} role {role}" for name, role in PEOPLE.items()),
        *(f'set management users {name} keys "{closed.key(name)}"' for name in PEOPLE),
    )
    return closed


def test_without_a_word_of_ssh_nobody_listens(closed: Box) -> None:
    assert "sshd" not in closed.children
    assert not (closed.folder / "run/sshd.conf").exists()
    assert list((closed.folder / "ssh/keys").iterdir()) == []
    status, _, said = closed.asked("wang", "admin", "show users")
    assert status == 255
    assert "timed out" in said


@pytest.mark.parametrize(("name", "role"), PEOPLE.items())
def test_a_key_opens_the_command_line_in_its_owner_s_role(box: Box, name: str, role: str) -> None:
    status, said, wrong = box.asked(name, ACCOUNTS[role], "show users")
    assert (status, wrong) == (0, "")
    assert f"SSH: {BOX}:{PORT}, from 10.9.0.0/24" in said
    assert f"{name}@laptop" in said
    status, _, said = box.asked(name, ACCOUNTS[role], "configure")
    assert (status == 0) == (role == "administrator")
    if role != "administrator":
        assert f"is for an administrator; {name} is a {role}" in said
    began = box.noted("cli.login.began")[-1]
    assert (began["by"], began["role"], began["whence"]) == (name, role, f"ssh {OFFICE}")
    assert began["key"].startswith("SHA256:")


def test_who_logged_in_is_the_author_of_what_they_change(box: Box) -> None:
    typed = 'configure\nset name "Harbour"\ncommit comment by-key\nexit\n'
    status, _, wrong = box.asked("wang", "admin", text=typed)
    assert (status, wrong) == (0, "")
    (version,) = [one for one in History(box.file).versions() if one.comment == "by-key"]
    assert (version.author, version.origin) == ("wang", OFFICE)
    assert [line["by"] for line in box.noted("cli.command.done") if "by-key" in line["command"]] == ["wang"]


@pytest.mark.parametrize(
    ("key", "account"), [("stranger", "admin"), ("zhou", "admin"), ("wang", "root"), ("wang", "li")]
)
def test_another_s_key_or_account_is_refused(box: Box, key: str, account: str) -> None:
    status, said, wrong = box.asked(key, account, "show users")
    assert (status, said) == (255, "")
    assert DENIED in wrong  # and no other way is offered


@pytest.mark.parametrize("way", ["password", "keyboard-interactive"])
def test_no_password_is_asked_for(box: Box, way: str) -> None:
    ways = ("-o", f"PreferredAuthentications={way}", "-o", "BatchMode=no", "-o", "NumberOfPasswordPrompts=1")
    status, _, wrong = box.asked("wang", "admin", "show users", options=ways)
    assert status == 255
    assert DENIED in wrong


def test_a_key_opens_the_command_line_and_nothing_else(box: Box, tmp_path: Path) -> None:
    for words in (["/bin/sh", "-c", "id"], ["id"], ["start", "shell"], ["/usr/lib/openssh/sftp-server"]):
        status, said, wrong = box.asked("wang", "admin", *words)
        assert status in (1, 2), "start shell is root's; the others are no commands"
        assert "uid=" not in said + wrong
    loot, gift = tmp_path / "loot", tmp_path / "gift"
    gift.write_text("x")
    landed = box.folder / "landed"
    for old in ((), ("-O",)):
        fetched = box.asked("wang", "", *old, f"admin@{BOX}:{box.file}", str(loot), program="scp")
        put = box.asked("wang", "", *old, str(gift), f"admin@{BOX}:{landed}", program="scp")
        assert (fetched[0] != 0, put[0] != 0, loot.exists(), landed.exists()) == (True, True, False, False)
    assert box.asked("wang", "", f"admin@{BOX}:/etc/passwd", str(loot), program="sftp")[0] != 0
    assert not loot.exists()


def test_nothing_is_forwarded(box: Box) -> None:
    status, _, wrong = box.asked("wang", "admin", options=("-o", "LogLevel=INFO", "-W", f"127.0.0.1:{PORT}"))
    assert status == 255
    assert "administratively prohibited" in wrong
    far = ("-o", "ExitOnForwardFailure=yes", "-N", "-R", f"127.0.0.1:9922:127.0.0.1:{PORT}")
    status, _, wrong = box.asked("wang", "admin", options=far)
    assert status == 255
    assert "remote port forwarding failed" in wrong
    _, said, _ = box.asked("wang", "admin", "show users", options=("-A", "-X"))
    assert f"SSH: {BOX}:{PORT}" in said


def test_nobody_can_say_who_they_are(box: Box) -> None:
    said_so = ("-o", "SetEnv=BRANCHLINE_LOGIN=wang BRANCHLINE_ROLE=administrator")
    assert "is for an administrator; zhou is a viewer" in box.asked("zhou", "viewer", "configure", options=said_so)[2]
    box.start(
        "console",
        *("setpriv", "--reuid=technician", "--regid=technician", "--init-groups", "env"),
        *("BRANCHLINE_LOGIN=wang", "BRANCHLINE_KEY=SHA256:x", f"SSH_CONNECTION={OFFICE} 1 {BOX} {PORT}"),
        *(str(box.folder / "login"), "clear", "counters"),
    )
    box.children["console"].wait(20)
    (done_at_console,) = [line for line in box.noted("cli.login.began") if not line["whence"].startswith("ssh ")]
    assert (done_at_console["by"], done_at_console["key"]) == ("technician", "")


def test_a_key_that_is_taken_away_opens_nothing_and_ends_its_open_session(box: Box) -> None:
    open_session = subprocess.Popen(
        box.ssh("li", "technician"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert open_session.stdin is not None
    assert open_session.stderr is not None
    heard: list[str] = []
    ears = threading.Thread(target=heard.extend, args=(open_session.stderr,), daemon=True)
    ears.start()
    try:
        until = time.monotonic() + 20
        while not [line for line in box.noted("cli.login.began") if line["by"] == "li"]:
            assert time.monotonic() < until
            time.sleep(0.05)
        box.configure("delete management users li")
        status, _, wrong = box.asked("li", "technician", "show users")
        assert status == 255
        assert DENIED in wrong
        open_session.stdin.write("clear counters\n")
        open_session.stdin.flush()
        assert open_session.wait(20) == 1
        ears.join(5)
        assert heard == ["this session is over: there is no user li\n"]
        assert box.noted("cli.session.ended")[-1]["by"] == "li"
    finally:
        open_session.kill()
    assert box.asked("wang", "admin", "show users")[0] == 0


def test_who_would_shut_themselves_out_is_told_and_can_only_try_it(box: Box) -> None:
    before = box.file.read_text()
    status, _, wrong = box.asked("wang", "admin", text="configure\ndelete management ssh\ncommit\n")
    assert "you could not log in again: SSH is closed" in wrong
    assert "commit confirmed 10 tries it" in wrong
    assert (status, box.file.read_text()) == (1, before)
    moving = "configure\nset network address 198.51.100.9/24\ncommit\n"
    status, _, wrong = box.asked("wang", "admin", text=moving)
    assert "the box's own address will be 198.51.100.9/24, with another way out" in wrong
    assert (status, box.file.read_text()) == (1, before)
    away = "configure\nset management ssh sources 192.0.2.0/24\ncommit confirmed 10\n"
    status, _, wrong = box.asked("wang", "admin", text=away)
    assert f"you could not log in again: {OFFICE}, where you are, is not among the sources" in wrong
    assert status == 0
    trial = History(box.file).trial()
    assert trial is not None
    box.follow()
    assert box.asked("wang", "admin", "show users")[0] == 255
    assert History(box.file).back() is not None  # as the supervisor does when its time is over
    box.follow()
    assert box.asked("wang", "admin", "show users")[0] == 0


def test_only_the_sources_reach_the_port_and_none_too_often(box: Box) -> None:
    status, _, wrong = box.asked("wang", "admin", "show users", options=("-b", ELSEWHERE))
    assert status == 255
    assert "timed out" in wrong
    done(*box.inside("nft", "flush", "set", "inet", "branchline", "ssh_pace"))
    told = done("ip", "netns", "exec", box.office, sys.executable, "-c", KNOCKS, BOX, str(PORT)).stdout
    assert 12 <= int(told) <= 14  # a burst of twelve, and what the seconds since have given back
    assert box.asked("wang", "admin", "show users")[0] == 0


def test_a_configuration_with_a_mistake_leaves_the_door_as_it_was(box: Box) -> None:
    good = box.file.read_text()
    keys = {path.name: path.read_text() for path in (box.folder / "ssh/keys").iterdir()}
    box.file.write_text(good.replace("ssh-ed25519", "ssh-ed25518"))
    for program in ("access", "firewall"):
        argv = box.inside(sys.executable, "-m", f"appliance.processes.{program}")
        told = subprocess.run(argv, env=box.environment, cwd=ROOT, capture_output=True, text=True, check=False)
        assert told.returncode == 2
        assert "keys of type 'ssh-ed25518' are not taken; did you mean 'ssh-ed25519'?" in told.stderr
    box.file.write_text(good)
    assert {path.name: path.read_text() for path in (box.folder / "ssh/keys").iterdir()} == keys
    assert {(box.folder / "ssh/keys" / name).stat().st_mode & 0o777 for name in keys} == {0o644}
    assert box.asked("wang", "admin", "show users")[0] == 0


def test_ssh_that_is_closed_again_ends_sshd(box: Box) -> None:
    box.configure("delete management")
    assert "sshd" not in box.children
    assert box.asked("wang", "admin", "show users")[0] == 255
    assert "management" not in Candidate.of(box.file).data


class Talk:
    """A terminal over SSH."""

    def __init__(self, box: Box, key: str, account: str) -> None:
        self._ssh = subprocess.Popen(
            box.ssh(key, account, options=("-tt",)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            bufsize=0,
        )
        self.said = ""

    def until(self, said: str) -> str:
        """All since the last one."""
        assert self._ssh.stdout is not None
        while said not in self.said:
            came = os.read(self._ssh.stdout.fileno(), 4096)
            assert came, self.said
            self.said += came.decode(errors="replace")
        before, _, self.said = self.said.partition(said)
        return before

    def type(self, line: str) -> None:
        assert self._ssh.stdin is not None
        self._ssh.stdin.write(f"{line}\r".encode())

    def end(self) -> int:
        return self._ssh.wait(20)


@pytest.fixture
def rooted(box: Box) -> Iterator[Box]:
    """Where wang may be root."""
    box.configure("set management users wang root yes")
    yield box
    box.configure("delete management users wang root")


def test_root_s_key_opens_the_command_line_and_there_the_system_s_shell_which_is_logged(rooted: Box) -> None:
    talk = Talk(rooted, "wang", "root")
    talk.until("BR-0001> ")
    talk.type("start shell")
    talk.until("what is done there is not checked")
    talk.type("echo uid=$(id -u)=")
    talk.until("uid=0=")
    opened = rooted.noted("cli.shell.opened")[-1]
    assert (opened["by"], opened["whence"]) == ("wang", f"ssh {OFFICE}")
    closed = len(rooted.noted("cli.shell.closed")) if (rooted.state / "log/cli.log").exists() else 0
    talk.type("exit")
    talk.until("BR-0001> ")
    assert len(rooted.noted("cli.shell.closed")) == closed + 1
    talk.type("exit")
    assert talk.end() == 0


@pytest.mark.parametrize("words", [("id",), ("/bin/sh", "-c", "id"), ("/usr/lib/openssh/sftp-server",)])
def test_root_s_key_opens_no_other_program(rooted: Box, words: tuple[str, ...]) -> None:
    status, said, wrong = rooted.asked("wang", "root", *words)
    assert status != 0
    assert "uid=" not in said + wrong


def test_nobody_else_is_root_and_who_no_longer_may_is_put_out(rooted: Box) -> None:
    for key in ("li", "zhou", "stranger"):
        status, _, wrong = rooted.asked(key, "root", "show version")
        assert status == 255
        assert DENIED in wrong
    status, _, wrong = rooted.asked("wang", "admin", "start shell")
    assert status == 1
    assert "come over SSH as root, with a key of a user who has `root`" in wrong
    assert rooted.noted("cli.shell.refused")[-1]["by"] == "wang"
    talk = Talk(rooted, "wang", "root")
    talk.until("BR-0001> ")
    rooted.configure("delete management users wang root")
    assert not (rooted.folder / "ssh/keys/root").exists()
    assert rooted.asked("wang", "root", "show version")[0] == 255
    talk.type("start shell")
    talk.until("this session is over: wang may not be root")
    assert talk.end() == 1
    assert rooted.asked("wang", "admin", "show version")[0] == 0


METRICS_PORT = 9464
LISTENER = """
import asyncio, sys
from appliance.config import Endpoint
from appliance.config.scalars import Prefix
from appliance.diagnostics.metrics.listener import Listener
async def serve():
    told = Listener(Endpoint("0.0.0.0", int(sys.argv[1])), lambda: "up 1\\n", tuple(map(Prefix.parse, sys.argv[2:])))
    await told.start()
    await asyncio.Event().wait()
asyncio.run(serve())
"""


def test_metrics_are_read_off_the_box_by_their_sources_alone(box: Box) -> None:
    def read(source: str) -> str:
        asking = ("curl", "--silent", "--max-time", "2", "--interface", source, f"http://{BOX}:{METRICS_PORT}/metrics")
        return done("ip", "netns", "exec", box.office, *asking, check=False).stdout

    def served(*sources: str) -> None:
        box.end("metrics")
        box.start("metrics", sys.executable, "-c", LISTENER, str(METRICS_PORT), *sources)
        until = time.monotonic() + 10
        while f":{METRICS_PORT} " not in done(*box.inside("ss", "-Hltn")).stdout:
            assert time.monotonic() < until, (box.folder / "metrics.log").read_text()
            time.sleep(0.02)

    try:
        served(OFFICE, ELSEWHERE)
        assert read(OFFICE) == ""  # the firewall is closed
        box.configure(f"set diagnostics metrics 0.0.0.0:{METRICS_PORT}", f"set diagnostics metrics_sources {OFFICE}")
        assert read(OFFICE) == "up 1\n"
        assert read(ELSEWHERE) == ""
        served(ELSEWHERE)
        assert read(OFFICE) == ""  # the listener asks too
    finally:
        box.end("metrics")
        box.configure("delete diagnostics metrics", "delete diagnostics metrics_sources")
    assert read(OFFICE) == ""

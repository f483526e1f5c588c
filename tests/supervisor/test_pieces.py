# SPDX-License-Identifier: GPL-2.0-only
"""Log file, lock, port probe, redactor and sd_notify: each by what is seen from outside."""

import asyncio
import io
import json
import os
import resource
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from appliance.config import Endpoint, Listener
from appliance.config.ports import Protocol
from appliance.supervisor import logs, notify, ports
from appliance.supervisor.lock import AlreadyRunningError, Lock, holder
from appliance.supervisor.logfile import LogFile

ROOT = Path(__file__).parents[2]


@pytest.mark.unit
def test_a_log_is_rotated_and_stays_bounded(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "line.log", limit=1000)
    for number in range(100):
        log.write(b"%099d\n" % number)
    log.close()
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["line.log", "line.log.1", "line.log.2", "line.log.3"]
    assert all(file.stat().st_size <= 1000 for file in files)
    assert (tmp_path / "line.log").read_bytes().endswith(b"%099d\n" % 99)


@pytest.mark.unit
def test_a_log_that_the_disk_refuses_tells_how_much_was_lost(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.write_text("in the way")
    log = LogFile(folder / "line.log")
    log.write(b"lost\n")
    assert log.lost == 5
    folder.unlink()
    log.write(b"kept\n")
    log.close()
    assert (folder / "line.log").read_text() == '{"event": "log.octets.lost", "octets": 5}\nkept\n'


@pytest.mark.unit
def test_a_second_one_is_told_who_runs_and_where_the_page_is(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "run/lock", page="http://127.0.0.1:8095")
    with pytest.raises(AlreadyRunningError) as caught:
        Lock(tmp_path / "run/lock")
    assert str(caught.value) == f"already running (pid {os.getpid()}), page at http://127.0.0.1:8095"
    found = holder(tmp_path / "run/lock")
    assert found is not None
    assert found.pid == os.getpid()
    lock.release()
    assert holder(tmp_path / "run/lock") is None
    Lock(tmp_path / "run/lock").release()


@pytest.mark.system
@pytest.mark.timeout(20)
def test_a_dead_holder_holds_nothing(tmp_path: Path) -> None:
    program = f"from pathlib import Path; from appliance.supervisor.lock import Lock; Lock(Path('{tmp_path}/lock'))"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
    Lock(tmp_path / "lock").release()


@pytest.mark.system
@pytest.mark.parametrize(("protocol", "kind"), [("udp", socket.SOCK_DGRAM), ("tcp", socket.SOCK_STREAM)])
@pytest.mark.timeout(20)
def test_a_port_in_use_names_what_it_is_for_and_its_holder(protocol: Protocol, kind: socket.SocketKind) -> None:
    program = (
        "import socket, sys; s = socket.socket(socket.AF_INET, int(sys.argv[1])); s.bind(('127.0.0.1', 0)); "
        "s.type == socket.SOCK_STREAM and s.listen(); print(s.getsockname()[1], flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", program, str(kind.value)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as stranger:
        assert stranger.stdout is not None
        port = int(stranger.stdout.readline())
        listener = Listener(protocol, Endpoint("127.0.0.1", port), "the page", ("web", "listen"))
        (sentence,) = ports.troubles([listener])
        stranger.communicate()
    assert sentence.startswith(
        f"{protocol.upper()} port {port} (the page) is in use by pid {stranger.pid} ({sys.executable}"
    )
    assert sentence.endswith("end it or change web.listen")
    assert ports.troubles([listener]) == []


@pytest.mark.system
def test_an_address_that_is_not_ours_is_told() -> None:
    listener = Listener("udp", Endpoint("192.0.2.1", 5060), "Kamailio", ("sip", "proxy"))
    (sentence,) = ports.troubles([listener])
    assert "this machine has no address 192.0.2.1" in sentence


@pytest.mark.unit
def test_callers_data_are_cut_to_two_characters_and_secrets_are_gone() -> None:
    event = {
        "event": "call.contact.began",
        "clid": "02188887777",
        "ced": "12",
        "pin": "4711",
        "port": 5060,
        "request": {"dnis": "95588", "secret": "x", "digits": ["1234", "5"]},
        "ani": None,
    }
    assert logs.redact(None, "info", event) == {
        "event": "call.contact.began",
        "clid": "…77",
        "ced": "…",
        "pin": "…",
        "port": 5060,
        "request": {"dnis": "…88", "secret": "…", "digits": ["…34", "…"]},
        "ani": None,
    }


@pytest.mark.unit
def test_a_log_line_off_a_terminal_is_json(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stderr", out)
    logs.configure("line")
    structlog.get_logger().info("pri.call.released", clid="02188887777", cause=16)
    structlog.reset_defaults()
    line = json.loads(out.getvalue())
    assert (line["event"], line["process"], line["level"]) == ("pri.call.released", "line", "info")
    assert (line["clid"], line["cause"]) == ("…77", 16)


@pytest.mark.unit
def test_ready_and_watchdog_are_said_to_the_notify_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "n"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "n"))
        monkeypatch.setenv("WATCHDOG_USEC", "3000000")
        notify.ready()
        notify.watchdog()
        assert [listener.recv(100), listener.recv(100)] == [b"READY=1", b"WATCHDOG=1"]
    assert notify.watchdog_s() == 3.0
    notify.ready()  # nobody listens any more: no error
    monkeypatch.delenv("NOTIFY_SOCKET")
    notify.ready()


@pytest.mark.unit
def test_watchdog_is_said_only_while_the_work_moves_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as listener:
        listener.bind(str(tmp_path / "n"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "n"))
        monkeypatch.setenv("WATCHDOG_USEC", "3000")
        looks = [1, 2, 2, 2, 3]
        with pytest.raises(IndexError):
            asyncio.run(notify.keep_alive(lambda: looks.pop(0)))
        assert [listener.recv(100) for _ in range(3)] == [b"WATCHDOG=1"] * 3
        with pytest.raises(BlockingIOError):
            listener.recv(100)


@pytest.mark.system
@pytest.mark.timeout(20)
def test_a_log_beyond_the_file_size_limit_does_not_end_the_supervisor(tmp_path: Path) -> None:
    program = (
        "import resource, signal; from pathlib import Path; from appliance.supervisor.logfile import LogFile; "
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100)); "
        f"log = LogFile(Path('{tmp_path}/x.log')); [log.write(b'x' * 50) for _ in range(4)]; print(log.lost)"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(ended.stdout) >= 50
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY

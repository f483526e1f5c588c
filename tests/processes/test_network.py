# SPDX-License-Identifier: GPL-2.0-only
"""The machine's own programs follow the configuration: told of what has changed, and of nothing else."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from appliance.config.machine import FILES, LLDP, MARKS, TIME, machine_files
from appliance.config.network import Network, VoiceVlan
from appliance.processes.network import first_port, orders, write

ROOT = Path(__file__).parents[2]
PORTS = "[Match]\nName=en* eth*\n\n[Network]\nDHCP=yes\n"
VLAN = VoiceVlan("eth0", 100)


def told(run: Path, network: Network) -> list[str]:
    return [" ".join(order) for order in orders(run, write(run, machine_files(network, PORTS, "eth0")))]


@pytest.mark.unit
def test_only_what_has_changed_is_told(tmp_path: Path) -> None:
    nft, reload = f"nft -f {tmp_path / MARKS}", "networkctl reload"
    lldpd = "systemctl --no-block restart lldpd.service"
    assert told(tmp_path, Network()) == [nft]
    assert told(tmp_path, Network()) == []
    assert told(tmp_path, Network(voice_vlan=VLAN)) == [nft, "networkctl delete voice", reload, lldpd]
    assert told(tmp_path, Network(media_dscp=34, voice_vlan=VLAN)) == [nft, lldpd]
    assert told(tmp_path, Network()) == [nft, "networkctl delete voice", reload, lldpd]
    assert {name for name in FILES if (tmp_path / name).exists()} == {MARKS}


@pytest.mark.unit
def test_a_new_address_and_new_servers_are_told(tmp_path: Path) -> None:
    nft, reload = f"nft -f {tmp_path / MARKS}", "networkctl reload"
    clock = "systemctl --no-block restart branchline-clock.service"
    assert told(tmp_path, Network(address="192.0.2.10/24")) == [nft, reload]
    assert told(tmp_path, Network(address="192.0.2.11/24")) == [reload]
    assert told(tmp_path, Network(address="192.0.2.11/24", time=("192.0.2.123",))) == [clock]
    assert told(tmp_path, Network()) == [reload, clock]
    assert {name for name in FILES if (tmp_path / name).exists()} == {MARKS}


@pytest.mark.unit
def test_the_first_port_is_the_first_by_number_that_has_a_device(tmp_path: Path) -> None:
    assert first_port(tmp_path) == "eth0"
    for name in ("lo", "wg0", "voice", "enp10s0", "enp2s0", "enp1s0.7"):
        (tmp_path / name).mkdir()
    for name in ("enp10s0", "enp2s0", "wg0"):
        (tmp_path / name / "device").mkdir()
    assert first_port(tmp_path) == "enp2s0"


CLOCK = ROOT / "rootfs/overlay/usr/lib/branchline/boot/clock"


@pytest.mark.unit
def test_the_configuration_s_servers_come_before_dhcp_s_and_those_before_the_pool(tmp_path: Path) -> None:
    for folder in ("bin", "branchline", "branchline-time", "systemd/netif"):
        (tmp_path / folder).mkdir(parents=True)
    chronyc = tmp_path / "bin/chronyc"
    chronyc.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\n')
    chronyc.chmod(0o755)
    environment = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "CLOCK_RUN": str(tmp_path)}

    def chosen() -> list[str]:
        subprocess.run(["sh", CLOCK], env=environment, check=True, capture_output=True, timeout=20)
        assert sorted(path.name for path in (tmp_path / "branchline-time").iterdir()) == ["branchline.sources"]
        lines = (tmp_path / "branchline-time/branchline.sources").read_text().splitlines()
        return [line for line in lines if not line.startswith("#")]

    assert chosen() == ["pool 2.debian.pool.ntp.org iburst"]
    (tmp_path / "systemd/netif/state").write_text("OPER_STATE=routable\nNTP=192.0.2.7 192.0.2.8\nDNS=192.0.2.53\n")
    assert chosen() == ["server 192.0.2.7 iburst", "server 192.0.2.8 iburst"]
    configured = machine_files(Network(time=("ntp.bank.example",)), PORTS, "eth0")[TIME]
    (tmp_path / TIME).write_text(configured)
    assert chosen() == chosen() == ["server ntp.bank.example iburst"]
    assert (tmp_path / "asked").read_text().splitlines() == ["reload sources"] * 3  # not where nothing has changed
    chronyc.write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / TIME).unlink()
    assert chosen() == ["server 192.0.2.7 iburst", "server 192.0.2.8 iburst"]


@pytest.mark.unit
def test_a_file_with_a_mistake_leaves_all_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "branch.yaml").write_text("role: branch\nnetwork: {media_dscp: 64}\n")
    (tmp_path / "ports").write_text(PORTS)
    environment = {
        **os.environ,
        "BRANCHLINE_CONFIG": str(tmp_path / "branch.yaml"),
        "NETWORK_RUN": str(tmp_path / "run"),
        "NETWORK_PORTS": str(tmp_path / "ports"),
    }
    argv = [sys.executable, "-m", "appliance.processes.network"]
    done = subprocess.run(argv, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode == 2
    assert "64 is out of range: 0 to 63" in done.stderr
    assert not (tmp_path / "run").exists()


# With the real programs, in network namespaces of their own (root).


def inside(namespace: str, *argv: str) -> list[str]:
    return ["ip", "netns", "exec", namespace, *argv]


def done(*argv: str) -> str:
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=20).stdout


@pytest.fixture
def wire() -> Iterator[tuple[str, str]]:
    """A box's namespace and a phone's, with a cable between their eth0."""
    if os.getuid() != 0:
        pytest.fail("network namespaces need root")
    names = f"box{os.getpid()}", f"phone{os.getpid()}"
    for name in names:
        done("ip", "netns", "add", name)
    done("ip", "-n", names[0], "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", names[1])
    for name in names:
        done("ip", "-n", name, "link", "set", "eth0", "up")
    yield names
    for name in names:
        done("ip", "netns", "delete", name)


@pytest.fixture
def readable() -> Iterator[Path]:
    """A folder that lldpcli can read as lldpd starts it, without root's rights."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def lldpd(namespace: str, kind: int, config: Path) -> Iterator[int]:
    """Its process: with a /run of its own, as its sockets have fixed names there."""
    script = f"mount -t tmpfs run /run && mkdir /run/lldpd && exec lldpd -d -M {kind} -O {config}"
    child = subprocess.Popen(inside(namespace, "unshare", "--mount", "sh", "-c", script), stderr=subprocess.DEVNULL)
    try:
        yield child.pid
    finally:
        child.send_signal(signal.SIGTERM)
        child.wait(10)


def neighbours(pid: int) -> Any:
    asked = ["nsenter", f"--target={pid}", "--mount", "--net", "lldpcli", "-f", "json0", "show", "neighbors", "details"]
    answer = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10)
    return json.loads(answer.stdout) if answer.stdout.startswith("{") else {}


def policies(told: Any) -> set[tuple[str, str, str, str]]:
    """Application, VLAN, priority and DSCP."""
    if isinstance(told, list):
        return set().union(*map(policies, told))
    if not isinstance(told, dict):
        return set()
    if "apptype" in told:
        value = {key: told[key][0]["value"] for key in ("pcp", "dscp")}
        return {(told["apptype"], told["vlan"][0]["vid"], value["pcp"], value["dscp"])}
    return set().union(*map(policies, told.values()))


@pytest.mark.soak
@pytest.mark.timeout(90)
def test_tia_1057_a_phone_on_the_wire_hears_the_policy(wire: tuple[str, str], readable: Path) -> None:
    """Two real lldpd; the box's reads what is rendered, and once more after a change of the configuration."""
    box, phone = wire
    silent = readable / "none"
    silent.write_text("")
    for network in (Network(voice_vlan=VLAN), Network(34, 26, VoiceVlan("eth0", 7, 4, 2))):
        write(readable, machine_files(network, PORTS, "eth0"))
        vlan = network.voice_vlan
        assert vlan is not None
        expected = {
            ("Voice", str(vlan.id), str(vlan.priority), str(network.media_dscp)),
            ("Voice Signaling", str(vlan.id), str(vlan.signalling_priority), str(network.signalling_dscp)),
        }
        with lldpd(phone, 3, silent) as listening, lldpd(box, 4, readable / LLDP):
            until_s = time.monotonic() + 30
            while policies(neighbours(listening)) != expected:
                assert time.monotonic() < until_s, neighbours(listening)
                time.sleep(0.5)


SEND = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
    out.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, int(sys.argv[1]) << 2)
    for _ in range(int(sys.argv[2])):
        out.sendto(b"x", ("10.9.0.2", 9))
"""
SEEN = """
table ip seen {
    chain out {
        type filter hook postrouting priority 0
        meta priority 0:3 counter
        meta priority 0:5 counter
    }
}
"""


@pytest.mark.soak
@pytest.mark.timeout(60)
def test_ieee_802_1p_packets_have_the_priority_of_their_dscp(wire: tuple[str, str], tmp_path: Path) -> None:
    """By a real nft, on an interface of the VLAN's name; a VLAN writes this priority into the frame."""
    box, phone = wire
    write(tmp_path, machine_files(Network(voice_vlan=VLAN), PORTS, "eth0"))
    (tmp_path / "seen").write_text(SEEN)
    done("ip", "-n", box, "link", "set", "eth0", "down")
    done("ip", "-n", box, "link", "set", "eth0", "name", "voice", "up")
    done("ip", "-n", box, "address", "add", "10.9.0.1/24", "dev", "voice")
    done("ip", "-n", phone, "address", "add", "10.9.0.2/24", "dev", "eth0")
    for file in (MARKS, MARKS, "seen"):  # it replaces itself
        done(*inside(box, "nft", "-f", str(tmp_path / file)))
    for dscp, count in ((46, 5), (24, 3), (34, 2)):
        done(*inside(box, sys.executable, "-c", SEND, str(dscp), str(count)))
    ruleset = json.loads(done(*inside(box, "nft", "-j", "list", "table", "ip", "seen")))
    rules = [entry["rule"]["expr"] for entry in ruleset["nftables"] if "rule" in entry]
    assert [rule[1]["counter"]["packets"] for rule in rules] == [3, 5], rules


NETWORKD = """
set -e
mount -t tmpfs run /run
mount -o remount,ro /sys
mkdir -p /run/dbus /run/systemd
ln -s $1 /run/systemd/network
dbus-daemon --system --nofork --nopidfile &
exec /lib/systemd/systemd-networkd
"""
"""With a /run and a bus of its own; a /sys that is read-only tells it that nobody else names ports."""


@contextmanager
def networkd(namespace: str, files: Path) -> Iterator[Callable[..., str]]:
    """A real one, that reads these files; carries out a command beside it."""
    argv = inside(namespace, "unshare", "--mount", "sh", "-c", NETWORKD, "networkd", str(files))
    child = subprocess.Popen(argv, stderr=subprocess.DEVNULL, start_new_session=True)

    def beside(*command: str) -> str:
        entering = ["nsenter", f"--target={child.pid}", "--mount", "--net", *command]
        return subprocess.run(entering, capture_output=True, text=True, check=False, timeout=10).stdout

    try:
        yield beside
    finally:
        os.killpg(child.pid, signal.SIGTERM)  # and its bus
        child.wait(10)


STATE = ("cat", "/run/systemd/netif/state")


def until(said: str, look: Callable[[], str]) -> None:
    until_s = time.monotonic() + 30
    while said not in (now := look()):
        assert time.monotonic() < until_s, now
        time.sleep(0.2)


@pytest.mark.soak
@pytest.mark.timeout(90)
def test_the_box_has_the_address_way_out_and_name_server_of_its_configuration(
    wire: tuple[str, str], readable: Path
) -> None:
    """By a real networkd that is told as the image's is; the next address takes the former one's place."""
    box, _ = wire
    ports = (ROOT / "rootfs/overlay/etc/systemd/network/20-wan.network").read_text()
    readable.joinpath("systemd/network").mkdir(parents=True)
    with networkd(box, readable / "systemd/network") as beside:
        until("OPER_STATE", partial(beside, *STATE))
        for address, way in (("192.0.2.10/24", "192.0.2.1"), ("198.51.100.10/25", "198.51.100.1")):
            network = Network(address=address, gateway=way, dns=("192.0.2.53",))
            changed = write(readable, machine_files(network, ports, "eth0"))
            for order in orders(readable, changed - {MARKS}):
                beside(*order)
            until(f"inet {address} ", partial(beside, "ip", "-4", "-o", "address"))
            until(f"default via {way} dev eth0", partial(beside, "ip", "route"))
            until("DNS=192.0.2.53", partial(beside, *STATE))
        assert "192.0.2.10/24" not in beside("ip", "-4", "-o", "address")


@pytest.mark.soak
@pytest.mark.timeout(90)
def test_rfc_2132_8_3_dhcp_s_time_servers_stand_where_the_clock_s_unit_reads_them(
    wire: tuple[str, str], tmp_path: Path, readable: Path
) -> None:
    """A real networkd with the image's own file of its ports, and a strange DHCP server."""
    box, router = wire
    done("ip", "-n", router, "address", "add", "192.0.2.1/24", "dev", "eth0")
    shutil.copy(ROOT / "rootfs/overlay/etc/systemd/network/20-wan.network", readable)
    words = ["dnsmasq", "--keep-in-foreground", "--port=0", "--interface=eth0", "--bind-interfaces", "--user=root"]
    words += [f"--dhcp-leasefile={tmp_path / 'leases'}", f"--pid-file={tmp_path / 'pid'}", "--conf-file=/dev/null"]
    words += ["--dhcp-range=192.0.2.100,192.0.2.110", "--dhcp-option=option:ntp-server,192.0.2.7,192.0.2.8"]
    server = subprocess.Popen(inside(router, *words), stderr=subprocess.DEVNULL)
    try:
        with networkd(box, readable) as beside:
            until("\nNTP=192.0.2.7 192.0.2.8\n", partial(beside, *STATE))
    finally:
        server.terminate()
        server.wait(10)

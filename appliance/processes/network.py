# SPDX-License-Identifier: GPL-2.0-only
"""The image's programs follow `network`: networkd has address and voice VLAN, nft marks, lldpd and chronyd their words.

Run as root at the start and whenever the file has changed; what has not changed is left as it is. A file that is wrong
leaves all of it as it was. Below NETWORK_RUN (/run) stand the files, in NETWORK_PORTS the machine's own of its ports;
the ports themselves are those of NETWORK_LINKS (/sys/class/net).
"""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from appliance.config import Branch, ConfigurationError, exit_with, load
from appliance.config.machine import FILES, LLDP, MARKS, NETDEV, TIME, machine_files
from appliance.config.network import VLAN_NAME, Network

RUN = "/run"
PORTS = "/etc/systemd/network/20-wan.network"
LINKS = "/sys/class/net"
NO_PORT = "eth0"
"""What the first port is called where there is none yet; it is not found then, and DHCP asks at what comes."""


def first_port(links: Path) -> str:
    """The Ethernet port that stands first by its number: not VLANs, tunnels, the loopback, which have no device."""
    found = [link.name for link in links.iterdir() if re.match(r"en|eth", link.name) and (link / "device").exists()]
    return min(found, key=_in_order, default=NO_PORT)


def _in_order(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.findall(r"\d+|\D+", name)]


def write(run: Path, files: Mapping[str, str]) -> set[str]:
    """Those that are another now, written or taken away."""
    changed = set()
    for name in FILES:
        path, text = run / name, files.get(name)
        before = path.read_text(encoding="utf-8") if path.exists() else None
        if text == before:
            continue
        changed.add(name)
        if text is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}")
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    return changed


def orders(run: Path, changed: Collection[str]) -> Iterator[list[str]]:
    """What has to be told, in order. A VLAN that is another is made anew: networkd changes none that stands."""
    if MARKS in changed:
        yield ["nft", "-f", str(run / MARKS)]
    if NETDEV in changed:
        yield ["networkctl", "delete", VLAN_NAME]
    if any(name.startswith("systemd/") for name in changed):
        yield ["networkctl", "reload"]
    if LLDP in changed:
        yield ["systemctl", "--no-block", "restart", "lldpd.service"]
    if TIME in changed:
        yield ["systemctl", "--no-block", "restart", "branchline-clock.service"]


def main() -> int:
    """0 when all was told. Exit status 2: the configuration is wrong, and stderr says why."""
    try:
        box = load(Path(os.environ.get("BRANCHLINE_CONFIG", "")))
    except ConfigurationError as error:
        exit_with(str(error))
    run = Path(os.environ.get("NETWORK_RUN", RUN))
    ports = Path(os.environ.get("NETWORK_PORTS", PORTS)).read_text(encoding="utf-8")
    network = box.network if isinstance(box, Branch) else Network()
    files = machine_files(network, ports, first_port(Path(os.environ.get("NETWORK_LINKS", LINKS))))
    return max([_told(order) for order in orders(run, write(run, files))], default=0)


def _told(order: list[str]) -> int:
    """A VLAN that is not there need not be deleted."""
    with contextlib.suppress(FileNotFoundError):
        status = subprocess.run(order, check=False).returncode
        return 0 if order[1] == "delete" else status
    sys.stderr.write(f"{order[0]} is missing\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())

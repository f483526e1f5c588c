# SPDX-License-Identifier: GPL-2.0-only
"""Opens what the configuration says, and nothing else: the image's nftables has two sets, two chains, and is closed.

Run as root at the start and whenever the file has changed. A file that is wrong leaves open what was.
"""

import ipaddress
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.config import AnyBox, ConfigurationError, exit_with, listeners, load
from appliance.config.diagnostics import Diagnostics
from appliance.config.management import ANY, Ssh
from appliance.config.scalars import Endpoint, Prefix

TABLE = "inet branchline"
PACE = "12/minute burst 12 packets"
"""Connections to SSH from one address: enough for a person, a tenth of what guessing begins with."""


def rules(box: AnyBox) -> str:
    """What nft reads: both sets and the chains anew, in one transaction."""
    commands = []
    for protocol in ("tcp", "udp"):
        name = f"{TABLE} {protocol}_open"
        commands.append(f"flush set {name}")
        if ports := _open(box, protocol):
            commands.append(f"add element {name} {{ {', '.join(ports)} }}")
    commands += [f"flush chain {TABLE} ssh", *(_ssh(box.management.ssh) if box.management.ssh else ())]
    commands += [f"flush chain {TABLE} metrics", *_metrics(box.diagnostics)]
    return "\n".join(commands) + "\n"


def _metrics(told: Diagnostics) -> list[str]:
    if told.metrics is None or not told.metrics_sources:
        return []
    return [f"{_new('metrics', told.metrics, told.metrics_sources)} accept"]


def _new(chain: str, listen: Endpoint, sources: Sequence[Prefix]) -> str:
    """Of a rule: who comes from there to that port."""
    prefixes = ipaddress.collapse_addresses(prefix.network for prefix in sources)
    to = "" if listen.address == ANY else f"ip daddr {listen.address} "
    return f"add rule {TABLE} {chain} ip saddr {{ {', '.join(map(str, prefixes))} }} {to}tcp dport {listen.port}"


def _ssh(ssh: Ssh) -> list[str]:
    """Who comes too often is not answered until a minute has made up for it; who is in stays in."""
    new = _new("ssh", ssh.listen, ssh.sources)
    return [f"{new} update @ssh_pace {{ ip saddr limit rate over {PACE} }} drop", f"{new} accept"]


def _open(box: AnyBox, protocol: str) -> list[str]:
    found = dict.fromkeys(
        (one.endpoint.port, one.count)
        for one in listeners(box)
        if one.protocol == protocol and not one.guarded and not ipaddress.ip_address(one.endpoint.address).is_loopback
    )
    return [str(first) if count == 1 else f"{first}-{first + count - 1}" for first, count in found]


def main() -> int:
    """0 when nft has taken it. Exit status 2: the configuration is wrong, and stderr says why."""
    try:
        box = load(Path(os.environ.get("BRANCHLINE_CONFIG", "")))
    except ConfigurationError as error:
        exit_with(str(error))
    return subprocess.run(["nft", "-f", "-"], input=rules(box), text=True, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())

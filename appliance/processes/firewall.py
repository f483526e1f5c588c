# SPDX-License-Identifier: GPL-2.0-only
"""Opens what the configuration says, and nothing else: the image's nftables has two sets, and is closed without them.

Run as root at the start and whenever the file has changed. A file that is wrong leaves open what was.
"""

import ipaddress
import os
import subprocess
import sys
from pathlib import Path

from appliance.config import AnyBox, ConfigurationError, exit_with, listeners, load

TABLE = "inet branchline"


def rules(box: AnyBox) -> str:
    """What nft reads: both sets anew, in one transaction."""
    commands = []
    for protocol in ("tcp", "udp"):
        name = f"{TABLE} {protocol}_open"
        commands.append(f"flush set {name}")
        if ports := _open(box, protocol):
            commands.append(f"add element {name} {{ {', '.join(ports)} }}")
    return "\n".join(commands) + "\n"


def _open(box: AnyBox, protocol: str) -> list[str]:
    found = dict.fromkeys(
        (one.endpoint.port, one.count)
        for one in listeners(box)
        if one.protocol == protocol and not ipaddress.ip_address(one.endpoint.address).is_loopback
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
